import BFTBase
import BFTCore

// Votes and certificates: what is counted, what follows from a quorum.
extension SimplexReplica {
    /// Whether `message` could change anything, asked before its signatures are checked.
    public func isUseful(_ message: SimplexMessage) -> Bool {
        switch message {
        case .proposal(let proposal):
            let block = proposal.block
            guard isWithinWindow(block.view), block.proposer == leader(of: block.view),
                proposal.vote.voter == block.proposer,
                proposal.vote.statement.block == block.digest
            else { return false }
            guard let round = rounds[block.view], let known = round.proposal?.block else {
                return true
            }
            guard known.digest != block.digest else { return false }
            // Another block of this view: evidence, once, and perhaps what a quorum notarized.
            return round.isNotarized(block.digest)
                || !round.accused[block.proposer.rawValue]
        case .vote(let vote): return isUseful(vote)
        case .certificate(let certificate):
            let statement = certificate.statement
            guard statement.view > committed.view, let phase = SimplexPhase(statement.kind),
                certificate.isWorthChecking(
                    in: configuration,
                    where: { rules.isQuorum($0, of: configuration.validators) })
            else { return false }
            guard let position = rounds.index(of: statement.view) else { return true }
            return rounds.rounds[position].isUseful(certificate, in: phase)
        case .block(let block): return wantedBlocks.contains(block.digest)
        case .inquiry: return true
        }
    }

    private func isUseful(_ vote: Vote) -> Bool {
        let statement = vote.statement
        guard statement.view > committed.view else {
            return lacksCommitCertificate(voterOf: vote)
                || pacemaker.isLifeSign(of: vote.voter, in: statement.view)
        }
        guard isWithinWindow(statement.view) else {
            // One is enough to know that this replica is behind.
            return !isBehind
        }
        guard let phase = SimplexPhase(statement.kind) else { return false }
        guard let position = rounds.index(of: statement.view) else { return true }
        return rounds.rounds[position].isUseful(vote, in: phase)
            || pacemaker.isLifeSign(of: vote.voter, in: statement.view)
    }

    func isWithinWindow(_ view: View) -> Bool {
        view > committed.view && rules.isNear(view, to: self.view)
    }

    /// The phase of a statement made here and now, in the one form that it has.
    func phase(of statement: Statement) throws(Rejection) -> SimplexPhase {
        guard rules.holds(.statementChain, statement.chain == configuration.chain) else {
            throw .otherChain
        }
        guard rules.holds(.statementEpoch, statement.epoch == configuration.epoch) else {
            throw .otherEpoch
        }
        guard let phase = SimplexPhase(statement.kind) else { throw .otherKind(statement.kind) }
        let namesNothing = statement.height == .zero && statement.block == .zero
        guard rules.holds(.blocklessStatement, namesNothing || !statement.kind.isBlockless) else {
            throw .malformedBlock
        }
        return phase
    }

    mutating func count(_ vote: Vote, into effects: inout [Effect<Self>]) throws(Rejection) {
        let statement = vote.statement
        let phase = try phase(of: statement)
        guard configuration.validators.contains(vote.voter) else {
            throw .unknownVoter(vote.voter)
        }
        guard statement.view > committed.view else {
            pacemaker.heard(from: vote.voter, in: statement.view)
            return sendCommitCertificate(answering: vote, into: &effects)
        }
        guard rules.holds(.voteWindow, isWithinWindow(statement.view)) else {
            isBehind = true
            throw .beyondWindow(statement.view)
        }
        pacemaker.heard(from: vote.voter, in: statement.view)
        noteHandOver(vote)
        if statement.view > view.next { isBehind = true }
        if let evidence = rounds.update(statement.view, { $0.insert(vote, in: phase) }) {
            effects.append(.accuse(evidence))
        }
        certify(statement, in: phase, into: &effects)
        if phase.isFallback { help(vote, into: &effects) }
    }

    /// Makes the certificates for `statement` that enough said it for.
    private mutating func certify(
        _ statement: Statement, in phase: SimplexPhase, into effects: inout [Effect<Self>]
    ) {
        guard let position = rounds.index(of: statement.view) else { return }
        let validators = configuration.validators
        if let certificate = rounds.rounds[position].newCertificate(
            for: statement, in: phase, isEnough: { rules.isQuorum($0, of: validators) })
        {
            keep(certificate, into: &effects)
        }
        guard phase == .notarize, rounds.rounds[position].finalization == nil,
            let certificate = rounds.rounds[position].notarizes.certificate(
                for: statement, isEnough: { rules.isUnanimous($0, of: validators) })
        else { return }
        keep(certificate, into: &effects)
    }

    /// Whether `certificate`, one of a quorum, commits a block.
    func isFinal(_ certificate: Certificate) -> Bool {
        switch SimplexPhase(certificate.statement.kind) {
        case .finalize: true
        case .notarize:
            rules.isUnanimous(
                configuration.validators.power(of: certificate.signers),
                of: configuration.validators)
        case .abstain, .nullify, .support, nil: false
        }
    }

    /// Keeps a certificate. A notarization by support is made durable at once: there may be
    /// several, and whichever is built upon must not be lost.
    private mutating func keep(_ certificate: Certificate, into effects: inout [Effect<Self>]) {
        let isFinal = isFinal(certificate)
        rounds.update(certificate.statement.view) { $0.keep(certificate, isFinal: isFinal) }
        if certificate.statement.kind == .support {
            effects.append(.persist(.certificate(certificate)))
        }
    }

    mutating func take(
        _ certificate: Certificate, into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        let statement = certificate.statement
        let phase = try phase(of: statement)
        let validators = configuration.validators
        guard rules.holds(.signerCount, certificate.signers.count == validators.count),
            rules.holds(
                .signerPower,
                rules.isQuorum(validators.power(of: certificate.signers), of: validators))
        else { throw .weakCertificate }
        guard statement.view > committed.view, rules.holds(.certificateKind, phase != .abstain),
            rounds[statement.view]?.isUseful(certificate, in: phase) ?? true
        else { return }
        keep(certificate, into: &effects)
    }

    /// Moves on if the view, or a later one, is over. S6.
    mutating func advance(at now: Instant, into effects: inout [Effect<Self>]) {
        guard let last = rounds.lastOver(from: view) else { return }
        if last.view == view { judgeLeader(byEndOf: last, at: now) }
        persist(rounds.update(last.view) { $0.unsavedEnd() }, into: &effects)
        relayEnd(last, into: &effects)
        enter(last.view.next, at: now, into: &effects)
    }
}
