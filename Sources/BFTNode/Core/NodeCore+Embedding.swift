import BFTBase
import BFTChain
import BFTCore
import BFTServer

/// What became of a request for a block: the block, or `nil` if it is not there yet.
typealias BlockCompletion = (Result<StoredBlock?, NodeError>) -> Void

// What the embedding program and HTTP ask for.
extension NodeCore {
    /// Begins something that ends with a receipt. `body` gets the ticket under which it waits.
    func open(
        _ completion: @escaping Completion, _ body: (NodeCore, UInt64) -> Admission
    ) {
        guard submissions.count < QueryDesk.limit else {
            return completion(.failure(.busy))
        }
        let ticket = submissions.open(completion)
        switch body(self, ticket) {
        case .accepted: return
        case .busy: submissions.take(ticket)?(.failure(.busy))
        case .refused(let text): submissions.take(ticket)?(.failure(.refused(text)))
        }
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
