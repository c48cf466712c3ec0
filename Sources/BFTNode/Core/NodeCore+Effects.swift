import BFTBase
import BFTChain
import BFTCore
import BFTCrypto
import BFTLedger
import BFTServer
import BFTSockets
import BFTStorage
import BFTTransport
import BFTWire
import Logging

// How effects are carried out: in order, and none before what it stands on is durable.
extension NodeCore {
    func enqueue(_ effect: ReplicaEffect<P>) {
        switch effect {
        case .persist(let record):
            let payload = ReplicaRecord<P>.consensus(record).encoded
            let number = records.append(type: RecordType.replica, parts: [payload], to: log)
            waiting.append(.record(number))
        case .store(let copy):
            // No barrier: what needs the batch waits for `stored`. A peer's batch needs no sync
            // before there is a vote that stands on it, and then both share one.
            _ = records.append(
                copy, isUrgent: copy.batch.author == settings.own, to: log)
        case .signBatch(let reference, let statement): beginSigning(reference, statement)
        case .checkAuthorship(let vote): checkAuthorship(vote)
        case .sign(let unsigned):
            nextSignature += 1
            waiting.append(.signature(nextSignature, unsigned))
            // Signed while the record is being written; sent only when both are done.
            beginSigning(nextSignature, unsigned)
        default: waiting.append(.effect(effect))
        }
    }

