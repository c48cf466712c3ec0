import BFTBase
import BFTCore

// Votes and certificates: what is counted, what follows from a quorum.
extension PBFTReplica {
    /// The latest height for which votes are kept.
    private var heightLimit: Height {
        max(checkpoints.stable.height, committed.height).advanced(by: 2 * PBFTBounds.window)
    }

    /// Whether votes of this place are kept: not of what is decided, and not of far away.
    func isKept(_ view: View, _ height: Height) -> Bool {
        height > committed.height && view.next >= self.view && !isBeyondWindow(view, height)
    }

    private func isBeyondWindow(_ view: View, _ height: Height) -> Bool {
        view > self.view.advanced(by: PBFTBounds.views) || height > heightLimit
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
            let voter = viewChange.signer.rawValue
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
        guard let phase = PBFTPhase(statement.kind) else { return false }
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
        switch PBFTPhase(statement.kind) {
        case .commit: return statement.height > decision?.statement.height ?? .zero
        case .prepare:
            guard let prepared else { return true }
            return statement.view > own.view
                || PBFTCertificateName(statement).isAbove(PBFTCertificateName(prepared.statement))
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
        guard let phase = PBFTPhase(statement.kind) else { throw .otherKind(statement.kind) }
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
        if let certificate = PBFTInstanceCertificate(certificate) {
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
        guard let instance = PBFTInstanceCertificate(certificate) else {
            throw .otherKind(statement.kind)
        }
        try checkQuorum(certificate)
        note(instance, at: now, into: &effects)
    }

    /// Keeps a certificate, and follows it: a quorum takes part in its view, and nobody honest
    /// builds on anything below its block there.
    mutating func note(
        _ noted: PBFTInstanceCertificate, at now: Instant, into effects: inout [Effect<Self>]
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
            if prepared.map({ name.isAbove(PBFTCertificateName($0.statement)) }) ?? true {
                prepared = certificate
            }
        case .commit:
            if decision.map({ name.height > $0.statement.height }) ?? true {
                decision = certificate
            }
        }
        follow(name, at: now, into: &effects)
    }

    mutating func follow(
        _ name: PBFTCertificateName, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        let tail = name.height > committed.height ? name.blockName : committed.name
        if name.view > own.view, name.view >= view {
            join(name.view, tail: tail, isDue: false, at: now, into: &effects)
        } else if name.view == own.view, name.height >= own.tail.height {
            own.tail = tail
            own.isTailDue = false
        }
    }
}
