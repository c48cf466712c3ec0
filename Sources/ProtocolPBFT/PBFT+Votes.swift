import BFTBase
import BFTCore

// Votes and certificates: what is counted, what follows from a quorum.
extension PBFTReplica {
    /// The latest height for which votes are kept.
    private var heightLimit: UInt64 {
        max(checkpoints.stable.height, committed.height).rawValue
            .addingSaturating(2 * PBFTBounds.window)
    }

    /// Whether votes of this place are kept: not of what is decided, and not of far away.
    func isKept(_ view: View, _ height: Height) -> Bool {
        height > committed.height && view.next >= self.view && !isBeyondWindow(view, height)
    }

    private func isBeyondWindow(_ view: View, _ height: Height) -> Bool {
        view.rawValue > self.view.rawValue.addingSaturating(PBFTBounds.views)
            || height.rawValue > heightLimit
    }

    // MARK: Filtering

    /// Whether `message` could change anything, asked before its signatures are checked.
    public func isUseful(_ message: PBFTMessage) -> Bool {
        switch message {
        case .prePrepare(let proposal):
            let block = proposal.block
            guard isKept(block.view, block.height) else {
                return isUsefulAsSign(block.view, block.height)
            }
            guard let instance = instances[block.view, block.height],
                let known = instance.proposal?.block
            else { return true }
            return known.digest != block.digest && !instance.accused[block.proposer.rawValue]
        case .vote(let vote): return isUseful(vote)
        case .certificate(let certificate): return isUseful(certificate)
        case .viewChange(let viewChange, _):
            let voter = viewChange.voter.rawValue
            guard voter < viewChanges.count else { return true }  // To be rejected.
            let isLater = viewChanges[voter].map { $0.view < viewChange.content.view } ?? true
            return isLater && (viewChange.content.view > own.view)
        case .newView(let newView):
            return newView.view > own.view && newView.view >= view
        case .block(let block): return wantedBlocks.contains(block.digest)
        case .inquiry: return true
        }
    }

    /// One message from far ahead is enough to know that this replica is behind.
    private func isUsefulAsSign(_ view: View, _ height: Height) -> Bool {
        height > committed.height && isBeyondWindow(view, height) && !isBehind
    }

    private func isUseful(_ vote: Vote) -> Bool {
        let statement = vote.statement
        if statement.kind == .checkpoint { return checkpoints.isUseful(vote) }
        guard let phase = Phase(statement.kind) else { return false }
        guard isKept(statement.view, statement.height) else {
            return isUsefulAsSign(statement.view, statement.height)
        }
        guard let position = instances.index(of: statement.view, statement.height) else {
            return true
        }
        return instances.all[position].isUseful(vote, in: phase)
    }

    private func isUseful(_ certificate: Certificate) -> Bool {
        let statement = certificate.statement
        guard
            certificate.isWorthChecking(
                in: configuration, where: { rules.isQuorum($0, of: configuration.validators) })
        else { return false }
        if statement.kind == .checkpoint { return statement.height > checkpoints.stable.height }
        guard statement.height > committed.height else { return false }
        switch Phase(statement.kind) {
        case .commit: return statement.height > decision?.statement.height ?? .zero
        case .prepare:
            guard let prepared else { return true }
            return statement.view > own.view
                || CertificateName(statement).isAbove(CertificateName(prepared.statement))
                || instances[statement.view, statement.height]?.prepared == nil
        case nil: return false
        }
    }

    // MARK: Counting

    func check(_ statement: Statement) throws(Rejection) {
        guard rules.holds(.statementChain, statement.chain == configuration.chain) else {
            throw .otherChain
        }
        guard rules.holds(.statementEpoch, statement.epoch == configuration.epoch) else {
            throw .otherEpoch
        }
    }

    mutating func count(
        _ vote: Vote, at now: Instant, into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        let statement = vote.statement
        try check(statement)
        guard configuration.validators.contains(vote.voter) else {
            throw .unknownVoter(vote.voter)
        }
        if statement.kind == .checkpoint { return try countCheckpoint(vote, into: &effects) }
        guard let phase = Phase(statement.kind) else { throw .otherKind(statement.kind) }
        guard rules.holds(.voteView, statement.view > .zero),
            rules.holds(.voteHeight, statement.height > .zero)
        else { throw .malformedBlock }
        guard rules.holds(.voteWindow, isKept(statement.view, statement.height)) else {
            guard statement.height > committed.height,
                isBeyondWindow(statement.view, statement.height)
            else { return }
            isBehind = true
            throw .beyondWindow(statement.view)
        }
        if statement.view > view { isBehind = true }
        if let evidence = instances.update(
            statement.view, statement.height, { $0.insert(vote, in: phase) })
        {
            effects.append(.accuse(evidence))
        }
        guard let position = instances.index(of: statement.view, statement.height),
            let certificate = instances.all[position].newCertificate(
                for: statement, in: phase,
                isEnough: { rules.isQuorum($0, of: configuration.validators) })
        else { return }
        if let certificate = InstanceCertificate(certificate) {
            note(certificate, at: now, into: &effects)
        }
    }

