import BFTBase
import BFTCore
import BFTLedger

/// Every validator executes every height in order, each block on top of the one before, with
/// exactly the batches that it names, in the order in which it names them.
struct TotalOrder<P: ConsensusProtocol>: Oracle {
    /// What each validator has executed, by height - 1.
    private var executed: [[Digest]]

    init(_ scene: Scene) { executed = Array(repeating: [], count: scene.isHonest.count) }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .powerCut(let node, let keeping):
            let count = executed[node.rawValue].count
            executed[node.rawValue].removeLast(max(0, count - keeping))
            return nil
        case .executed(let block, _, let node):
            let height = block.block.height
            let done = executed[node.rawValue]
            executed[node.rawValue].append(block.block.digest)
            if height.rawValue != UInt64(done.count) + 1 {
                return "\(node) executes height \(height) after \(done.count) blocks"
            }
            if let last = done.last, block.block.parents != [last] {
                return "\(node) executes height \(height) on top of another block"
            }
            return block.batches.map(\.reference) == block.block.payload
                ? nil : "height \(height) was executed with other batches than it names"
        default: return nil
        }
    }
}
