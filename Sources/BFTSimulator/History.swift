public import BFTBase
public import BFTCore
import BFTLedger

/// What happened in a world, and the judgement on it, restated independently of the code.
public struct History {
    /// The block at each height, by height - 1, as the first honest replica executed it.
    private var chain: [(digest: Digest, root: Digest)] = []
    /// How many blocks each replica has executed.
    public private(set) var executedCounts: [Int]
    private var submittedBatches: [Digest] = []
    /// Batches in executed blocks, as the first honest replica executed them.
    public private(set) var executedBatches: [BatchReference] = []
    public private(set) var accusedValidators: [ValidatorIndex] = []

    init(validatorCount: Int) {
        executedCounts = Array(repeating: 0, count: validatorCount)
    }

    public var height: Int { chain.count }

    mutating func submitted(_ batch: Batch) { submittedBatches.append(batch.digest) }

    mutating func accused(_ validator: ValidatorIndex) {
        if !accusedValidators.contains(validator) { accusedValidators.append(validator) }
    }

    /// A power cut took executed blocks back.
    mutating func forgetExecution(beyond count: Int, at node: ValidatorIndex) {
        executedCounts[node.rawValue] = min(executedCounts[node.rawValue], count)
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
        for batch in committed.batches {
            if executedBatches.contains(batch.reference) {
                return "batch \(batch.sequence) of \(batch.author) was executed twice"
            }
            if !submittedBatches.contains(batch.digest) {
                return "batch \(batch.sequence) of \(batch.author) comes from nobody"
            }
            executedBatches.append(batch.reference)
        }
        return nil
    }
}
