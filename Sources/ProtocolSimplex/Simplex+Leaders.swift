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
        if now >= viewDeadline {
            return patience == nil || now < leaderDeadline ? .passed : .late
        }
        // Without their votes the block may have no quorum, and with them the view has an end.
        let said = statement(.nullify, in: view)
        guard let position = rounds.index(of: view),
            configuration.validators.isWeakQuorum(
                rounds.rounds[position].nullifies.power(for: said))
        else { return nil }
        return .joined
    }

    /// The link to `peer` broke, in this view. If it leads, it is waited for a little: what it sent
    /// before may still be checked, and the link come back.
    mutating func lose(_ peer: ValidatorIndex, at now: Instant) {
        pacemaker.lost(peer, in: view)
        if peer == leader(of: view), pacemaker.isPassed(view, committed: committed.view) {
            leaderLostAt = now
        }
    }

    /// Learns from the end of the present view what its leader and its time are worth. Whether the
    /// leader failed is told by the committed chain alone.
    mutating func judgeLeader(byEndOf round: SimplexRound, at now: Instant) {
        let leader = leader(of: round.view)
        if round.notarizedDigest == nil {
            if surrender == .late { pacemaker.lost(leader, in: round.view) }
            // Too short for somebody, and so for this network, unless nobody waited.
            if surrender != .passed { pacemaker.watch.backOff(for: leader) }
        } else if surrender == nil || surrender == .late {
            // A leader without anything to order takes its time.
            if work.isPending, let since = work.since {
                pacemaker.watch.measured(leader, now.since(since))
            }
            // The leader delivered, and the time was too short. Without this, blocks could go on
            // being notarized and never be finalized.
            if surrender == .late { pacemaker.watch.backOff(for: leader) }
        }
        pacemaker.watch.pardon(leader)
    }
}
