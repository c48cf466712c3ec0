import BFTBase
import BFTCore

// Restarts: what was durable comes back.
extension SimplexReplica {
    /// Takes back what was durable. Records of committed views say nothing any more; in a view up
    /// to the floor there may have been other votes than those of which a record is left.
    mutating func recover(_ records: [SimplexRecord]) {
        let floor = configuration.floor.view
        for record in records {
            switch record {
            case .notarized(let block) where block.view > committed.view:
                rounds.update(block.view) { round in
                    if block.view > floor { round.own.notarized = block.digest }
                    round.restore(block)
                }
                head.noteVote(at: block.height)
                view = max(view, block.view)
            case .ancestor(let block) where block.view > committed.view:
                rounds.update(block.view) { $0.restore(block) }
            case .voted(let statement) where statement.view > max(committed.view, floor):
                remember(statement)
                // A replica that finalizes has seen the notarization and left the view.
                view = max(view, statement.view)
            case .certificate(let certificate) where certificate.statement.view > committed.view:
                restore(certificate)
            case .notarized, .voted, .ancestor, .certificate: break
            }
        }
    }

    private mutating func restore(_ certificate: Certificate) {
        let isFinal = isFinal(certificate)
        rounds.update(certificate.statement.view) {
            $0.restore(certificate, isFinal: isFinal)
        }
        view = max(view, certificate.statement.view.next)
    }

    /// Takes back what commits the root or, if the crash came between the blocks of one run, a
    /// descendant.
    mutating func recover(_ certificate: CommitCertificate?) {
        guard let certificate, !head.keep(certificate),
            certificate.statement.view > committed.view
        else { return }
        restore(certificate.certificate)
    }

    mutating func start(at now: Instant, into effects: inout [Effect<Self>]) {
        // Said before the crash and durable: say it again, the same.
        for round in rounds.rounds {
            for unsigned in unsignedOwnMessages(in: round) { effects.sayAgain(unsigned) }
        }
        enter(view, at: now, into: &effects)
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    private func unsignedOwnMessages(in round: SimplexRound) -> [SimplexUnsigned] {
        var messages: [SimplexUnsigned] = []
        if let digest = round.own.notarized, let block = round.block(named: digest) {
            let said = statement(.notarize, for: block)
            messages.append(
                block.proposer == configuration.own ? .proposal(block, said) : .vote(said))
        }
        if round.own.abstained { messages.append(.vote(statement(.abstain, in: round.view))) }
        if round.own.nullified { messages.append(.vote(statement(.nullify, in: round.view))) }
        for name in round.own.supported {
            messages.append(
                .vote(statement(.support, in: round.view, at: name.height, for: name.digest)))
        }
        if let name = round.own.finalized, name != SimplexOwnVotes.forgotten.finalized {
            messages.append(
                .vote(statement(.finalize, in: round.view, at: name.height, for: name.digest)))
        }
        return messages
    }

    /// What a new log must begin with.
    public var liveRecords: [SimplexRecord] {
        var records: [SimplexRecord] = []
        // Should the chain be lost, nobody else may be able to show what committed its last block.
        if let commitCertificate = head.certificate {
            records.append(.certificate(commitCertificate.certificate))
        }
        for round in rounds.rounds {
            if let digest = round.own.notarized, let block = round.block(named: digest) {
                records.append(.notarized(block))
            }
            records += round.savedAncestors.map { .ancestor($0) }
            records += round.certificates.map { .certificate($0) }
            for statement in unsignedOwnMessages(in: round).map(\.statement)
            where statement.kind != .notarize {
                records.append(.voted(statement))
            }
        }
        return records
    }
}
