public import BFTBase

/// Since when a view has something to do, and when a replica that is stuck in it speaks again.
public struct WorkClock: Equatable, Sendable {
    /// Whether there is work above the last committed block, as far as the ledger knows.
    public private(set) var isPending = false
    /// Since when, in this view, there has been something to do.
    public private(set) var since: Instant?
    /// Since when it is counted that nothing happens: when the view was entered or, in a protocol
    /// with many blocks in a view, last got on.
    public var idleSince = Instant(nanoseconds: 0)
    /// When this replica, stuck, tells the others again what it has and what it lacks.
    public var resendAt: Instant?

    public init() {}

    /// The view begins.
    public mutating func restart(at now: Instant) {
        idleSince = now
        stop()
    }

    /// What there was to do is done.
    public mutating func stop() { (since, resendAt) = (nil, nil) }

    /// What the ledger says of work. A leader that waits for it goes on.
    public mutating func note(pending: Bool, to leadership: inout Leadership) {
        isPending = pending
        if pending { leadership.noteWork() }
    }

    /// Starts the clock if there is something to do, unless it runs, and stops it otherwise.
    public mutating func note(isWork: Bool, at now: Instant) {
        since = isWork ? since ?? now : nil
    }

    /// Whether to speak again. If so, then after `pause` once more.
    public mutating func isResendDue(at now: Instant, every pause: Interval) -> Bool {
        guard let due = resendAt, now >= due else { return false }
        resendAt = now.advanced(by: pause)
        return true
    }
}
