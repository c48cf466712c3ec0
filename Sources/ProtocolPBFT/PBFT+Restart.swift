import BFTBase
import BFTCore

// Restarts: what is durable, and what follows from it.
extension PBFTReplica {
    /// Takes back what was durable. Records of views that are over say nothing any more, but for
    /// which views those are and which certificate was the highest.
    mutating func recover(_ records: [PBFTRecord], _ certificate: CommitCertificate?) {
        if let certificate { recoverRoot(certificate) }
        var asked: PBFTViewChangeContent?
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
                asked = content
            case .newView(let content):
                view = max(view, content.outcome.view)
                ownNewView = content
            }
        }
        if let asked, asked.view == view { ownReport = ownReport(asked, records) }
        if let ownNewView, ownNewView.outcome.view < view { self.ownNewView = nil }
        recoverVotes(records)
    }

    /// What commits the root or, if the crash came between the blocks of one run, a descendant.
    private mutating func recoverRoot(_ certificate: CommitCertificate) {
        let instance = PBFTInstanceCertificate(certificate.certificate)
        if let instance {
            view = max(view, instance.name.view)
            remember(instance)
        }
        guard !head.keep(certificate), certificate.committed.height > committed.height else {
            return
        }
        if instance != nil {
            decision = certificate.certificate
        } else {
            checkpoints.advance(to: certificate.certificate)
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
            if statement.height > checkpoints.stable.height { checkpoints.keepOwn(statement) }
            return
        }
        view = max(view, statement.view)
        if statement.kind == .commit {
            head.noteVote(at: statement.height)
        }
    }

    private mutating func recover(_ certificate: Certificate) {
        let statement = certificate.statement
        if statement.kind == .checkpoint {
            if statement.height > checkpoints.stable.height { checkpoints.advance(to: certificate) }
            return
        }
        guard let instance = PBFTInstanceCertificate(certificate) else { return }
        let name = instance.name
        view = max(view, name.view)
        remember(instance)
        if instance == highest { isHighestDurable = true }
        guard name.height > committed.height else { return }
        switch instance.phase {
        case .prepare:
            if prepared.map({ name.isAbove(PBFTCertificateName($0.statement)) }) ?? true {
                prepared = certificate
            }
        case .commit:
            if decision.map({ name.height > $0.statement.height }) ?? true {
                decision = certificate
            }
        }
        head.noteVote(at: statement.height)
    }

    /// The view change with the certificate that it names. `nil` if that is lost: nobody would
    /// take it, so this replica has to ask for a later view.
    private func ownReport(
        _ content: PBFTViewChangeContent, _ records: [PBFTRecord]
    ) -> OwnReport? {
        guard let highest = content.highest else {
            return OwnReport(content: content, certificate: nil)
        }
        for case .certificate(let certificate) in records {
            guard let instance = PBFTInstanceCertificate(certificate), instance.name == highest
            else { continue }
            return OwnReport(content: content, certificate: instance)
        }
        return nil
    }

    /// Takes back what was said in the last view, and what is known of it.
    private mutating func recoverVotes(_ records: [PBFTRecord]) {
        var known: [BlockName] = []
        for record in records {
            switch record {
            case .prepared(let block, in: view): recoverPrepare(block.name, &known)
            case .voted(let statement) where statement.view == view:
                switch PBFTPhase(statement.kind) {
                case .prepare:
                    recoverPrepare(statement.blockName, &known)
                case .commit:
                    instances.update(view, statement.height) { $0.ownCommit = statement.block }
                case nil: break
                }
            default: break
            }
        }
        // What a quorum prepared counts for more than what this replica did.
        for case let certificate? in [decision, prepared, highest?.certificate]
        where certificate.statement.view == view {
            known.append(certificate.statement.blockName)
            instances.update(view, certificate.statement.height) { instance in
                guard let phase = PBFTPhase(certificate.statement.kind) else { return }
                instance.keep(certificate, in: phase)
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
        if own.prepared.map({ $0.height < block.height }) ?? true { own.prepared = block }
    }

    mutating func start(at now: Instant, into effects: inout [Effect<Self>]) {
        work.idleSince = now
        term.note(committed, at: now)
        if isJoined, leader(of: view) == configuration.own { leadership = .due }
        // Said before the crash and durable: say it again, the same.
        for unsigned in unsignedMessages { effects.sayAgain(unsigned) }
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    private var unsignedMessages: [PBFTUnsigned] {
        var messages: [PBFTUnsigned] = checkpoints.own.map { .vote($0) }
        if let ownReport, ownReport.content.view == view {
            messages.append(
                .viewChange(ownReport.content, ownReport.certificate?.certificate))
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
                            PBFTCertificateName(view: view, height: instance.height, block: digest))
                    ))
            }
        }
        return messages
    }

    /// Whether this replica prepared the block in the view that it takes part in.
    private func isSaid(_ block: Block) -> Bool {
        guard isJoined, let position = instances.index(of: view, block.height) else {
            return false
        }
        return instances.all[position].ownPrepare == block.digest
    }

    /// What a new log must begin with.
    public var liveRecords: [PBFTRecord] {
        var records: [PBFTRecord] = [.entered(view)]
        if let certificate = checkpoints.certificate { records.append(.certificate(certificate)) }
        records += checkpoints.own.map { .voted($0) }
        for case let certificate? in [
            prepared, decision, highest?.certificate, ownReport?.certificate?.certificate,
            head.certificate?.certificate,
        ] where !records.contains(.certificate(certificate)) {
            records.append(.certificate(certificate))
        }
        if let ownReport, ownReport.content.view == view {
            records.append(.viewChange(ownReport.content))
        }
        if let ownNewView, ownNewView.outcome.view == view { records.append(.newView(ownNewView)) }
        let said = isJoined ? Array(instances.of(view)) : []
        // Nothing more is prepared at or below it in this view, even by who lost the chain.
        if isJoined, let last = own.prepared, last.height <= committed.height {
            let name = PBFTCertificateName(view: view, height: last.height, block: last.digest)
            records.append(.voted(statement(.prepare, name)))
        }
        for entry in blocks.entries where entry.isDurable {
            if !isSaid(entry.block) { records.append(.block(entry.block)) }
        }
        for instance in said {
            if let digest = instance.ownPrepare {
                let name = PBFTCertificateName(view: view, height: instance.height, block: digest)
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
                            PBFTCertificateName(view: view, height: instance.height, block: digest))
                    ))
            }
        }
        return records
    }
}
