import BFTBase
import BFTCore

// Time: when a view is given up, when to say something again, when to ask.
extension SimplexReplica {
    // MARK: Time

    /// When the view is given up. The leader's time starts when there is something to do; in an
    /// idle network it has until the next empty block is due.
    private var viewDeadline: Instant {
        let timeout = pacemaker.timeout(for: leader(of: view))
        if let workSince { return workSince.advanced(by: timeout) }
        return enteredAt.advanced(by: pacemaker.idleInterval).advanced(by: timeout)
    }

    mutating func noteWork(_ pending: Bool) {
        isWorkPending = pending
        if pending, case .waiting = leadership { leadership = .due }
    }

    mutating func noteWorkSince(_ now: Instant) {
        guard isWorkPending || isWorkUncommitted else {
            workSince = nil
            return
        }
        workSince = workSince ?? now
    }

    /// The next instant at which something is due.
    var nextDeadline: Instant {
        var deadline = resendAt ?? viewDeadline
        if case .waiting(let until) = leadership { deadline = min(deadline, until) }
        if let finalizeDeadline { deadline = min(deadline, finalizeDeadline) }
        if let askAheadAt { deadline = min(deadline, askAheadAt) }
        return deadline
    }

    mutating func actOnTime(at now: Instant, into effects: inout [Effect<Self>]) {
        if case .waiting(let until) = leadership, now >= until {
            requestDraft(at: now, into: &effects)
        }
        askAhead(at: now, into: &effects)
        if resendAt == nil, now >= viewDeadline {
            nullify(view, into: &effects)
            resendAt = now.advanced(by: pacemaker.resendInterval)
            if isBehind || isCommitUnknown { inquire(into: &effects) }
        }
        guard let due = resendAt, now >= due else { return }
        resendAt = now.advanced(by: pacemaker.resendInterval)
        repeatVotes(to: nil, into: &effects)
        inquire(into: &effects)
    }
}
