import BFTBase
import BFTCore

/// The batch that is being filled, and the own batches that are not answered yet.
///
/// A batch is sealed when few are under way or when it is large: alone, a transaction goes at once;
/// under load, transactions gather while earlier ones are ordered.
struct OpenBatches {
    private struct UnderWay {
        let sequence: BatchSequence
        /// Who waits for each transaction.
        let origins: [UInt64]
    }

    private let author: ValidatorIndex
    private let targetBytes: Int
    private var builder = BatchBuilder()
    private var origins: [UInt64] = []
    private var underWay = Deque<UnderWay>()
    /// Batches that wait for the executor's results before another small one is sealed.
    private static let underWayLimit = 4

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
            && (builder.isEmpty || builder.byteCount + byteCount <= targetBytes)
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
        underWay.append(UnderWay(sequence: sequence, origins: origins))
        origins = []
        origins.reserveCapacity(builder.transactionCount)
        return builder.seal(author: author, sequence: sequence)
    }

    /// Who waits for the transactions of the batch at `sequence`, or `nil` if nobody does: it was
    /// sealed before a restart.
    mutating func finish(_ sequence: BatchSequence) -> [UInt64]? {
        guard let position = underWay.firstIndex(where: { $0.sequence == sequence }) else {
            return nil
        }
        if position == 0 { return underWay.popFirst()?.origins }
        // Out of order only when a batch was displaced.
        let found = underWay[position].origins
        var rest = Deque<UnderWay>()
        for entry in underWay where entry.sequence != sequence { rest.append(entry) }
        underWay = rest
        return found
    }
}
