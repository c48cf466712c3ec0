/// One operation on one register, as its client saw it. A register without a value reads 0, and
/// nobody writes 0. Times are positions in an order of events.
public struct RegisterOperation: Equatable, Sendable {
    public enum Action: Equatable, Sendable {
        case read
        case write(UInt64)
        /// Adds, wrapping around, and answers with the sum.
        case add(UInt64)
        /// Writes unless there is a value, and answers with 1 if it did, else with 0.
        case writeIfAbsent(UInt64)
        /// Writes, and answers with what was there before.
        case exchange(UInt64)
        /// Takes the value away, and answers with 1 if there was one, else with 0.
        case remove
    }

    public let action: Action
    public let invokedAt: Int
    /// `nil` as long as the outcome is unknown: it may take effect at any time from then on, or
    /// never.
    public var completedAt: Int?
    /// What the client was told. A write is told nothing.
    public var result: UInt64?

    public init(_ action: Action, from invokedAt: Int, to completedAt: Int?, result: UInt64? = nil)
    {
        self.action = action
        self.invokedAt = invokedAt
        self.completedAt = completedAt
        self.result = result
    }

    /// The register after this operation, or `nil` if its client was told something else.
    func applied(to value: UInt64) -> UInt64? {
        switch action {
        case .read: result == nil || result == value ? value : nil
        case .write(let new): new
        case .add(let amount): result == nil || result == value &+ amount ? value &+ amount : nil
        case .writeIfAbsent(let new):
            result == nil || result == (value == 0 ? 1 : 0) ? (value == 0 ? new : value) : nil
        case .exchange(let new): result == nil || result == value ? new : nil
        case .remove: result == nil || result == (value == 0 ? 0 : 1) ? 0 : nil
        }
    }
}

/// Whether a history of one register is linearizable: whether each operation can be thought to
/// happen at one moment between its invocation and its completion.
///
/// A history of several registers is linearizable if that of each is: so one is looked at alone.
///
/// Sources: Herlihy and Wing, "Linearizability" (TOPLAS 1990); Wing and Gong, "Testing and
/// verifying concurrent objects" (JPDC 1993); Lowe, "Testing for linearizability" (2017), whose
/// just-in-time order this follows: an operation is placed only when one that came after it, or
/// itself, completes.
public struct LinearizabilityCheck: Sendable {
    public enum Outcome: Equatable, Sendable {
        case linearizable
        /// The operation, by position, that no order explains.
        case notLinearizable(Int)
        /// Too many operations were open at a time to try all orders.
        case undecided
    }

    /// A value that the register may have by now, and which of the open operations led to it.
    private struct Possibility: Hashable, Sendable {
        let value: UInt64
        /// One bit for each slot.
        let done: UInt64
    }

    private let operations: [RegisterOperation]
    private let possibilityLimit: Int
    /// The operations that are invoked and not completed, by slot.
    private var slots: [Int?] = Array(repeating: nil, count: 64)
    private var possibilities = [Possibility(value: 0, done: 0)]

    private init(_ operations: [RegisterOperation], limit: Int) {
        self.operations = operations
        possibilityLimit = limit
    }

    /// - Parameter limit: how many possibilities are followed at a time.
    public static func outcome(
        of operations: [RegisterOperation], limit: Int = 20_000
    ) -> Outcome {
        var check = LinearizabilityCheck(operations, limit: limit)
        return check.run()
    }

    private mutating func run() -> Outcome {
        for (isCompletion, position) in events {
            guard isCompletion else {
                guard let slot = slots.firstIndex(of: nil) else { return .undecided }
                slots[slot] = position
                continue
            }
            guard let slot = slots.firstIndex(of: position) else { continue }
            guard complete(slot) else { return .undecided }
            if possibilities.isEmpty { return .notLinearizable(position) }
        }
        return .linearizable
    }

    /// Invocations and completions in order. At one moment invocations come first: operations
    /// that touch overlap. A read whose outcome is unknown says nothing and is left out.
    private var events: [(isCompletion: Bool, position: Int)] {
        var events: [(time: Int, isCompletion: Bool, position: Int)] = []
        for (position, operation) in operations.enumerated() {
            if operation.action == .read, operation.completedAt == nil { continue }
            events.append((operation.invokedAt, false, position))
            if let time = operation.completedAt { events.append((time, true, position)) }
        }
        events.sort { left, right in
            (left.time, left.isCompletion ? 1 : 0, left.position)
                < (right.time, right.isCompletion ? 1 : 0, right.position)
        }
        return events.map { ($0.isCompletion, $0.position) }
    }

    /// Keeps the possibilities in which the operation in `slot` has happened by now, others that
    /// are open before it or not, and frees the slot. `false` if there are too many.
    private mutating func complete(_ slot: Int) -> Bool {
        let bit = UInt64(1) << UInt64(slot)
        var known = Set(possibilities)
        var reached = possibilities
        var next = 0
        while next < reached.count {
            let possibility = reached[next]
            next += 1
            // What follows can wait for the next completion.
            guard possibility.done & bit == 0 else { continue }
            for (other, position) in slots.enumerated() {
                guard let position, possibility.done & 1 << UInt64(other) == 0,
                    let value = operations[position].applied(to: possibility.value)
                else { continue }
                let successor = Possibility(
                    value: value, done: possibility.done | 1 << UInt64(other))
                if known.insert(successor).inserted { reached.append(successor) }
            }
            if reached.count > possibilityLimit { return false }
        }
        var kept: Set<Possibility> = []
        possibilities = reached.filter { $0.done & bit != 0 }
            .map { Possibility(value: $0.value, done: $0.done & ~bit) }
            .filter { kept.insert($0).inserted }
        slots[slot] = nil
        return true
    }
}
