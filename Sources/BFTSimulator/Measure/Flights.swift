import BFTBase

/// Messages on their way, one entry for all receivers of a message: a broadcast among a thousand
/// validators is one event at a time in the queue, and not a thousand.
struct Flights<Cargo> {
    struct Landing {
        let cargo: Cargo
        let sender: Int
        let target: Int
        /// When the next receiver gets it, if there is one.
        let next: Instant?
    }

    private struct Flight {
        let cargo: Cargo
        let sender: Int
        let departure: Instant
        /// Delay and receiver of each, in this order, as one number: quickly sorted.
        let arrivals: [UInt64]
        var landed = 0

        var next: Instant? {
            guard landed < arrivals.count else { return nil }
            return departure.advanced(
                by: Interval(nanoseconds: arrivals[landed] >> Self.targetBits))
        }

        static var targetBits: UInt64 { 16 }
    }

    private var flights: [Flight?] = []
    private var free: [Int] = []

    /// Sends `cargo` to all `receivers`.
    ///
    /// - Returns: the slot of the flight, and when the first receiver gets it.
    mutating func launch(
        _ cargo: Cargo, from sender: Int, at departure: Instant,
        to receivers: [(target: Int, delay: Interval)]
    ) -> (slot: Int, first: Instant)? {
        let arrivals = receivers.map { receiver in
            precondition(receiver.target < 1 << Flight.targetBits, "more validators than fit")
            return receiver.delay.nanoseconds << Flight.targetBits | UInt64(receiver.target)
        }
        let flight = Flight(
            cargo: cargo, sender: sender, departure: departure, arrivals: arrivals.sorted())
        guard let first = flight.next else { return nil }
        guard let slot = free.popLast() else {
            flights.append(flight)
            return (flights.count - 1, first)
        }
        flights[slot] = flight
        return (slot, first)
    }

    /// Takes the next arrival of the flight in `slot`, and the slot back with the last one.
    mutating func land(_ slot: Int) -> Landing? {
        guard let flight = flights[slot], flight.landed < flight.arrivals.count else { return nil }
        let target = Int(flight.arrivals[flight.landed] & (1 << Flight.targetBits - 1))
        flights[slot]?.landed += 1
        let next = flights[slot]?.next
        if next == nil {
            flights[slot] = nil
            free.append(slot)
        }
        return Landing(cargo: flight.cargo, sender: flight.sender, target: target, next: next)
    }
}
