import BFTBase
import BFTCore

/// When to send own batches again that wait to be ordered.
///
/// A batch is broadcast once, when it is durable. A peer that is far behind then has no room for it
/// and drops it. Where one leader stays for long, nobody else orders it: so it is sent again when
/// no own batch was ordered for a while, each time after twice as long.
struct BatchReminder: Equatable, Sendable {
    /// At most so many times the first pause.
    private static let longest: UInt64 = 16

    private let interval: Interval
    /// The first own batch that waits.
    private var sequence: BatchSequence?
    private var factor: UInt64 = 1
    private(set) var nextDeadline: Instant?

    init(interval: Interval) { self.interval = interval }

    /// Whether to send again what waits, `first` before all.
    mutating func isDue(first: BatchSequence?, at now: Instant) -> Bool {
        guard let first else {
            (sequence, nextDeadline) = (nil, nil)
            return false
        }
        guard first == sequence, let due = nextDeadline else {
            (sequence, factor) = (first, 1)
            nextDeadline = now.advanced(by: interval)
            return false
        }
        guard now >= due else { return false }
        factor = min(2 * factor, Self.longest)
        nextDeadline = now.advanced(by: interval.scaled(by: factor))
        return true
    }
}
