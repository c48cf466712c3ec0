import BFTBase
import BFTCore

/// Committed blocks on their way to the executor, strictly by height.
///
/// - Invariant Q1: heights handed over are consecutive, and no block is handed over before all
///   its batches are here.
struct CommitQueue: Equatable, Sendable {
    private struct Entry: Equatable, Sendable {
        let block: Block
        let certificate: CommitCertificate
        let frontier: [BatchSequence]
        var batches: [Batch?]
        /// How many of them are missing.
        var lackingCount: Int

        var isComplete: Bool { lackingCount == 0 }
    }

    /// Where a batch stands: in the block of a height, and in its payload.
    private struct Place: Equatable, Sendable {
        let height: Height
        let index: Int
    }

    private var entries = Deque<Entry>()
    /// How many of `entries`, from the first, the executor has.
    private var handedOver = 0
    /// The last committed block, executed or not.
    private(set) var tail: Block
    private(set) var lastExecuted: BlockName
    private let inFlightLimit: Int
    /// What committed blocks lack, and what is here of those that are not executed yet: peers ask
    /// for both by name, as often as they like. Never walked.
    private var lacking: [BatchReference: Place] = [:]
    private var held: [BatchReference: Batch] = [:]

    init(root: Block, inFlightLimit: Int) {
        tail = root
        lastExecuted = BlockName(height: root.height, digest: root.digest)
        self.inFlightLimit = inFlightLimit
    }

    var executed: Height { lastExecuted.height }

    /// How many committed blocks are not executed yet.
    var backlog: Int { entries.count }

    /// What commits the last block, unless that is executed.
    var tailCertificate: CommitCertificate? { entries.last?.certificate }

    /// The blocks that are not executed yet, those of one certificate together.
    var runs: [CommittedRun] {
        var runs: [CommittedRun] = []
        var blocks: [Block] = []
        for entry in entries {
            blocks.append(entry.block)
            guard let run = CommittedRun(blocks: blocks, certificate: entry.certificate) else {
                continue  // The certificate commits a later block.
            }
            runs.append(run)
            blocks = []
        }
        return runs
    }

    /// The batches that are here of the blocks that are not executed yet.
    var batches: [Batch] { entries.flatMap { $0.batches.compactMap(\.self) } }

    mutating func append(
        _ block: Block, certificate: CommitCertificate, frontier: [BatchSequence],
        batches: [Batch?]
    ) {
        precondition(
            block.parent == tail.digest && block.height == tail.height.next,
            "Q1: a gap in the committed chain")
        var lackingCount = 0
        for (index, reference) in block.payload.enumerated() {
            if let batch = batches[index] {
                held[reference] = batch
            } else {
                lacking[reference] = Place(height: block.height, index: index)
                lackingCount += 1
            }
        }
        entries.append(
            Entry(
                block: block, certificate: certificate, frontier: frontier, batches: batches,
                lackingCount: lackingCount))
        tail = block
    }

    /// Takes a batch that a committed block lacked. Says whether one did.
    mutating func supply(_ batch: Batch) -> Bool {
        guard let place = lacking.removeValue(forKey: batch.reference) else { return false }
        let position = Int(place.height.rawValue - lastExecuted.height.rawValue) - 1
        entries[position].batches[place.index] = batch
        entries[position].lackingCount -= 1
        held[batch.reference] = batch
        return true
    }

    /// The batches that committed blocks lack, of the first few blocks, with the proposer and those
    /// who have signed what commits each.
    func missing(
        limit: Int
    ) -> [(BatchReference, proposer: ValidatorIndex, signers: Bitmap)] {
        guard !lacking.isEmpty else { return [] }
        var missing: [(BatchReference, proposer: ValidatorIndex, signers: Bitmap)] = []
        for position in handedOver..<entries.count {
            let entry = entries[position]
            guard !entry.isComplete else { continue }
            for (reference, batch) in zip(entry.block.payload, entry.batches) where batch == nil {
                missing.append(
                    (reference, entry.block.proposer, entry.certificate.signers))
                if missing.count == limit { return missing }
            }
        }
        return missing
    }

    func lacks(_ reference: BatchReference) -> Bool { lacking[reference] != nil }

    /// A batch of a block that is not executed yet.
    func batch(_ reference: BatchReference) -> Batch? { held[reference] }

    /// The next block for the executor, if it is complete and there is room.
    mutating func nextForExecution() -> CommittedBlock? {
        guard handedOver < min(entries.count, inFlightLimit), entries[handedOver].isComplete else {
            return nil
        }
        let entry = entries[handedOver]
        handedOver += 1
        return CommittedBlock(
            block: entry.block, batches: entry.batches.compactMap(\.self),
            certificate: entry.certificate, frontier: entry.frontier)
    }

    mutating func finished(_ height: Height) {
        guard handedOver > 0, let entry = entries.popFirst(), entry.block.height == height else {
            preconditionFailure("Q1: executed out of order")
        }
        handedOver -= 1
        for reference in entry.block.payload { held[reference] = nil }
        lastExecuted = BlockName(height: height, digest: entry.block.digest)
    }
}
