import BFTBase
public import BFTCore
import BFTLedger

/// Proposes late, after half of the time that a leader has at first: nobody gives it up.
public struct SlowLeader<P: Attackable>: Adversary {
    private struct Held: Sendable {
        let due: Instant
        let dispatch: Dispatch<P>
    }

    private var held: [Held] = []

    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let dispatch = Dispatch<P>(unsigned, to: vantage.recipients(of: unsigned))
        guard P.role(of: unsigned) == .proposal else { return [dispatch] }
        let pause = vantage.configuration.timing.viewTimeout.nanoseconds / 2
        let due = vantage.now.advanced(by: Interval(nanoseconds: pause))
        held.append(Held(due: due, dispatch: dispatch))
        return []
    }

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        let now = vantage.now
        let due = held.prefix { $0.due <= now }
        held.removeFirst(due.count)
        return due.map(\.dispatch)
    }
}
