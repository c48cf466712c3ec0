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
            let number = records.append(type: RecordType.replica, payload: payload, to: log)
            waiting.append(.record(number))
        case .store(let batch):
            // No barrier: what needs the batch waits for `stored`. A peer's batch needs no sync
            // before there is a vote that stands on it, and then both share one.
            _ = records.append(
                type: RecordType.of(batch), payload: batch.encoded, batch: batch.reference,
                isUrgent: batch.author == settings.own, to: log)
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
            guard let message = ownMessages.popFirst() else { return }
            hearOneself(message)
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

    private func hearOneself(_ message: Message) {
        var effects: [ReplicaEffect<P>] = []
        let verified = keys.verifiedOwn(message)
        replica.handle(
            .received(verified, from: settings.own), at: loop.now, wallTime: WallClock.now,
            into: &effects)
        for effect in effects { enqueue(effect) }
    }

    private func carryOut(_ effect: ReplicaEffect<P>) {
        switch effect {
        case .persist, .store, .sign: preconditionFailure("carried out when it was queued")
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
        counters.signed += 1
        let statement = unsigned.signingBytes
        guard signingKey.signCost > NodeSettings.inlineLimit else {
            signatures[number] = signingKey.sign(statement)
            return
        }
        let bound = LoopBound(self, on: loop)
        let done: @Sendable ([UInt8]) -> Void = { signature in
            bound.loop.post {
                bound.value.signatures[number] = signature
                bound.value.pump()
            }
        }
        do {
            try pool.sign(statement, with: signingKey, completion: done)
        } catch {
            // The pool is full of verifications or stops: a vote must not wait for that.
            signatures[number] = signingKey.sign(statement)
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
        let live = replica.liveRecords.map { record in
            if case .batch(let batch) = record {
                return (RecordType.of(batch), batch.encoded, batch.reference as BatchReference?)
            }
            return (RecordType.replica, record.encoded, nil)
        }
        guard live.allSatisfy({ $0.1.count <= NodeSettings.recordByteLimit }) else { return nil }
        var last = records.durableNumber
        for (type, payload, batch) in live {
            last = records.append(
                type: type, payload: payload, batch: batch, isRepeated: true, to: log)
        }
        return last
    }

    func finishTruncation() {
        guard case .syncing(let upTo) = truncation.step else { return }
        truncation.step = .idle
        log?.retire(upTo: upTo)
    }
}
