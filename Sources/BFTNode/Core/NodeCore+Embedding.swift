import BFTBase
import BFTChain
import BFTCore
import BFTServer

/// What became of a request for a block: the block, or `nil` if it is not there yet.
typealias BlockCompletion = (Result<StoredBlock?, RequestError>) -> Void

// What the embedding program and HTTP ask for.
extension NodeCore {
    /// Takes a transaction. Returns the ticket under which it waits, unless it was refused.
    @discardableResult
    func submit(
        _ transaction: [UInt8], _ completion: @escaping RequestDesk<Receipt>.Completion
    ) -> UInt64? {
        guard hasRoomForRequests else { return answer(completion, .busy) }
        let ticket = submissions.open(completion)
        let admission = submit(ticket, upTo: transaction.count) {
            $0.append(contentsOf: transaction)
        }
        guard case .refused(let error) = admission else { return ticket }
        return answer(submissions.take(ticket), error)
    }

    /// Takes a query, to be answered linearizably. Returns the ticket, as above.
    @discardableResult
    func query(
        _ request: [UInt8], _ completion: @escaping RequestDesk<QueryAnswer>.Completion
    ) -> UInt64? {
        guard hasRoomForRequests else { return answer(completion, .busy) }
        let ticket = lookups.open(completion)
        let admission = read(ticket, isLocal: false) { $0.append(contentsOf: request) }
        guard case .refused(let error) = admission else { return ticket }
        return answer(lookups.take(ticket), error)
    }

    private var hasRoomForRequests: Bool { submissions.count + lookups.count < QueryDesk.limit }

    private func answer<Value>(
        _ completion: RequestDesk<Value>.Completion?, _ error: RequestError
    ) -> UInt64? {
        completion?(.failure(error))
        return nil
    }

    /// Reads a block and what commits it from the disk.
    func readBlock(_ height: Height, _ completion: @escaping BlockCompletion) {
        guard !hasAbandonedClients else { return completion(.failure(.stopped)) }
        guard blockReads.count < QueryDesk.limit else { return completion(.failure(.busy)) }
        nextBlockRead += 1
        blockReads[nextBlockRead] = completion
        executor.append(.readBlock(height, ticket: nextBlockRead))
    }
}
