import BFTBase
import BFTCore

// Batches that come, go and are asked for.
extension Ledger {
    /// Whether `condition` holds, which is what `check` asks for.
    func holds(_ check: BatchCheck, _ condition: Bool) -> Bool {
        condition || limits.skippedCheck == check
    }

    // MARK: Whether it is worth its while

    /// Throws if a copy with this head from `sender` changes nothing, whatever is in it.
    func check(_ head: BatchHead, from sender: ValidatorIndex) throws(BatchRefusal) {
        if let origin = head.origin {
            guard holds(.chain, origin.chain == configuration.chain),
                holds(.epoch, origin.epoch == configuration.epoch)
            else { throw .foreign }
        }
        let isWanted = fetcher.isWanted(author: head.author, sequence: head.sequence)
        guard holds(.invitation, isWanted || sender == head.author) else { throw .unasked }
        // What a committed block lacks is ordered already, and has no place in the pool.
        if isWanted, pool.isOrdered(head.sequence, of: head.author) { return }
        try pool.checkPlace(
            author: head.author, sequence: head.sequence, byteCount: head.byteCount,
            isRequested: isWanted)
    }

    /// Whether a copy is worth checking its signature.
    func isUseful(_ copy: BatchCopy, from sender: ValidatorIndex) -> Bool {
        guard (try? check(BatchHead(of: copy), from: sender)) != nil else { return false }
        if fetcher.isWanted(copy.reference) {
            return holds(.authorship, copy.authorship != nil || isProved(copy))
        }
        guard holds(.invitation, sender == copy.batch.author), copy.authorship != nil,
            !pool.isComplete(copy.reference)
        else { return false }
        guard pool.contradiction(to: copy) != nil else { return true }
        return !equivocators[copy.batch.author.rawValue]
    }

    /// Whether a block names the batch that somebody honest has voted for: then its author has
    /// signed it, or the first one who voted would not have held it.
    private func isProved(_ copy: BatchCopy) -> Bool {
        queue.lacks(copy.reference) || judge.needsForCertified(copy.reference)
    }

    // MARK: Taking batches in

    /// Takes a copy of a batch from `sender`. Returns whether anything may follow from it.
    mutating func take<P>(
        _ copy: BatchCopy, from sender: ValidatorIndex, _ turn: inout Turn<P>
    ) -> Bool {
        do throws(BatchRefusal) {
            try insert(copy, from: sender, &turn)
            turn.hasNewWork = true
            return true
        } catch .alreadyOrdered, .known {
            // A late copy of what is here, or of what a block brought along, is nobody's fault.
            fetcher.forget(copy.reference)
        } catch {
            turn.effects.append(.rejectedLedger(.batch(error), from: sender))
        }
        return false
    }

    private mutating func insert<P>(
        _ copy: BatchCopy, from sender: ValidatorIndex, _ turn: inout Turn<P>
    ) throws(BatchRefusal) {
        try check(BatchHead(of: copy), from: sender)
        if queue.supply(copy.batch) {
            fetcher.found(copy.reference, from: sender, at: turn.now)
            // For others who ask: the host's log keeps it until its store does.
            turn.effects.append(.store(copy))
            return
        }
        let isWanted = fetcher.isWanted(copy.reference)
        guard holds(.invitation, isWanted || sender == copy.batch.author) else { throw .unasked }
        guard holds(.authorship, copy.authorship != nil || isProved(copy)) else { throw .unsigned }
        // What came from somebody else was checked before it came here.
        let isChecked = sender != copy.batch.author || pool.isDistrusted(sender)
        accuse(copy, isChecked: isChecked, &turn)
        let isNew = pool.batch(copy.reference) == nil
        let (judge, isLax) = (judge, limits.skippedCheck == .standing)
        try pool.insert(copy, isChecked: isChecked, isRequested: isWanted) {
            !isLax && judge.stands(on: $0)
        }
        fetcher.found(copy.reference, from: sender, at: turn.now)
        if isNew { store(copy, &turn) }
    }

    /// Accuses an author that has signed another batch of the same sequence, once.
    private mutating func accuse<P>(
        _ copy: BatchCopy, isChecked: Bool, _ turn: inout Turn<P>
    ) {
        guard let authorship = copy.authorship, let other = pool.contradiction(to: copy),
            !holds(.contradiction, false), !equivocators[copy.batch.author.rawValue]
        else { return }
        let vote = authorship.vote(for: copy.reference)
        let unchecked = (isChecked ? [] : [vote]) + (other.isChecked ? [] : [other.vote])
        if unchecked.isEmpty {
            accuse(Evidence(other.vote, vote), &turn)
        } else {
            for vote in checks.suspect(other.vote, vote, unchecked: unchecked) {
                check(vote, &turn)
            }
        }
    }

    private mutating func accuse<P>(_ evidence: Evidence?, _ turn: inout Turn<P>) {
        guard let evidence, !equivocators[evidence.culprit.rawValue] else { return }
        equivocators.insert(evidence.culprit.rawValue)
        turn.effects.append(.accuse(evidence))
    }

    // MARK: Signatures of authors

