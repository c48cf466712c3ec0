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

    mutating func take(
        _ copy: BatchCopy, from sender: ValidatorIndex, at now: Instant,
        into effects: inout [LedgerEffect]
    ) throws(LedgerRejection) {
        do throws(BatchRefusal) {
            try insert(copy, from: sender, at: now, into: &effects)
        } catch {
            // A late copy of what is here, or of what a block brought along, is nobody's fault.
            if error == .alreadyOrdered || error == .known {
                fetcher.forget(copy.reference)
                return
            }
            throw .batch(error)
        }
    }

    private mutating func insert(
        _ copy: BatchCopy, from sender: ValidatorIndex, at now: Instant,
        into effects: inout [LedgerEffect]
    ) throws(BatchRefusal) {
        try check(BatchHead(of: copy), from: sender)
        if queue.supply(copy.batch) {
            fetcher.found(copy.reference, from: sender, at: now)
            hasNews = true
            // For others who ask: the host's log keeps it until its store does.
            effects.append(.store(copy))
            return
        }
        let isWanted = fetcher.isWanted(copy.reference)
        guard holds(.invitation, isWanted || sender == copy.batch.author) else { throw .unasked }
        guard holds(.authorship, copy.authorship != nil || isProved(copy)) else { throw .unsigned }
        // What came from somebody else was checked before it came here.
        let isChecked = sender != copy.batch.author || pool.isDistrusted(sender)
        accuse(copy, isChecked: isChecked, into: &effects)
        let isNew = pool.batch(copy.reference) == nil
        let (judge, isLax) = (judge, limits.skippedCheck == .standing)
        try pool.insert(copy, isChecked: isChecked, isRequested: isWanted) {
            !isLax && judge.stands(on: $0)
        }
        fetcher.found(copy.reference, from: sender, at: now)
        hasNews = true
        if isNew { store(copy, into: &effects) }
    }

    /// Accuses an author that has signed another batch of the same sequence, once.
    private mutating func accuse(
        _ copy: BatchCopy, isChecked: Bool, into effects: inout [LedgerEffect]
    ) {
        guard let authorship = copy.authorship, let other = pool.contradiction(to: copy),
            !holds(.contradiction, false), !equivocators[copy.batch.author.rawValue]
        else { return }
        let vote = authorship.vote(for: copy.reference)
        let unchecked = (isChecked ? [] : [vote]) + (other.isChecked ? [] : [other.vote])
        if unchecked.isEmpty {
            accuse(Evidence(other.vote, vote), into: &effects)
        } else {
            for vote in checks.suspect(other.vote, vote, unchecked: unchecked) {
                check(vote, into: &effects)
            }
        }
    }

    private mutating func accuse(_ evidence: Evidence?, into effects: inout [LedgerEffect]) {
        guard let evidence, !equivocators[evidence.culprit.rawValue] else { return }
        equivocators.insert(evidence.culprit.rawValue)
        effects.append(.accuse(evidence))
    }

    // MARK: Signatures of authors

    /// Has the host check what an author says of a batch, unless it is at it.
    private mutating func check(
        _ vote: Vote, for asker: ValidatorIndex? = nil, into effects: inout [LedgerEffect]
    ) {
        if checks.add(vote, for: asker) { effects.append(.check(vote)) }
    }

    /// Has checked what a cautious leader left out, so that it can propose it next time.
    mutating func checkFirst(into effects: inout [LedgerEffect]) {
        isCautious = false
        for vote in pool.firstUnchecked { check(vote, into: &effects) }
    }

    /// Draws the conclusions of what the host found out about `vote`.
    mutating func noteChecked(
        _ vote: Vote, isGenuine: Bool, at now: Instant, into effects: inout [LedgerEffect]
    ) {
        let reference = BatchReference(authoredAs: vote)
        pool.noteChecked(reference, vote, isGenuine: isGenuine)
        let (askers, evidence) = checks.finish(vote, isGenuine: isGenuine)
        for asker in askers { answer([reference], to: asker, at: now, into: &effects) }
        accuse(evidence, into: &effects)
        guard !isGenuine else { return }
        for vote in pool.distrust(vote.voter) { check(vote, into: &effects) }
    }

    /// Has the host store a batch of the pool. Whatever it makes durable later stands behind it, so
    /// a vote may name it from now on.
    private mutating func store(_ copy: BatchCopy, into effects: inout [LedgerEffect]) {
        effects.append(.store(copy))
        pool.hold(copy.reference)
        judge.found(copy.reference)
    }

    // MARK: Own batches

    /// Takes an own batch: it is stored and signed at the same time, and sent once it is both.
    /// Returns whether there is a place for it.
    mutating func author(_ batch: Batch, into effects: inout [LedgerEffect]) -> Bool {
        let copy = BatchCopy(batch)
        guard (try? pool.insert(copy, isChecked: true, isRequested: true)) != nil else {
            return false
        }
        store(copy, into: &effects)
        effects.append(.sign(batch.reference))
        return true
    }

    /// Has own batches signed that were sealed before a restart: the log has them bare.
    func signAgain(into effects: inout [LedgerEffect]) {
        for reference in pool.unsignedBatches { effects.append(.sign(reference)) }
    }

    mutating func noteStored(_ reference: BatchReference, into effects: inout [LedgerEffect]) {
        pool.noteDurable(reference)
        broadcast(reference, into: &effects)
    }

    mutating func noteSigned(
        _ reference: BatchReference, _ signature: [UInt8], into effects: inout [LedgerEffect]
    ) {
        pool.sign(
            reference,
            Authorship(
                chain: configuration.chain, epoch: configuration.epoch, signature: signature),
            isChecked: true)
        broadcast(reference, into: &effects)
    }

    /// Sends an own batch once it is durable and signed.
    private func broadcast(_ reference: BatchReference, into effects: inout [LedgerEffect]) {
        guard reference.author == configuration.own, let copy = pool.sendable(reference) else {
            return
        }
        effects.append(.broadcast(.batch(copy)))
    }

    // MARK: Answering

    /// Sends what is here; what was executed is on the host's disk.
    mutating func answer(
        _ references: [BatchReference], to peer: ValidatorIndex, at now: Instant,
        into effects: inout [LedgerEffect]
    ) {
        var onDisk: [BatchReference] = []
        for reference in references {
            if let vote = pool.unchecked(reference), !holds(.signature, false) {
                check(vote, for: peer, into: &effects)
                continue
            }
            let copy = pool.copy(reference) ?? queue.batch(reference).map { BatchCopy($0) }
            if let copy {
                give(copy, to: peer, at: now, into: &effects)
            } else {
                onDisk.append(reference)
            }
        }
        if !onDisk.isEmpty { effects.append(.readBatches(onDisk, for: peer)) }
    }

    /// Sends the own batches that wait to be ordered to a peer that may have missed them. It
    /// decides when its link is made, so it is asking for them.
    mutating func greet(
        _ peer: ValidatorIndex, at now: Instant, into effects: inout [LedgerEffect]
    ) {
        for copy in pool.sendableBatches { give(copy, to: peer, at: now, into: &effects) }
    }

    private mutating func give(
        _ copy: BatchCopy, to peer: ValidatorIndex, at now: Instant,
        into effects: inout [LedgerEffect]
    ) {
        let byteCount = copy.batch.encoded.count
        guard holds(.budget, answers.spend(byteCount, on: peer, at: now)) else { return }
        effects.append(.send(.batch(copy), to: peer))
    }
}
