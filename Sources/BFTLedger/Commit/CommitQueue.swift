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

        var isComplete: Bool { !batches.contains { $0 == nil } }
    }

    private var entries = Deque<Entry>()
    /// How many of `entries`, from the first, the executor has.
    private var handedOver = 0
    /// The last committed block, executed or not.
    private(set) var tail: Block
    private(set) var lastExecuted: BlockName
    private let inFlightLimit: Int
    /// What committed blocks lack. Never walked.
    private var lacking: Set<BatchReference> = []

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
        entries.append(
            Entry(block: block, certificate: certificate, frontier: frontier, batches: batches))
        for (reference, batch) in zip(block.payload, batches) where batch == nil {
            lacking.insert(reference)
        }
        tail = block
    }

    /// Takes a batch that a committed block lacked. Says whether one did.
    mutating func supply(_ batch: Batch) -> Bool {
        guard lacking.remove(batch.reference) != nil else { return false }
        for position in handedOver..<entries.count {
            let entry = entries[position]
            for (index, reference) in entry.block.payload.enumerated()
            where reference == batch.reference && entry.batches[index] == nil {
                entries[position].batches[index] = batch
                return true
            }
        }
        return false
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
            for (reference, batch) in zip(entry.block.payload, entry.batches) where batch == nil {
                missing.append(
                    (reference, entry.block.proposer, entry.certificate.signers))
                if missing.count == limit { return missing }
            }
        }
        return missing
    }

    func lacks(_ reference: BatchReference) -> Bool { lacking.contains(reference) }

    /// A batch of a block that is not executed yet.
    func batch(_ reference: BatchReference) -> Batch? {
        for entry in entries {
            for case let batch? in entry.batches where batch.reference == reference { return batch }
        }
        return nil
    }

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
        lastExecuted = BlockName(height: height, digest: entry.block.digest)
    }
}
