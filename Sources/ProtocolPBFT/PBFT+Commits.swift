import BFTBase
import BFTCore

// Commits: voting for them, and what is final, with all that it stands on.
extension PBFTReplica {
    /// Votes to commit everything prepared that this replica may still vote for.
    mutating func commitPrepared(into effects: inout [Effect<Self>]) {
        for position in instances.range(of: own.view)
        where instances.all[position].ownCommit == nil {
            let instance = instances.all[position]
            guard let digest = instance.prepared?.statement.block ?? instance.ownPrepare else {
                continue
            }
            let name = PBFTCertificateName(view: own.view, height: instance.height, block: digest)
            guard !isForgotten(own.view, instance.height),
                rules.mayCommit(name, isPrepared: instance.prepared != nil, own: own, in: view)
            else { continue }
            commit(name, into: &effects)
        }
    }

    /// Commits the latest decided block, with its ancestors, if all of them are here.
    mutating func commitDecided(at now: Instant, into effects: inout [Effect<Self>]) {
        guard let decision else { return }
        guard
            let run = head.run(
                to: blocks.block(named: decision.statement.block), by: decision, in: blocks,
                under: Self.commitRules(configuration))
        else { return fetch(decision, height: decision.statement.height, into: &effects) }
        effects.append(.commit(run))
        becomeCommitted(run, at: now)
        keepHighest(into: &effects)
    }

    /// Lets the ledger catch up to the stable checkpoint, if this replica has not committed so
    /// far: each of those who signed it has executed the blocks.
    mutating func fetchStable(into effects: inout [Effect<Self>]) {
        let height = checkpoints.stable.height
        guard height > committed.height, let certificate = checkpoints.certificate else { return }
        fetch(certificate, height: height, into: &effects)
    }

    /// Lets the ledger catch up to what `certificate` commits.
    private mutating func fetch(
        _ certificate: Certificate, height: Height, into effects: inout [Effect<Self>]
    ) {
        if inquiryPace.mayFetch(upTo: height) { effects.append(.fetch(certificate)) }
    }

    private mutating func becomeCommitted(_ run: CommittedRun, at now: Instant) {
        for block in run.blocks { term.note(block, at: now) }
        head.advance(to: run)
        if let height = decision?.statement.height, height <= committed.height { decision = nil }
        if let height = prepared?.statement.height, height <= committed.height { prepared = nil }
        instances.removeAll(through: committed.height)
        blocks.removeAll(notAbove: committed)
        if own.tail.height <= committed.height {
            own.tail = committed.name
            own.isTailDue = false
        }
        pacemaker.committed()
        guard isJoined else { return }
        work.idleSince = now
        // Empty blocks don't excuse a leader while there is work.
        if !work.isPending || run.blocks.contains(where: { !$0.payload.isEmpty }) { work.stop() }
    }

    /// Takes over what the ledger caught up on.
    mutating func adopt(
        _ run: CommittedRun, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        guard let rest = head.rest(of: run) else { return }
        becomeCommitted(rest, at: now)
        // A checkpoint says nothing of views.
        guard let target = PBFTInstanceCertificate(rest.certificate.certificate) else { return }
        if target.name.height > decision?.statement.height ?? committed.height {
            decision = target.certificate
        }
        remember(target)
        keepHighest(into: &effects)
        follow(target.name, at: now, into: &effects)
    }
}
