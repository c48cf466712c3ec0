import BFTBase
import BFTCore

// Time: when a view is given up, when to say something again, when to ask.
extension PBFTReplica {
    /// Whether something is under way that is not committed.
    private var isWorkUncommitted: Bool {
        own.isTailDue || decision != nil || prepared != nil
            || instances.range(of: own.view).contains { instances.all[$0].proposal != nil }
    }

    /// Starts the time of the leader, of the present view or of the next one.
    mutating func noteWorkSince(_ now: Instant) {
        let isDue =
            isJoined ? work.isPending || isWorkUncommitted : isViewAsked || ownReport == nil
        work.note(isWork: isDue, at: now)
    }

    /// When the view is given up, unless something happens. A leader's time starts when there is
    /// something to do; in an idle network it has until the next empty block is due. Who waits
    /// for a view gives it up only after a quorum asked for it.
    private var viewDeadline: Instant? {
        let start =
            work.since
            ?? (isJoined ? work.idleSince.advanced(by: pacemaker.idleInterval) : nil)
        return start.map { pacemaker.deadline(for: leader(of: view), from: $0) }
    }

    /// The next instant at which something is due.
    var nextDeadline: Instant {
        let deadlines = [viewDeadline, termEndsAt, work.resendAt, leadership.deadline]
        return deadlines.compactMap(\.self).min() ?? Instant(nanoseconds: .max)
    }

    mutating func actOnTime(at now: Instant, into effects: inout [Effect<Self>]) {
        if leadership.isEmptyBlockDue(at: now) {
            leadership = .due
            requestDraft(at: now, into: &effects)
        }
        if let viewDeadline, now >= viewDeadline {
            ask(for: view.next, at: now, into: &effects)
            inquire(at: now, into: &effects)
            noteWorkSince(now)
        }
        endTerm(at: now, into: &effects)
        guard work.since != nil || !isJoined || isBelowFloor else {
            work.resendAt = nil
            return
        }
        let pause = Interval(nanoseconds: pacemaker.resendInterval.nanoseconds / 2)
        guard work.resendAt != nil else {
            work.resendAt = now.advanced(by: pause)
            return
        }
        if isBehind { ask(at: now, into: &effects) }
        guard work.isResendDue(at: now, every: pause) else { return }
        repeatMessages(to: nil, into: &effects)
        inquire(at: now, into: &effects)
    }
}
