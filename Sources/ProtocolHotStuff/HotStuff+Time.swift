import BFTBase
import BFTCore

// Time: when a view is given up, when to say something again, what is learned about leaders.
extension HotStuffReplica {
    /// How many times the time for a view is doubled.
    private var doublings: Int {
        rules.doublings(after: pacemaker.failures, limit: pacemaker.failureLimit)
    }

    /// When the time for the view starts: when there is something to do. In an idle network, when
    /// the next empty block is due, unless its leader was waited for already.
    private var timeStartsAt: Instant {
        if let since = work.since { return since }
        let leader = leader(of: view)
        if pacemaker.isGivenUp(leader, in: schedule.tenure(of: view))
            || pacemaker.isUnlinked(leader) && !isStill
        {
            return work.idleSince
        }
        return work.idleSince.advanced(by: pacemaker.idleInterval)
    }

    /// When the view is given up.
    private var viewDeadline: Instant {
        timeStartsAt.advanced(
            by: pacemaker.timeout(
                for: leader(of: view), in: schedule.tenure(of: view), doublings: doublings,
                isStill: isStill))
    }

    /// Whether all leaders have had a tenure since the committed block's: then nobody is passed
    /// without any time, so that opinions on who is there can't keep the chain from going on.
    private var isStill: Bool {
        let last = schedule.tenure(of: committed.view).addingSaturating(schedule.cycleLength)
        return schedule.tenure(of: view) > last
    }

    /// Draws conclusions about leaders and time from the view that is over.
    mutating func rate(_ round: HotStuffRound, at now: Instant) {
        let (leader, tenure) = (leader(of: round.view), schedule.tenure(of: round.view))
        let isCertified = round.certificate != nil
        if isCertified, commitments.timedOutView < round.view {
            pacemaker.succeeded(
                leader, in: tenure, within: now.since(timeStartsAt), doublings: doublings)
        } else if !hasNextLeaderFailed(for: round) {
            let (rules, validators) = (rules, configuration.validators)
            pacemaker.failed(leader, in: tenure) {
                rules.isTooShort(failedBy: $0, of: validators)
            }
        }
        if isCertified {
            pacemaker.certified(tenure)
        } else {
            pacemaker.gaveUp(tenure, of: leader)
        }
    }

    /// Whether the leader did what it had to do: the votes of the last view of a tenure go to the
    /// next leader, which is judged by what comes of its own views.
    private func hasNextLeaderFailed(for round: HotStuffRound) -> Bool {
        guard let previous = round.view.previous, round.proposal != nil else { return false }
        let tenure = schedule.tenure(of: round.view)
        return schedule.tenure(of: previous) == tenure
            && leader(of: round.view.next) != leader(of: round.view)
    }

    /// The next instant at which something is due.
    var nextDeadline: Instant {
        let deadline = work.resendAt ?? viewDeadline
        return leadership.deadline.map { min(deadline, $0) } ?? deadline
    }

    mutating func actOnTime(at now: Instant, into effects: inout [Effect<Self>]) {
        if leadership.isEmptyBlockDue(at: now) { requestDraft(at: now, into: &effects) }
        if work.resendAt == nil, now >= viewDeadline {
            timeOut(view, into: &effects)
            work.resendAt = now.advanced(by: pacemaker.resendInterval)
        }
        guard work.isResendDue(at: now, every: pacemaker.resendInterval) else { return }
        repeatSelf(to: nil, into: &effects)
        inquire(into: &effects)
    }
}