    /// Has the host check what an author says of a batch, unless it is at it.
    private mutating func check<P>(
        _ vote: Vote, for asker: ValidatorIndex? = nil, _ turn: inout Turn<P>
    ) {
        if checks.add(vote, for: asker) { turn.effects.append(.checkAuthorship(vote)) }
    }

    /// Has checked what a cautious leader left out, so that it can propose it next time.
    mutating func checkFirst<P>(_ turn: inout Turn<P>) {
        isCautious = false
        for vote in pool.firstUnchecked { check(vote, &turn) }
    }

    /// Draws the conclusions of what the host found out about `vote`.
    mutating func noteChecked<P>(
        _ vote: Vote, isGenuine: Bool, _ turn: inout Turn<P>
    ) {
        let reference = BatchReference(authoredAs: vote)
        pool.noteChecked(reference, vote, isGenuine: isGenuine)
        let (askers, evidence) = checks.finish(vote, isGenuine: isGenuine)
        for asker in askers { answer([reference], to: asker, &turn) }
        accuse(evidence, &turn)
        turn.hasNewWork = true  // It may be proposed from now on.
        guard !isGenuine else { return }
        for vote in pool.distrust(vote.voter) { check(vote, &turn) }
    }

    /// Has the host store a batch of the pool. Whatever it makes durable later stands behind it, so
    /// a vote may name it from now on.
    private mutating func store<P>(_ copy: BatchCopy, _ turn: inout Turn<P>) {
        turn.effects.append(.store(copy))
        pool.hold(copy.reference)
        judge.found(copy.reference)
    }

    // MARK: Own batches

    /// Takes an own batch: it is stored and signed at the same time, and sent once it is both.
    /// Returns whether there is a place for it.
    mutating func author<P>(_ batch: Batch, _ turn: inout Turn<P>) -> Bool {
        let copy = BatchCopy(batch)
        guard (try? pool.insert(copy, isChecked: true, isRequested: true)) != nil else {
            return false
        }
        store(copy, &turn)
        sign(batch.reference, &turn)
        turn.hasNewWork = true
        return true
    }

    /// Puts empty batches where a crash took own batches that were not durable, so that those after
    /// them can be ordered without waiting for a client.
    mutating func fillGaps<P>(_ turn: inout Turn<P>) {
        while pool.hasGap(of: configuration.own) {
            var builder = BatchBuilder()
            let batch = builder.seal(author: configuration.own, sequence: nextOwnSequence)
            guard author(batch, &turn) else { return }
        }
    }

    private func sign<P>(_ reference: BatchReference, _ turn: inout Turn<P>) {
        let statement = reference.statement(
            chain: configuration.chain, epoch: configuration.epoch)
        turn.effects.append(.signBatch(reference, statement))
    }

    /// Has own batches signed that were sealed before a restart: the log has them bare.
    func signAgain<P>(_ turn: inout Turn<P>) {
        for reference in pool.unsignedBatches { sign(reference, &turn) }
    }

    mutating func noteStored<P>(_ reference: BatchReference, _ turn: inout Turn<P>) {
        pool.noteDurable(reference)
        broadcast(reference, &turn)
    }

    mutating func noteSigned<P>(
        _ reference: BatchReference, _ signature: [UInt8], _ turn: inout Turn<P>
    ) {
        pool.sign(
            reference,
            Authorship(
                chain: configuration.chain, epoch: configuration.epoch, signature: signature),
            isChecked: true)
        broadcast(reference, &turn)
    }

    /// Sends an own batch once it is durable and signed.
    private func broadcast<P>(_ reference: BatchReference, _ turn: inout Turn<P>) {
        guard reference.author == configuration.own, let copy = pool.sendable(reference) else {
            return
        }
        turn.broadcast(.batch(copy))
    }

    // MARK: Answering

    /// Sends what is here; what was executed is on the host's disk.
    mutating func answer<P>(
        _ references: [BatchReference], to peer: ValidatorIndex, _ turn: inout Turn<P>
    ) {
        var onDisk: [BatchReference] = []
        for reference in references {
            if let vote = pool.unchecked(reference), !holds(.signature, false) {
                check(vote, for: peer, &turn)
                continue
            }
            let copy = pool.copy(reference) ?? queue.batch(reference).map { BatchCopy($0) }
            if let copy {
                give(copy, to: peer, &turn)
            } else {
                onDisk.append(reference)
            }
        }
        if !onDisk.isEmpty { turn.effects.append(.readBatches(onDisk, for: peer)) }
    }

    /// Sends the own batches that wait to be ordered to a peer that may have missed them. It
    /// decides when its link is made, so it is asking for them.
    mutating func greet<P>(
        _ peer: ValidatorIndex, _ turn: inout Turn<P>
    ) {
        for copy in pool.sendableBatches { give(copy, to: peer, &turn) }
    }

    private mutating func give<P>(
        _ copy: BatchCopy, to peer: ValidatorIndex, _ turn: inout Turn<P>
    ) {
        let byteCount = copy.batch.encoded.count
        guard holds(.budget, answers.spend(byteCount, on: peer, at: turn.now)) else { return }
        turn.send(.batch(copy), to: peer)
    }
}
