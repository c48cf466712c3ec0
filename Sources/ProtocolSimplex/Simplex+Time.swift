import BFTBase
import BFTCore

// Time: when a view is given up, when to say something again, when to ask.
extension SimplexReplica {
    // MARK: Time

    /// When the view is given up: soon, if its leader has lost its link before it proposed.
    var viewDeadline: Instant {
        guard let leaderLostAt, !rounds.hasProposal(in: view) else { return leaderDeadline }
        return min(leaderDeadline, leaderLostAt.advanced(by: pacemaker.lostLinkDelay))
    }

    /// How long the leader has: nothing, if it is not waited for. Its time starts when there is
    /// something to do; in an idle network it has until the next empty block is due.
    var leaderDeadline: Instant {
        guard let timeout = patience else { return work.idleSince }
        if let since = work.since {
            // A leader that has nothing to order helps the last block along in its own time.
            let least = work.isPending ? .zero : pacemaker.leastTimeToHelp
            return since.advanced(by: max(timeout, least))
        }
        return work.idleSince.advanced(by: pacemaker.idleInterval).advanced(by: timeout)
    }

    /// The next instant at which something is due.
    var nextDeadline: Instant {
        var deadline = work.resendAt ?? viewDeadline
        if let due = leadership.deadline { deadline = min(deadline, due) }
        if let finalizeDeadline { deadline = min(deadline, finalizeDeadline) }
        if let askAheadAt { deadline = min(deadline, askAheadAt) }
        if let handOverAt { deadline = min(deadline, handOverAt) }
        return deadline
    }

    mutating func actOnTime(at now: Instant, into effects: inout [Effect<Self>]) {
        if leadership.isEmptyBlockDue(at: now) { requestDraft(at: now, into: &effects) }
        askAhead(at: now, into: &effects)
        handOver(at: now, into: &effects)
        if !hasGivenUp, let reason = reasonToGiveUp(at: now) {
            surrender = surrender ?? reason
            nullify(view, into: &effects)
            work.resendAt = now.advanced(by: pacemaker.resendInterval)
            if reason == .late, isBehind || isCommitUnknown { inquire(into: &effects) }
        }
        guard work.isResendDue(at: now, every: pacemaker.resendInterval) else { return }
        repeatVotes(to: nil, into: &effects)
        inquire(into: &effects)
    }
}