    func checkQuorum(_ certificate: Certificate) throws(Rejection) {
        try checkSigners(certificate, isEnough: { rules.isQuorum($0, of: $1) })
    }

    func checkSigners(
        _ certificate: Certificate, isEnough: (VotingPower, ValidatorSet) -> Bool
    ) throws(Rejection) {
        let (signers, validators) = (certificate.signers, configuration.validators)
        guard rules.holds(.signerCount, signers.count == validators.count),
            rules.holds(.signerPower, isEnough(validators.power(of: signers), validators))
        else { throw .weakCertificate }
    }

    mutating func take(
        _ certificate: Certificate, at now: Instant, into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        let statement = certificate.statement
        try check(statement)
        if statement.kind == .checkpoint { return try takeCheckpoint(certificate, into: &effects) }
        guard let instance = InstanceCertificate(certificate) else {
            throw .otherKind(statement.kind)
        }
        try checkQuorum(certificate)
        note(instance, at: now, into: &effects)
    }

    /// Keeps a certificate, and follows it: a quorum takes part in its view, and nobody honest
    /// builds on anything below its block there.
    mutating func note(
        _ noted: InstanceCertificate, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        remember(noted)
        let (name, certificate) = (noted.name, noted.certificate)
        guard name.height > committed.height else {
            return follow(name, at: now, into: &effects)
        }
        if isKept(name.view, name.height) {
            instances.update(name.view, name.height) { $0.keep(certificate, in: noted.phase) }
        }
        switch noted.phase {
        case .prepare:
            if prepared.map({ name.isAbove(CertificateName($0.statement)) }) ?? true {
                prepared = certificate
            }
        case .commit:
            if decision.map({ name.height > $0.statement.height }) ?? true {
                decision = certificate
            }
        }
        follow(name, at: now, into: &effects)
    }

    private mutating func follow(
        _ name: CertificateName, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        let tail =
            name.height > committed.height
            ? BlockName(height: name.height, digest: name.block) : committed.name
        if name.view > own.view, name.view >= view {
            join(name.view, tail: tail, isDue: false, at: now, into: &effects)
        } else if name.view == own.view, name.height >= own.tail.height {
            own.tail = tail
            own.isTailDue = false
        }
    }

    // MARK: Committing

    /// Votes to commit everything prepared that this replica may still vote for.
    mutating func commitPrepared(into effects: inout [Effect<Self>]) {
        for position in instances.range(of: own.view)
        where instances.all[position].ownCommit == nil {
            let instance = instances.all[position]
            guard let digest = instance.prepared?.statement.block ?? instance.ownPrepare else {
                continue
            }
            let name = CertificateName(view: own.view, height: instance.height, block: digest)
            guard !isForgotten(own.view, instance.height),
                rules.mayCommit(name, isPrepared: instance.prepared != nil, own: own, in: view)
            else { continue }
            instances.update(own.view, instance.height) { $0.ownCommit = digest }
            commitVoteHeight = max(commitVoteHeight, instance.height)
            // The certificate of this instance, or one above it.
            keepHighest(into: &effects)
            let said = statement(.commit, name)
            effects += [.persist(.voted(said)), .sign(.vote(said))]
        }
    }

    /// Commits the latest decided block, with its ancestors, if all of them are here.
    mutating func commitDecided(at now: Instant, into effects: inout [Effect<Self>]) {
        guard let decision else { return }
        guard let block = blocks.block(named: decision.statement.block),
            let ancestors = path(to: block),
            let checked = try? Self.commitRules(configuration).check(decision),
            let run = CommittedRun(blocks: ancestors + [block], certificate: checked)
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
        guard fetchedHeight < height else { return }
        fetchedHeight = height
        effects.append(.fetch(certificate))
    }

    private mutating func becomeCommitted(_ run: CommittedRun, at now: Instant) {
        precondition(
            run.first.parent == committed.digest, "P10: not a child of the committed block")
        for block in run.blocks { term.note(block, at: now) }
        committed = run.last
        commitCertificate = run.isCertifiedItself ? run.certificate : nil
        commitVoteHeight = max(commitVoteHeight, committed.height)
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
        progressAt = now
        // Empty blocks don't excuse a leader while there is work.
        if !isWorkPending || run.blocks.contains(where: { !$0.payload.isEmpty }) {
            workSince = nil
            resendAt = nil
        }
    }

    /// Takes over what the ledger caught up on.
    mutating func adopt(
        _ run: CommittedRun, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        guard run.last.height > committed.height,
            let rest = run.suffix(after: committed.digest)
        else { return }
        becomeCommitted(rest, at: now)
        // A checkpoint says nothing of views.
        guard let target = InstanceCertificate(rest.certificate.certificate) else { return }
        if target.name.height > decision?.statement.height ?? committed.height {
            decision = target.certificate
        }
        remember(target)
        keepHighest(into: &effects)
        follow(target.name, at: now, into: &effects)
    }
}

extension UInt64 {
    /// The sum, or the largest number if it doesn't fit.
    func addingSaturating(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
