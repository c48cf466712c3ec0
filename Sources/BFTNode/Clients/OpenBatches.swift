import BFTBase
import BFTCore

/// The batch that is being filled, and the own batches that are not answered yet.
///
/// A batch is sealed when few are under way or when it is large: alone, a transaction goes at once;
/// under load, transactions gather while earlier ones are ordered.
///
/// - Invariant O1: batches are answered in the order in which they were sealed, so that a client
///   never takes the answer to one command for the answer to another.
struct OpenBatches {
    private struct UnderWay {
        let reference: BatchReference
        /// Who waits for each transaction.
        let origins: [UInt64]
        /// Whether another batch was ordered in its place.
        var isDisplaced = false
    }

    private let author: ValidatorIndex
    private let targetBytes: Int
    private var builder = BatchBuilder()
    private var origins: [UInt64] = []
    private var underWay = Deque<UnderWay>()
    /// Batches that wait for the executor's results before another small one is sealed.
    private static let underWayLimit = 8

    init(author: ValidatorIndex, targetBytes: Int) {
        self.author = author
        self.targetBytes = min(targetBytes, Batch.byteLimit)
    }

    var isEmpty: Bool { builder.isEmpty }
    var byteCount: Int { builder.byteCount }
    var hasUnanswered: Bool { !builder.isEmpty || !underWay.isEmpty }

    /// Whether a transaction of `byteCount` bytes fits into the open batch.
    func hasRoom(for byteCount: Int) -> Bool {
        builder.hasRoom(for: byteCount)
            && (builder.isEmpty
                || builder.byteCount + Batch.transactionOverhead + byteCount <= targetBytes)
    }

    /// Whether the open batch should be sealed now.
    var isDue: Bool {
        !builder.isEmpty
            && (underWay.count < Self.underWayLimit || builder.byteCount >= targetBytes)
    }

    mutating func append(
        _ origin: UInt64, upTo limit: Int, _ write: (inout [UInt8]) -> Void
    ) {
        builder.append(upTo: limit, write)
        origins.append(origin)
    }

    mutating func seal(sequence: BatchSequence) -> Batch {
        let batch = builder.seal(author: author, sequence: sequence)
        underWay.append(UnderWay(reference: batch.reference, origins: origins))
        origins = []
        origins.reserveCapacity(batch.transactionCount)
        return batch
    }

    /// Who waits for the transactions of the executed batch, or `nil` if nobody does: it was sealed
    /// before a restart.
    mutating func finish(_ reference: BatchReference) -> [UInt64]? {
        guard underWay.first?.reference == reference else { return nil }
        return underWay.popFirst()?.origins
    }

    /// Notes that the batch can never be ordered. Its turn to be answered comes in order.
    mutating func displace(_ reference: BatchReference) {
        for position in 0..<underWay.count where underWay[position].reference == reference {
            underWay[position].isDisplaced = true
        }
    }

    /// Who waits for the transactions of the oldest batch, if that can never be ordered.
    mutating func takeDisplaced() -> [UInt64]? {
        guard underWay.first?.isDisplaced == true else { return nil }
        return underWay.popFirst()?.origins
    }
}
