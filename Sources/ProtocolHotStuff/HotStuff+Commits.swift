import BFTBase
import BFTCore

// Commits: what is final, with all that it stands on.
extension HotStuffReplica {
    /// Commits what the best certificate commits, if the blocks up to there are here.
    mutating func commitTargeted(into effects: inout [Effect<Self>]) {
        guard let target = commitTarget, let name = target.statement.committed else { return }
        guard name.height > committed.height else {
            commitTarget = nil
            return
        }
        guard
            let run = head.run(
                to: rounds.block(named: name.digest), by: target, in: rounds,
                under: Self.commitRules(configuration))
        else {
            if inquiryPace.mayFetch(upTo: name.height) { effects.append(.fetch(target)) }
            return
        }
        effects.append(.commit(run))
        becomeCommitted(run)
    }

    private mutating func becomeCommitted(_ run: CommittedRun) {
        head.advance(to: run)
        commitTarget = nil
        rounds.removeAll(through: committed.view)
    }

    /// Takes over what the ledger caught up on.
    mutating func adopt(
        _ run: CommittedRun, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        guard let rest = head.rest(of: run) else { return }
        let target = commitTarget
        becomeCommitted(rest)
        commitTarget = target
        learn(run.certificate.certificate)
        advance(at: now, into: &effects)
    }
}
