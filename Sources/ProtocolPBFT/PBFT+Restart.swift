import BFTBase
import BFTCore

// Restarts: what is durable, and what follows from it.
extension PBFTReplica {
    /// Takes back what was durable. Records of committed heights and of views that are over say
    /// nothing any more, but for which views those are.
    mutating func recover(_ records: [PBFTRecord], _ certificate: CommitCertificate?) {
        if let certificate { recoverRoot(certificate) }
        for record in records {
            switch record {
            case .entered(let entered): view = max(view, entered)
            case .prepared(let block, let inView):
                view = max(view, inView)
                recover(block, isValid: true)
            case .block(let block): recover(block, isValid: false)
            case .voted(let statement): recover(statement)
            case .certificate(let certificate): recover(certificate)
            case .viewChange(let content):
                view = max(view, content.view)
                ownReport = OwnReport(content: content, certificate: nil)
            case .newView(let content):
                view = max(view, content.outcome.view)
                ownNewView = content
            }
        }
        recoverReport(records)
        recoverVotes(records)
    }

    /// What commits the root or, if the crash came between the blocks of one run, a descendant.
    private mutating func recoverRoot(_ certificate: CommitCertificate) {
        view = max(view, certificate.statement.view)
        if certificate.committed == committed.name {
            commitCertificate = certificate
        } else if certificate.committed.height > committed.height {
            decision = certificate.certificate
        }
    }

    private mutating func recover(_ block: Block, isValid: Bool) {
        guard block.height > committed.height else { return }
        blocks.insert(block)
        blocks.update(block.digest) { entry in
            entry.isDurable = true
            if isValid { entry.judgement = .valid }
        }
    }

    private mutating func recover(_ statement: Statement) {
        if statement.kind == .checkpoint {
            if statement.height > checkpoints.stable.height { checkpoints.sign(statement) }
            return
        }
        view = max(view, statement.view)
        if statement.kind == .commit {
            commitVoteHeight = max(commitVoteHeight, statement.height)
        }
    }

    private mutating func recover(_ certificate: Certificate) {
        let statement = certificate.statement
        if statement.kind == .checkpoint {
            if statement.height > checkpoints.stable.height { checkpoints.advance(to: certificate) }
            return
        }
        guard statement.height > committed.height, let phase = Phase(statement.kind) else { return }
        let name = CertificateName(statement)
        switch phase {
        case .prepare:
            if prepared.map({ name.isAbove(CertificateName($0.statement)) }) ?? true {
                prepared = certificate
            }
        case .commit:
            if decision.map({ name.height > $0.statement.height }) ?? true {
                decision = certificate
            }
        }
        commitVoteHeight = max(commitVoteHeight, statement.height)
    }

    /// Finds the certificate that the last view change names.
    private mutating func recoverReport(_ records: [PBFTRecord]) {
        if let ownNewView, ownNewView.outcome.view < view { self.ownNewView = nil }
        guard let content = ownReport?.content, content.view == view else {
            ownReport = nil
            return
        }
        for case .certificate(let certificate) in records
        where CertificateName(certificate.statement) == content.highest {
            ownReport?.certificate = certificate
        }
    }

    /// Takes back what was said in the last view, and what is known of it.
    private mutating func recoverVotes(_ records: [PBFTRecord]) {
        var known: [BlockName] = []
        for case let certificate? in [commitCertificate?.certificate, decision, prepared]
        where certificate.statement.view == view {
            known.append(
                BlockName(
                    height: certificate.statement.height, digest: certificate.statement.block))
            instances.update(view, certificate.statement.height) { instance in
                guard let phase = Phase(certificate.statement.kind) else { return }
                instance.keep(certificate, in: phase)
            }
        }
        for record in records {
            switch record {
            case .prepared(let block, in: view) where block.height > committed.height:
                recoverPrepare(block.name, &known)
            case .voted(let statement)
            where statement.view == view && statement.height > committed.height:
                switch Phase(statement.kind) {
                case .prepare:
                    recoverPrepare(
                        BlockName(height: statement.height, digest: statement.block), &known)
                case .commit:
                    instances.update(view, statement.height) { $0.ownCommit = statement.block }
                case nil: break
                }
            default: break
            }
        }
        instances.removeAll(through: committed.height)
        let isJoined = !known.isEmpty || view == View(1)
        own.view = isJoined ? view : view.previous ?? .zero
        own.tail = committed.name
        for name in known where name.height >= own.tail.height { own.tail = name }
    }

    private mutating func recoverPrepare(_ block: BlockName, _ known: inout [BlockName]) {
        known.append(block)
        instances.update(view, block.height) { $0.ownPrepare = block.digest }
        own.prepared = max(own.prepared ?? .zero, block.height)
    }

    mutating func start(at now: Instant, into effects: inout [Effect<Self>]) {
        progressAt = now
        term.note(committed, at: now)
        if isJoined, leader(of: view) == configuration.own { leadership = .due }
        // Said before the crash and durable: say it again, the same.
        for unsigned in unsignedMessages { effects.append(.sign(unsigned)) }
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    private var unsignedMessages: [PBFTUnsigned] {
        var messages: [PBFTUnsigned] = checkpoints.own.map { .vote($0) }
        if let ownReport, ownReport.content.view == view {
            messages.append(.viewChange(ownReport.content, ownReport.certificate))
        }
        if let ownNewView { messages.append(.newView(ownNewView)) }
        guard isJoined else { return messages }
        for instance in instances.of(view) {
            if let digest = instance.ownPrepare, let block = blocks.block(named: digest) {
                messages.append(prepareMessage(block, in: view))
            }
            if let digest = instance.ownCommit {
                messages.append(
                    .vote(
                        statement(
                            .commit,
                            CertificateName(view: view, height: instance.height, block: digest))))
            }
        }
        return messages
    }

    /// What a new log must begin with.
    public var liveRecords: [PBFTRecord] {
        var records: [PBFTRecord] = [.entered(view)]
        if let certificate = checkpoints.certificate { records.append(.certificate(certificate)) }
        records += checkpoints.own.map { .voted($0) }
        for case let certificate? in [prepared, decision] {
            records.append(.certificate(certificate))
        }
        if let ownReport, ownReport.content.view == view {
            if let certificate = ownReport.certificate { records.append(.certificate(certificate)) }
            records.append(.viewChange(ownReport.content))
        }
        if let ownNewView, ownNewView.outcome.view == view { records.append(.newView(ownNewView)) }
        let said = isJoined ? instances.of(view) : []
        for entry in blocks.entries where entry.isDurable {
            let isSaid = said.contains { $0.ownPrepare == entry.block.digest }
            if !isSaid { records.append(.block(entry.block)) }
        }
        for instance in said {
            if let digest = instance.ownPrepare {
                let name = CertificateName(view: view, height: instance.height, block: digest)
                // The vote holds, P1, even if its block conflicts with the committed chain by now
                // and is dropped.
                records.append(
                    blocks.block(named: digest).map { .prepared($0, in: view) }
                        ?? .voted(statement(.prepare, name)))
            }
            if let digest = instance.ownCommit {
                records.append(
                    .voted(
                        statement(
                            .commit,
                            CertificateName(view: view, height: instance.height, block: digest))))
            }
        }
        return records
    }
}
