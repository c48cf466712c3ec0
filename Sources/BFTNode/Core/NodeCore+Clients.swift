import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import BFTLogging
import BFTServer
import BFTSockets
import BFTTransport
import BFTWire

/// Where the results for sessions go.
protocol SessionHost: AnyObject {
    /// The answer to the oldest write or read of the session that `origin` names.
    func answerWrite(_ origin: UInt64, _ result: RawSpan)
    func answerRead(_ origin: UInt64, _ result: RawSpan)
    /// The answer to every command under way.
    func failAll(_ text: String)
    /// There is room again for what was refused as busy.
    func resumeBusy()
}

/// What became of a transaction or a query that was handed in.
enum Acceptance: Equatable {
    /// It is on its way. One answer comes.
    case accepted
    case refused(RequestError)

    static var busy: Acceptance { .refused(.busy) }
}

// What clients want: transactions into batches, queries to the executor, results back.
extension NodeCore {
    /// Why clients are turned away, if they are.
    var refusal: RequestError? {
        if let trouble { return .failed(trouble) }
        return isStopping ? .stopped : nil
    }

    /// Takes a transaction into the open batch.
    func submit(
        _ origin: UInt64, upTo limit: Int, _ write: (inout [UInt8]) -> Void
    ) -> Acceptance {
        if let refusal { return .refused(refusal) }
        guard limit <= settings.transactionBytes else {
            return .refused(.tooLarge(byteCount: limit, limit: settings.transactionBytes))
        }
        if !batches.hasRoom(for: limit) { sealNow() }
        guard batches.hasRoom(for: limit) else { return .busy }
        if batches.isEmpty, !ledgerHasRoom { return .busy }
        batches.append(origin, upTo: limit, write)
        counters.submitted += 1
        return .accepted
    }

    /// Whether the ledger takes another batch. Asked for each batch, and not for each transaction.
    @inline(never)
    private var ledgerHasRoom: Bool { host.ask { $0.hasRoom(for: settings.batchBytes) } }

    func read(
        _ origin: UInt64, isLocal: Bool, _ write: (inout [UInt8]) -> Void
    ) -> Acceptance {
        if let refusal { return .refused(refusal) }
        guard queries.hasRoom else { return .busy }
        queries.append(origin, isLocal: isLocal, write)
        return .accepted
    }

    func sealIfDue() {
        if batches.isDue { sealNow() }
    }

    /// Seals the open batch, if the ledger has room for another.
    private func sealNow() {
        guard !batches.isEmpty, host.ask({ $0.hasRoom(for: batches.byteCount) }) else { return }
        give(.sealed(batches.seal(sequence: host.ask { $0.nextOwnSequence })))
    }

    func submitQueries() {
        if let batch = queries.takeLocal() { executor.append(.query(batch)) }
        if let ticket = queries.hold() { give(.read(ticket: ticket)) }
    }

    /// A batch of this validator can't be ordered any more. Its transactions are not put into
    /// another one: the answers of a session that goes on would change places.
    func displace(_ batch: Batch) {
        batches.displace(batch.reference)
        answerDisplaced()
    }

    private func answerDisplaced() {
        while let origins = batches.takeDisplaced() {
            for origin in origins { refuse(origin, .displaced) }
        }
    }

    /// Answers one transaction with an error of the node's own.
    private func refuse(_ origin: UInt64, _ error: RequestError) {
        if Tickets.contain(origin) {
            submissions.take(origin)?(.failure(error))
        } else {
            var reply = ResultWriter()
            reply.error(Array(error.reply.utf8))
            sessions?.answerWrite(origin, reply.bytes.span.bytes)
        }
    }

    // MARK: What the executor did

    func take(_ outcomes: [ExecutorOutcome], byteCount: Int) {
        executor.took(byteCount: byteCount)
        guard trouble == nil else { return }
        for outcome in outcomes {
            switch outcome {
            case .executed(let block, let root, let results):
                finish(block, root, results)
            case .answered(let answered): deliver(answered)
            case .judged(let digest, let isValid):
                give(.applicationJudged(digest, isValid: isValid))
            case .blocks(let answer, let peer):
                send(.ledger(answer), to: peer)
            case .batch(let batch, let peer):
                send(.ledger(.batch(BatchCopy(batch))), to: peer)
            case .served(let peer, let cost, let unclaimed):
                peerCosts[peer.rawValue] -= cost
                reads.charge(unclaimed, to: peer, at: loop.now)
            case .block(let block, let ticket):
                blockReads.removeValue(forKey: ticket)?(.success(block))
            case .synced: storeSynced()
            case .failed(let error): return fail(.storage(error))
            }
        }
        sessions?.resumeBusy()
    }

    private func finish(_ committed: CommittedBlock, _ root: Digest, _ results: [BatchResults]) {
        counters.executedTransactions += committed.batches.reduce(0) {
            $0 + UInt64($1.transactionCount)
        }
        counters.stateRoot = root
        give(.executed(committed.block.height, stateRoot: root))
        guard !hasAbandonedClients else { return }
        // The results are those of some of the batches, in the same order.
        var (first, next) = (0, 0)
        for batch in committed.batches {
            defer { first += batch.transactionCount }
            guard next < results.count, results[next].reference == batch.reference else { continue }
            defer { next += 1 }
            guard let origins = batches.finish(batch.reference) else { continue }
            deliver(results[next].results, to: origins, from: first, of: committed, root)
            answerDisplaced()
        }
    }

    /// - Parameter first: the place in the block of the first of these transactions.
    private func deliver(
        _ results: ResultWriter, to origins: [UInt64], from first: Int,
        of committed: CommittedBlock, _ root: Digest
    ) {
        let bytes = results.bytes.span.bytes
        let sessions = sessions
        var start = 0
        for (position, origin) in origins.enumerated() {
            guard position < results.count else {
                refuse(origin, .resultNotKept)
                continue
            }
            let end = results.ends[position]
            let result = bytes.extracting(start..<end)
            start = end
            guard Tickets.contain(origin) else {
                sessions?.answerWrite(origin, result)
                continue
            }
            submissions.take(origin)?(
                .success(
                    Receipt(
                        height: committed.block.height, position: first + position,
                        result: result.withUnsafeBytes { Array($0) },
                        certificate: committed.certificate, stateRoot: root)))
        }
    }

    private func deliver(_ answered: AnsweredQueries) {
        queries.answered(
            count: answered.origins.count, byteCount: answered.requestByteCount)
        guard !hasAbandonedClients else { return }
        let bytes = answered.answers.bytes.span.bytes
        let sessions = sessions
        var start = 0
        for (origin, end) in zip(answered.origins, answered.answers.ends) {
            let answer = bytes.extracting(start..<end)
            start = end
            guard Tickets.contain(origin) else {
                sessions?.answerRead(origin, answer)
                continue
            }
            lookups.take(origin)?(
                .success(
                    QueryAnswer(
                        value: answer.withUnsafeBytes { Array($0) },
                        height: host.replica.executedHeight, stateRoot: counters.stateRoot)))
        }
    }
}
