public import BFTBase
public import BFTCore
import BFTLedger

/// What happened in a world, and the judgement on it, restated independently of the code.
public struct History: Sendable {
    /// The block at each height, by height - 1, as the first honest replica executed it.
    private var chain: [(digest: Digest, root: Digest)] = []
    /// How many blocks each replica has executed.
    public private(set) var executedCounts: [Int]
    /// What clients gave to honest replicas.
    private var submittedBatches: Set<Digest> = []
    /// Durable at their honest authors and not executed anywhere yet.
    private(set) var outstandingBatches: Set<BatchReference> = []
    /// Batches in executed blocks, as the first honest replica executed them.
    public private(set) var executedBatches: Set<BatchReference> = []
    public private(set) var accusedValidators: [ValidatorIndex] = []
    /// The height that each waiting read must see, by replica: what anybody honest had executed
    /// when the read came.
    private var waitingReads: [[(ticket: UInt64, height: Int)]]
    public private(set) var answeredReadCount = 0

    private let isHonest: [Bool]

    init(isHonest: [Bool]) {
        self.isHonest = isHonest
        executedCounts = Array(repeating: 0, count: isHonest.count)
        waitingReads = Array(repeating: [], count: isHonest.count)
    }

    public var height: Int { chain.count }

    /// The number of batches that are durable at their honest authors and executed nowhere.
    public var outstandingCount: Int { outstandingBatches.count }

    func waitingReadCount(at node: ValidatorIndex) -> Int { waitingReads[node.rawValue].count }

    mutating func submitted(_ batch: Batch) { submittedBatches.insert(batch.digest) }

    mutating func stored(_ reference: BatchReference) {
        if !executedBatches.contains(reference) { outstandingBatches.insert(reference) }
    }

    mutating func accused(_ validator: ValidatorIndex) {
        if !accusedValidators.contains(validator) { accusedValidators.append(validator) }
    }

    /// A power cut took executed blocks back, and whoever waited for an answer.
    mutating func powerWasCut(keeping count: Int, at node: ValidatorIndex) {
        executedCounts[node.rawValue] = min(executedCounts[node.rawValue], count)
        waitingReads[node.rawValue] = []
    }

    /// Notes an execution. Says what is wrong with it, if anything.
    mutating func executed(
        _ committed: CommittedBlock, root: Digest, at node: ValidatorIndex
    ) -> String? {
        let height = Int(committed.block.height.rawValue)
        executedCounts[node.rawValue] = height
        if height <= chain.count {
            let (digest, earlierRoot) = chain[height - 1]
            if digest != committed.block.digest { return "two blocks at height \(height)" }
            return earlierRoot == root ? nil : "two states at height \(height)"
        }
        guard height == chain.count + 1 else { return "height \(height) came too early" }
        chain.append((committed.block.digest, root))
        guard committed.batches.map(\.reference) == committed.block.payload else {
            return "height \(height) was executed with other batches than it names"
        }
        for batch in committed.batches {
            if !executedBatches.insert(batch.reference).inserted {
                return "batch \(batch.sequence) of \(batch.author) was executed twice"
            }
            // An empty batch fills the place of one that a power cut took.
            let isMadeUp = batch.transactionCount > 0 && !submittedBatches.contains(batch.digest)
            if isMadeUp, isHonest[batch.author.rawValue] {
                return "batch \(batch.sequence) of \(batch.author) comes from nobody"
            }
            outstandingBatches.remove(batch.reference)
        }
        return nil
    }

    /// Notes a read. It has to see every block that any honest replica has executed by now: a
    /// client of that replica may have been told.
    mutating func requestedRead(_ ticket: UInt64, at node: ValidatorIndex) {
        waitingReads[node.rawValue].append((ticket, chain.count))
    }

    /// Notes that reads up to `ticket` see the state after `height`. Says whether that is too old.
    mutating func answeredReads(
        upTo ticket: UInt64, seeing height: Int, at node: ValidatorIndex
    ) -> String? {
        var stale: String?
        waitingReads[node.rawValue].removeAll { read in
            guard read.ticket <= ticket else { return false }
            answeredReadCount += 1
            if height < read.height {
                stale = "\(node) reads height \(height) after \(read.height) was acknowledged"
            }
            return true
        }
        return stale
    }
}
