import BFTBase
import BFTChain
import BFTCore
import BFTCrypto
import BFTDisk
import BFTLedger
import BFTLogging
import BFTServer
import BFTSockets
import BFTStorage
import BFTTransport
import BFTWire

// What the host says is done, one thing after another.
extension NodeCore {
    /// Does what may be done now.
    func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while let output = host.next() { perform(output) }
        isStatusDue = true
    }

    private func perform(_ output: HostOutput<P>) {
        switch output {
        case .append(let record): append(record)
        case .hurry: log.hurry()
        case .sign(let request): beginSigning(request)
        case .checkAuthorship(let vote): checkAuthorship(vote)
        case .publish(let unsigned, let message):
            switch unsigned.recipient {
            case nil: broadcast(message)
            case settings.own: break
            case let peer?: send(message, to: peer)
            }
        case .give(let input): host.handle(input, at: loop.now, wallTime: loop.wallTime)
        case .send(let message, let peer): send(message, to: peer)
        case .broadcast(let message): broadcast(message)
        case .setTimer(let instant): timer?.schedule(at: instant)
        case .execute(let block, let places): executor.append(.execute(block, places: places))
        case .readBlocks(let request, let peer): serve(.readBlocks(request, for: peer), to: peer)
        case .readBatches(let references, let peer):
            serve(.readBatches(references, for: peer), to: peer)
        case .readReady(let ticket):
            for batch in queries.release(upTo: ticket) { executor.append(.query(batch)) }
        case .askApplication(let block, let batches): executor.append(.judge(block, batches))
        case .displaced(let batch): displace(batch)
        case .committed(let run): counters.committedBlocks += UInt64(run.blocks.count)
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
        case .syncStore: executor.append(.sync)
        case .retire(let position): log.retire(upTo: position)
        }
    }

    private func append(_ record: HostRecord<P>) {
        let parts = record.parts
        guard let position = log.append(type: record.type, parts: parts, isUrgent: record.isUrgent)
        else { return host.logIsFull() }
        host.appended(at: position, byteCount: parts.reduce(0) { $0 + $1.count })
    }

    /// The most that a peer may have asked the executor for at a time: twice what one that behaves
    /// does. More is dropped, and asked for again by whoever needs it.
    private static var peerCostLimit: Int { 2 * LedgerLimits.batchRequestLimit }

    private func serve(_ job: ExecutorJob, to peer: ValidatorIndex) {
        guard peerCosts[peer.rawValue] < Self.peerCostLimit, reads.hasRoom(for: peer, at: loop.now)
        else {
            counters.dropped += 1
            return
        }
        peerCosts[peer.rawValue] += job.peerCost
        reads.charge(job.claimedByteCount, to: peer, at: loop.now)
        executor.append(job)
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

    func send(_ message: Message, to peer: ValidatorIndex) {
        _ = transport.send(Self.kind, message.encoded, lane: Self.lane(of: message), to: peer)
    }

    func broadcast(_ message: Message) {
        _ = transport.broadcast(Self.kind, message.encoded, lane: Self.lane(of: message))
    }

    // MARK: Signing

    /// Signs here and now if that is short, or has it done.
    private func beginSigning(_ request: SigningRequest<P>) {
        counters.signed += 1
        let (ticket, bytes) = (request.ticket, request.bytes)
        if signingKey.signCost <= settings.inlineSigning,
            inlineSignatures.take(signingKey.signCost.nanoseconds, at: loop.now)
        {
            return host.signed(ticket, signingKey.sign(bytes))
        }
        let hand = loop.callback(to: self) { core, signature in
            core.host.signed(ticket, signature)
            core.pump()
        }
        do {
            try pool.sign(bytes, with: signingKey, completion: hand)
        } catch {
            // The pool is full of verifications or stops: a vote must not wait for that.
            host.signed(ticket, signingKey.sign(bytes))
        }
    }

    // MARK: Durability

    func becameDurable(_ position: LogPosition) {
        host.durable(upTo: position)
        pump()
    }

    func storeSynced() {
        host.storeSynced()
        pump()
    }
}
