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
        guard let block = rounds.block(named: name.digest), let ancestors = path(to: block),
            let checked = try? Self.commitRules(configuration).check(target),
            let run = CommittedRun(blocks: ancestors + [block], certificate: checked)
        else {
            guard fetchedHeight < name.height else { return }
            fetchedHeight = name.height
            effects.append(.fetch(target))
            return
        }
        effects.append(.commit(run))
        becomeCommitted(run)
    }

    private mutating func becomeCommitted(_ run: CommittedRun) {
        precondition(run.first.parent == committed.digest, "S9: not a child of the committed block")
        committed = run.last
        commitCertificate = run.isCertifiedItself ? run.certificate : nil
        commitTarget = nil
        commitVoteHeight = max(commitVoteHeight, committed.height)
        rounds.removeAll(through: committed.view)
    }

    /// Takes over what the ledger caught up on.
    mutating func adopt(
        _ run: CommittedRun, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        guard run.last.height > committed.height,
            let rest = run.suffix(after: committed.digest)
        else { return }
        let target = commitTarget
        becomeCommitted(rest)
        commitTarget = target
        learn(run.certificate.certificate)
        advance(at: now, into: &effects)
    }
}
