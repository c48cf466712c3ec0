import BFTBase
import BFTCore

// Time: when a view is given up, when to say something again, when to ask.
extension PBFTReplica {
    mutating func noteWork(_ pending: Bool) {
        isWorkPending = pending
        if pending, case .waiting = leadership { leadership = .due }
    }

    /// Whether something is under way that is not committed.
    private var isWorkUncommitted: Bool {
        own.isTailDue || decision != nil || prepared != nil
            || instances.range(of: own.view).contains { instances.all[$0].proposal != nil }
    }

    /// Starts the time of the leader, of the present view or of the next one.
    mutating func noteWorkSince(_ now: Instant) {
        let isDue =
            isJoined ? isWorkPending || isWorkUncommitted : isViewAsked || ownReport == nil
        guard isDue else {
            workSince = nil
            return
        }
        workSince = workSince ?? now
    }

    /// When the view is given up, unless something happens. A leader's time starts when there is
    /// something to do; in an idle network it has until the next empty block is due. Who waits
    /// for a view gives it up only after a quorum asked for it.
    private var viewDeadline: Instant? {
        if let workSince { return workSince.advanced(by: pacemaker.timeout) }
        guard isJoined else { return nil }
        return progressAt.advanced(by: pacemaker.idleInterval).advanced(by: pacemaker.timeout)
    }

    /// The next instant at which something is due.
    var nextDeadline: Instant {
        var deadlines = [viewDeadline, termEndsAt, resendAt].compactMap(\.self)
        switch leadership {
        case .waiting(let until), .gathering(let until): deadlines.append(until)
        case .none, .due, .drafting: break
        }
        return deadlines.min() ?? Instant(nanoseconds: .max)
    }

    mutating func actOnTime(at now: Instant, into effects: inout [Effect<Self>]) {
        if case .waiting(let until) = leadership, now >= until {
            leadership = .due
            requestDraft(at: now, into: &effects)
        }
        if let viewDeadline, now >= viewDeadline {
            ask(for: view.next, at: now, into: &effects)
            inquire(at: now, into: &effects)
            noteWorkSince(now)
        }
        endTerm(at: now, into: &effects)
        guard workSince != nil || !isJoined || isBelowFloor else {
            resendAt = nil
            return
        }
        let pause = Interval(nanoseconds: pacemaker.resendInterval.nanoseconds / 2)
        guard let due = resendAt else {
            resendAt = now.advanced(by: pause)
            return
        }
        if isBehind { ask(at: now, into: &effects) }
        guard now >= due else { return }
        resendAt = now.advanced(by: pause)
        repeatMessages(to: nil, into: &effects)
        inquire(at: now, into: &effects)
    }
}