    /// Carries out what may be carried out now.
    func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while trouble == nil {
            if advanceOne() { continue }
            if let (reference, signature) = batchSignatures.popFirst() {
                take(.batchSigned(reference, signature: signature))
                continue
            }
            guard let message = ownMessages.popFirst() else { return }
            take(.received(keys.verifiedOwn(message), from: settings.own))
        }
    }

    /// Carries out the first waiting effect, unless it has to wait.
    private func advanceOne() -> Bool {
        switch waiting.first {
        case nil: return false
        case .record(let number):
            guard records.durableNumber >= number else { return false }
            _ = waiting.popFirst()
        case .signature(let number, let unsigned):
            guard let signature = signatures.removeValue(forKey: number) else { return false }
            _ = waiting.popFirst()
            let message = Message.consensus(unsigned.signed(by: settings.own, signature))
            switch unsigned.recipient {
            case nil: broadcast(message)
            case settings.own: break
            case let peer?: carryOut(.send(message, to: peer))
            }
            ownMessages.append(message)
        case .effect(let effect):
            _ = waiting.popFirst()
            carryOut(effect)
        }
        return true
    }

    /// Gives the replica what came of its own effects.
    private func take(_ input: ReplicaInput<P>) {
        var effects: [ReplicaEffect<P>] = []
        replica.handle(input, at: loop.now, wallTime: WallClock.now, into: &effects)
        for effect in effects { enqueue(effect) }
    }

    private func carryOut(_ effect: ReplicaEffect<P>) {
        switch effect {
        case .persist, .store, .sign, .signBatch, .checkAuthorship:
            preconditionFailure("carried out when it was queued")
        case .send(let message, let peer):
            _ = transport.send(Self.kind, message.encoded, lane: Self.lane(of: message), to: peer)
        case .broadcast(let message): broadcast(message)
        case .setTimer(let instant): timer?.schedule(at: instant)
        case .execute(let block): execute(block)
        case .readBlocks(let request, let peer): serve(.readBlocks(request, for: peer), to: peer)
        case .readBatches(let references, let peer):
            serve(.readBatches(references, for: peer), to: peer)
        case .readReady(let ticket):
            for batch in queries.release(upTo: ticket) { executor.append(.query(batch)) }
        case .askApplication(let block, let batches): executor.append(.judge(block, batches))
        case .displaced(let batch): displace(batch)
        case .committed(let run): noteCommitted(run)
        case .accuse(let evidence):
            guard settings.reportsEvidence else { return }
            counters.evidence += 1
            logger.error("validator \(evidence.culprit) contradicted itself in \(evidence)")
        case .diverged(let divergence):
            logger.error("another state than that of validator \(divergence.proposer)")
        case .rejected(let rejection):
            counters.rejections += 1
            logger.debug("rejected: \(rejection)")
        case .rejectedLedger(let rejection, let peer):
            counters.rejections += 1
            logger.debug("rejected from \(peer): \(rejection)")
        }
    }

    /// The most that a peer may have asked the executor for at a time: twice what one that behaves
    /// does. More is dropped, and asked for again by whoever needs it.
    private static var peerCostLimit: Int { 2 * LedgerLimits.batchRequestLimit }

    private func serve(_ job: ExecutorJob, to peer: ValidatorIndex) {
        guard peerCosts[peer.rawValue] < Self.peerCostLimit else {
            counters.dropped += 1
            return
        }
        peerCosts[peer.rawValue] += job.peerCost
        executor.append(job)
    }

    /// Executes `block` as soon as its batches, and those of the blocks before, are durable.
    private func execute(_ block: CommittedBlock) {
        unexecuted.append((records.lastRecord(of: block.block.payload), block))
        executeDurable()
        if !unexecuted.isEmpty { log?.hurry() }
    }

    private func executeDurable() {
        while let next = unexecuted.first, next.record <= records.durableNumber {
            _ = unexecuted.popFirst()
            let places = records.takePlaces(of: next.block.block.payload)
            executor.append(.execute(next.block, places: places))
        }
    }

    private func noteCommitted(_ run: CommittedRun) {
        counters.committedBlocks += UInt64(run.blocks.count)
    }

    // MARK: Network

    /// All messages of replicas have one kind: their own first byte tells them apart.
    static var kind: UInt8 { 1 }

    static func lane(of message: Message) -> Lane {
        switch message {
        case .consensus, .ledger(.readProbe), .ledger(.readClaim): .consensus
        case .ledger(.batch), .ledger(.batchRequest): .batches
        case .ledger(.syncRequest), .ledger(.syncResponse), .ledger(.syncAncestors): .sync
        }
    }

    func broadcast(_ message: Message) {
        _ = transport.broadcast(Self.kind, message.encoded, lane: Self.lane(of: message))
    }

    // MARK: Signing

    private func beginSigning(_ number: UInt64, _ unsigned: P.Unsigned) {
        let bound = LoopBound(self, on: loop)
        let signature = sign(unsigned.signingBytes) { signature in
            bound.loop.post {
                bound.value.signatures[number] = signature
                bound.value.pump()
            }
        }
        if let signature { signatures[number] = signature }
    }

    /// Signs an own batch, while this thread has it written: it is sent only when both are done.
    private func beginSigning(_ reference: BatchReference, _ statement: Statement) {
        let bound = LoopBound(self, on: loop)
        let signature = sign(statement.signingBytes) { signature in
            bound.loop.post {
                bound.value.batchSignatures.append((reference, signature))
                bound.value.pump()
            }
        }
        if let signature { batchSignatures.append((reference, signature)) }
    }

    /// Signs here and now if that is short, or has it done. The signature is returned or, later,
    /// handed to `done`.
    private func sign(
        _ bytes: [UInt8], done: @escaping @Sendable ([UInt8]) -> Void
    ) -> [UInt8]? {
        counters.signed += 1
        guard signingKey.signCost > NodeSettings.inlineLimit else {
            return signingKey.sign(bytes)
        }
        do {
            try pool.sign(bytes, with: signingKey, completion: done)
            return nil
        } catch {
            // The pool is full of verifications or stops: a vote must not wait for that.
            return signingKey.sign(bytes)
        }
    }

    // MARK: Durability

    func becameDurable(_ position: LogPosition) {
        guard trouble == nil else { return }
        let stored = records.becameDurable(position)
        records.flush(to: log)
        executeDurable()
        for reference in stored { give(.stored(reference)) }
        pump()
        continueTruncation()
    }

    /// Gives old log segments up, a step at a time.
    func continueTruncation() {
        switch truncation.step {
        case .idle:
            guard records.appendedByteCount >= LogTruncation.byteCount else { return }
            let upTo = records.durablePosition
            records.resetByteCount()
            guard let last = repeatLiveRecords() else { return }
            truncation.step = .rewriting(
                lastRecord: last, height: replica.committedHeight, upTo: upTo)
        case .rewriting(let lastRecord, let height, let upTo):
            guard records.durableNumber >= lastRecord, replica.executedHeight >= height else {
                return
            }
            records.forgetPlaces(upTo: upTo)
            truncation.step = .syncing(upTo: upTo)
            executor.append(.sync(ticket: 0))
        case .syncing: return
        }
    }

    /// Appends again what is still needed. Returns the number of the last record, or `nil` if one
    /// is too large: what is committed at once has no bound of its own, and the old segments stay
    /// for now.
    private func repeatLiveRecords() -> UInt64? {
        var others: [[UInt8]] = []
        var copies: [BatchCopy] = []
        for record in replica.liveRecords {
            if case .batch(let copy) = record {
                copies.append(copy)
            } else {
                others.append(record.encoded)
            }
        }
        guard others.allSatisfy({ $0.count <= NodeSettings.recordByteLimit }) else { return nil }
        var last = records.durableNumber
        for payload in others {
            last = records.append(
                type: RecordType.replica, parts: [payload], isRepeated: true, to: log)
        }
        for copy in copies {
            last = records.append(copy, isRepeated: true, isUrgent: true, to: log)
        }
        return last
    }

    func finishTruncation() {
        guard case .syncing(let upTo) = truncation.step else { return }
        truncation.step = .idle
        log?.retire(upTo: upTo)
    }
}
