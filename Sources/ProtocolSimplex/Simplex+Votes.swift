import BFTBase
import BFTCore

// Votes and certificates: what is counted, what follows from a quorum.
extension SimplexReplica {
    /// Whether `message` could change anything, asked before its signatures are checked.
    public func isUseful(_ message: SimplexMessage) -> Bool {
        switch message {
        case .proposal(let proposal):
            let block = proposal.block
            guard isWithinWindow(block.view) else { return false }
            guard let round = rounds[block.view], let known = round.proposal?.block else {
                return true
            }
            guard known.digest != block.digest else { return false }
            // Another block of this view: evidence, once, and perhaps what a quorum notarized.
            return round.notarizedDigest == block.digest
                || !round.accused[block.proposer.rawValue]
        case .vote(let vote): return isUseful(vote)
        case .certificate(let certificate):
            let statement = certificate.statement
            guard statement.view > committed.view, let phase = Phase(statement.kind) else {
                return false
            }
            guard let position = rounds.index(of: statement.view) else { return true }
            return rounds.rounds[position].certificate(phase) == nil
        case .block(let block): return wantedBlocks.contains(block.digest)
        case .inquiry: return true
        }
    }

    private func isUseful(_ vote: Vote) -> Bool {
        let statement = vote.statement
        guard isWithinWindow(statement.view) else {
            // One is enough to know that this replica is behind.
            return statement.view > committed.view && !isBehind
        }
        guard let phase = Phase(statement.kind) else { return false }
        guard let position = rounds.index(of: statement.view) else { return true }
        return rounds.rounds[position].isUseful(vote, in: phase)
    }

    func isWithinWindow(_ view: View) -> Bool {
        view > committed.view && rules.isNear(view, to: self.view)
    }

    /// The phase of a statement made here and now, in the one form that it has.
    func phase(of statement: Statement) throws(Rejection) -> Phase {
        guard statement.chain == configuration.chain else { throw .otherChain }
        guard statement.epoch == configuration.epoch else { throw .otherEpoch }
        guard let phase = Phase(statement.kind) else { throw .otherKind(statement.kind) }
        if phase == .nullify, statement.height != .zero || statement.block != .zero {
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
        guard statement.view > committed.view else { return }
        guard isWithinWindow(statement.view) else {
            isBehind = true
            throw .beyondWindow(statement.view)
        }
        if statement.view > view.next { isBehind = true }
        pacemaker.heard(from: vote.voter)
        if let evidence = rounds.update(statement.view, { $0.insert(vote, in: phase) }) {
            effects.append(.accuse(evidence))
        }
        certify(statement, in: phase)
    }

    /// Makes the certificate for `statement` if a quorum said it.
    private mutating func certify(_ statement: Statement, in phase: Phase) {
        guard let position = rounds.index(of: statement.view),
            let certificate = rounds.rounds[position].newCertificate(
                for: statement, in: phase,
                isEnough: { rules.isQuorum($0, of: configuration.validators) })
        else { return }
        rounds.update(statement.view) { $0.keep(certificate) }
    }

    mutating func take(_ certificate: Certificate) throws(Rejection) {
        let statement = certificate.statement
        _ = try phase(of: statement)
        guard certificate.signers.count == configuration.validators.count,
            rules.isQuorum(
                configuration.validators.power(of: certificate.signers),
                of: configuration.validators)
        else { throw .weakCertificate }
        guard statement.view > committed.view else { return }
        rounds.update(statement.view) { $0.keep(certificate) }
    }

    /// Votes to finalize every notarized block that this replica may still vote for.
    mutating func finalizeNotarized(into effects: inout [Effect<Self>]) {
        for position in rounds.rounds.indices {
            let view = rounds.rounds[position].view
            guard rounds.rounds[position].finalization == nil,
                let notarization = rounds.rounds[position].notarization,
                rules.mayFinalize(rounds.rounds[position].own)
            else { continue }
            let statement = Statement(
                chain: configuration.chain, epoch: configuration.epoch, kind: .finalize,
                view: view, height: notarization.statement.height,
                block: notarization.statement.block)
            effects.append(.persist(.certificate(notarization)))
            cast(statement, into: &effects)
        }
    }

    /// Gives a view up.
    mutating func nullify(_ view: View, into effects: inout [Effect<Self>]) {
        guard rules.mayNullify(rounds[view]?.own ?? OwnVotes()) else { return }
        cast(
            Statement(
                chain: configuration.chain, epoch: configuration.epoch, kind: .nullify,
                view: view, height: .zero, block: .zero), into: &effects)
    }

    /// Says `statement`: remembers it, durably, then signs it. S4.
    private mutating func cast(_ statement: Statement, into effects: inout [Effect<Self>]) {
        precondition(statement.kind != .notarize, "a block is notarized with its body")
        rounds.update(statement.view) { round in
            if statement.kind == .nullify { round.own.nullified = true }
            if statement.kind == .finalize { round.own.finalized = statement.block }
        }
        if statement.kind == .finalize {
            commitVoteHeight = max(commitVoteHeight, statement.height)
        }
        effects += [.persist(.voted(statement)), .sign(.vote(statement))]
    }

    /// Moves on if the view, or a later one, is over. S6.
    mutating func advance(at now: Instant, into effects: inout [Effect<Self>]) {
        guard let last = rounds.lastOver(from: view) else { return }
        if last.view == view {
            if last.notarizedDigest == nil {
                pacemaker.gaveUp(on: leader(of: view))
            } else if last.own.nullified {
                pacemaker.ranShort()
            }
        }
        // A finalize vote has made the notarization durable before it. Otherwise it is done here.
        if last.own.finalized == nil,
            let certificate = last.notarization ?? last.nullification ?? last.finalization
        {
            effects.append(.persist(.certificate(certificate)))
        }
        enter(last.view.next, at: now, into: &effects)
    }

    /// Commits the latest finalized block, with its ancestors, if all of them are here.
    mutating func commitFinalized(into effects: inout [Effect<Self>]) {
        guard let round = rounds.lastFinalized, let certificate = round.finalization else { return }
        guard let block = round.block(named: certificate.statement.block),
            let ancestors = path(to: block),
            let run = CommittedRun(blocks: ancestors + [block], certificate: certificate)
        else {
            guard fetchedView < round.view else { return }
            fetchedView = round.view
            effects.append(.fetch(certificate))
            return
        }
        effects.append(.commit(run))
        becomeCommitted(run)
    }

    mutating func becomeCommitted(_ run: CommittedRun) {
        precondition(run.first.parent == committed.digest, "S5: not a child of the committed block")
        committed = run.last
        commitCertificate = run.certificate
        commitVoteHeight = max(commitVoteHeight, committed.height)
        rounds.removeAll(through: committed.view)
        pacemaker.committed()
    }

    /// Takes over what the ledger caught up on.
    mutating func adopt(
        _ run: CommittedRun, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        guard run.last.height > committed.height,
            let next = run.blocks.firstIndex(where: { $0.parent == committed.digest }),
            let rest = CommittedRun(
                blocks: Array(run.blocks[next...]), certificate: run.certificate)
        else { return }
        becomeCommitted(rest)
        if view <= committed.view { enter(committed.view.next, at: now, into: &effects) }
    }
}

extension UInt64 {
    /// The sum, or the largest number if it doesn't fit.
    func addingSaturating(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
