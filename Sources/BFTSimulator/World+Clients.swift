import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import KeyValueStore

// Clients: what they ask of their node, and what they are answered.
extension World {
    /// The keys that clients share. Few, so that they get in each other's way.
    private static var keyCount: Int { 4 }

    /// Some idle clients of `node` write, and the node seals a batch of what they want.
    mutating func submit(at node: ValidatorIndex) {
        guard now < submitUntil else { return }
        clients[node.rawValue].submissionCount += 1
        let decision = Decision(
            .submission, at: node.rawValue, ordinal: clients[node.rawValue].submissionCount)
        var random = decision.random(seed: decisionSeed)
        let pause = UInt64.random(in: plan.submitPauseMilliseconds, using: &random)
        events.add(.submit(node), at: now.advanced(by: .milliseconds(pause)))
        guard script.admits(decision), nodes[node.rawValue].isServing,
            let replica = nodes[node.rawValue].host?.replica, !clients[node.rawValue].idle.isEmpty
        else { return }
        guard replica.hasRoom(for: 4_096) else { return statistics[.refusedBusy] += 1 }
        var builder = BatchBuilder()
        var waiting: [Int] = []
        let limit = Int.random(in: 1...plan.clientCount, using: &random)
        while waiting.count < limit, let client = clients[node.rawValue].take() {
            let action = write(&random)
            let transaction = action.encoded
            builder.append(upTo: transaction.count) { $0.append(contentsOf: transaction) }
            waiting.append(begin(action, client, at: node))
        }
        let batch = builder.seal(author: node, sequence: replica.nextOwnSequence)
        nodes[node.rawValue].openBatches.append(
            .init(reference: batch.reference, operations: waiting))
        observe(.submitted(batch, at: node), at: node)
        for number in waiting {
            observe(
                .invoked(number, operations[number].action, batch: batch.reference, at: node),
                at: node)
        }
        traceClient(.submitted, of: node, "batch \(batch.author)/\(batch.sequence)")
        give(.sealed(batch), to: node)
    }

    /// `node` seals one batch more, which no client waits for.
    mutating func submitLast(at node: ValidatorIndex) -> BatchReference? {
        guard let replica = nodes[node.rawValue].host?.replica else { return nil }
        let transaction = ClientOperation.Action.add(key: 0, value: 1).encoded
        var builder = BatchBuilder()
        builder.append(upTo: transaction.count) { $0.append(contentsOf: transaction) }
        let batch = builder.seal(author: node, sequence: replica.nextOwnSequence)
        observe(.submitted(batch, at: node), at: node)
        give(.sealed(batch), to: node)
        return batch.reference
    }

    private func write(_ random: inout SplitMix64) -> ClientOperation.Action {
        let key = Int.random(in: 0..<Self.keyCount, using: &random)
        // No two alike, so that an answer says whose value it is.
        let value = 1 + Int64(random.next() >> 12)
        return switch Int.random(in: 0..<10, using: &random) {
        case 0...3: .set(key: key, value: value)
        case 4: .setIfAbsent(key: key, value: value)
        case 5: .exchange(key: key, value: value)
        case 6, 7: .add(key: key, value: 1 + value >> 20)
        case 8: .delete(key: key)
        default: .setExpiring(key: key, value: value, milliseconds: 1 + Int(value % 500))
        }
    }

    /// A client of `node` reads.
    mutating func read(at node: ValidatorIndex) {
        guard now < submitUntil else { return }
        clients[node.rawValue].readCount += 1
        let decision = Decision(
            .read, at: node.rawValue, ordinal: clients[node.rawValue].readCount)
        var random = decision.random(seed: decisionSeed)
        let pause = UInt64.random(in: 20...200, using: &random)
        events.add(.read(node), at: now.advanced(by: .milliseconds(pause)))
        let key = Int.random(in: 0..<Self.keyCount, using: &random)
        guard script.admits(decision), nodes[node.rawValue].isServing, isHonest(node),
            let client = clients[node.rawValue].take()
        else { return }
        let operation = begin(.get(key: key), client, at: node)
        nodes[node.rawValue].lastTicket += 1
        let ticket = nodes[node.rawValue].lastTicket
        nodes[node.rawValue].openReads.append((ticket, operation))
        observe(.readRequested(ticket, at: node), at: node)
        observe(.invoked(operation, .get(key: key), batch: nil, at: node), at: node)
        traceClient(.read, of: node, "ticket \(ticket)")
        give(.read(ticket: ticket), to: node)
        if mistakes.isReadingAtOnce { answerReads(upTo: ticket, at: node) }
    }

    /// Returns the position of the operation.
    private mutating func begin(
        _ action: ClientOperation.Action, _ client: Int, at node: ValidatorIndex
    ) -> Int {
        statistics[.operations] += 1
        operations.append(
            ClientOperation(client: client, node: node, action: action, invokedAt: now))
        return operations.count - 1
    }

    // MARK: Answers

    mutating func answerReads(upTo ticket: UInt64, at node: ValidatorIndex) {
        let height = Int(nodes[node.rawValue].state.block.height.rawValue)
        observe(.readsAnswered(upTo: ticket, seeing: height, at: node), at: node)
        let ready = nodes[node.rawValue].openReads.filter { $0.ticket <= ticket }
        nodes[node.rawValue].openReads.removeAll { $0.ticket <= ticket }
        for read in ready {
            var answer = ResultWriter()
            let request = operations[read.operation].action.encoded
            nodes[node.rawValue].storage?.executor.application.query(
                request.span.bytes, answer: &answer)
            finish(read.operation, ClientOperation.Answer(result: answer.result(0)))
        }
    }

    /// Answers the clients whose batches were executed.
    mutating func answerWrites(_ results: [BatchResults], at node: ValidatorIndex) {
        for batch in results {
            let position = nodes[node.rawValue].openBatches.firstIndex {
                $0.reference == batch.reference
            }
            // Sealed before a restart: whoever waited is gone.
            guard let position else { continue }
            let open = nodes[node.rawValue].openBatches.remove(at: position)
            for (number, operation) in open.operations.enumerated() {
                finish(operation, ClientOperation.Answer(result: batch.results.result(number)))
            }
        }
    }

    private mutating func finish(_ operation: Int, _ answer: ClientOperation.Answer) {
        statistics[.answered] += 1
        operations[operation].answer = answer
        operations[operation].answeredAt = now
        note(UInt64(operation))
        let node = operations[operation].node
        observe(.answered(operation, answer, at: node), at: node)
        clients[operations[operation].node.rawValue].give(back: operations[operation].client)
    }

    /// Tells who waits for `batch` that it can never be ordered.
    mutating func refuseClients(of batch: BatchReference, at node: ValidatorIndex) {
        let open = nodes[node.rawValue].openBatches.filter { $0.reference == batch }
        nodes[node.rawValue].openBatches.removeAll { $0.reference == batch }
        for operation in open.flatMap(\.operations) {
            operations[operation].isRefused = true
            clients[node.rawValue].give(back: operations[operation].client)
        }
    }

    /// The node is gone, and so is every answer.
    mutating func abandonClients(of node: ValidatorIndex) {
        for _ in clients[node.rawValue].idle.count..<plan.clientCount {
            clients[node.rawValue].replace()
        }
    }
}
