import BFTBase
import BFTCore

/// Why a replica gave a view up.
enum SimplexSurrender: Equatable, Sendable {
    /// Its leader was not waited for.
    case passed
    /// So many others did that somebody honest is among them.
    case joined
    /// The leader's proposal can't be valid.
    case refused
    /// Its time ran out here.
    case late
}

// What this replica makes of leaders: whom it passes, and what it learns from how a view ends.
extension SimplexReplica {
    /// Whether this replica, having given the present view up, repeats what it said.
    var hasGivenUp: Bool { work.resendAt != nil }

    /// Why to give the present view up at `now`, if that is due.
    func reasonToGiveUp(at now: Instant) -> SimplexSurrender? {
        if now >= viewDeadline { return .late }
        if !rounds.hasProposal(in: view), pacemaker.isPassed(view, committed: committed.view) {
            return .passed
        }
        // Without their votes the block may have no quorum, and with them the view has an end.
        let said = statement(.nullify, in: view)
        guard let position = rounds.index(of: view),
            configuration.validators.isWeakQuorum(
                rounds.rounds[position].nullifies.power(for: said))
        else { return nil }
        return .joined
    }

    /// Learns from the end of the present view.
    mutating func judgeLeader(byEndOf round: SimplexRound, at now: Instant) {
        let leader = leader(of: round.view)
        let spent = now.since(work.since ?? work.idleSince)
        switch (surrender, round.notarizedDigest) {
        case (.late, nil), (.refused, nil): pacemaker.watch.failed(leader, wasting: spent)
        // The leader delivered, and the time was too short. Without this, blocks could go on being
        // notarized and never be finalized.
        case (.late, _): pacemaker.watch.backOff()
        case (nil, _?): if work.since != nil { pacemaker.watch.delivered(leader, after: spent) }
        case (nil, nil), (.passed, _), (.joined, _), (.refused, _): break
        }
    }
}
