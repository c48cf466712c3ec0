public import BFTBase
public import BFTCore
import BFTLedger

/// What happened in a world, as far as the world itself must know it to tell when it is at rest.
/// Judging it is for the oracles.
public struct History: Sendable {
    /// How many blocks each replica has executed.
    public private(set) var executedCounts: [Int]
    /// The highest height that any honest replica has executed.
    public private(set) var height = 0
    /// Durable at their honest authors and not executed anywhere yet.
    private(set) var outstandingBatches: Set<BatchReference> = []
    /// Batches in executed blocks.
    public private(set) var executedBatches: Set<BatchReference> = []
    public private(set) var accusedValidators: [ValidatorIndex] = []
    private var waitingReads: [[UInt64]]
    public private(set) var answeredReadCount = 0

    init(count: Int) {
        executedCounts = Array(repeating: 0, count: count)
        waitingReads = Array(repeating: [], count: count)
    }

    /// The number of batches that are durable at their honest authors and executed nowhere.
    public var outstandingCount: Int { outstandingBatches.count }

    func waitingReadCount(at node: ValidatorIndex) -> Int { waitingReads[node.rawValue].count }

    mutating func note<P>(_ observation: Observation<P>) {
        switch observation {
        case .stored(let reference, _):
            if !executedBatches.contains(reference) { outstandingBatches.insert(reference) }
        case .accused(let evidence, _):
            if !accusedValidators.contains(evidence.culprit) {
                accusedValidators.append(evidence.culprit)
            }
        case .powerCut(let node, let keeping):
            executedCounts[node.rawValue] = min(executedCounts[node.rawValue], keeping)
            waitingReads[node.rawValue] = []
        case .executed(let block, _, let node):
            executedCounts[node.rawValue] = Int(block.block.height.rawValue)
            height = max(height, executedCounts[node.rawValue])
            executedBatches.formUnion(block.block.payload)
            outstandingBatches.subtract(block.block.payload)
        case .readRequested(let ticket, let node): waitingReads[node.rawValue].append(ticket)
        case .readsAnswered(let last, _, let node):
            answeredReadCount += waitingReads[node.rawValue].count { $0 <= last }
            waitingReads[node.rawValue].removeAll { $0 <= last }
        default: break
        }
    }
}
