import BFTBase
import BFTCore
import BFTLedger

/// What a client was told of stays: whoever executes that height later, after whatever power
/// cuts, executes it too, and in the end everybody has.
struct AcknowledgedIsDurable<P: ConsensusProtocol>: Oracle {
    private let scene: Scene
    /// By height - 1: what clients of honest validators were told is done.
    private var acknowledged: [[BatchReference]] = []
    private var executedCounts: [Int]

    init(_ scene: Scene) {
        self.scene = scene
        executedCounts = scene.isHonest.map { _ in 0 }
    }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .executed(let block, _, let node):
            let height = Int(block.block.height.rawValue)
            executedCounts[node.rawValue] = height
            while acknowledged.count < height { acknowledged.append([]) }
            for reference in acknowledged[height - 1]
            where !block.block.payload.contains(reference) {
                return "\(node) executes height \(height) without an acknowledged batch"
            }
            for reference in block.block.payload
            where reference.author == node && !acknowledged[height - 1].contains(reference) {
                acknowledged[height - 1].append(reference)
            }
        case .powerCut(let node, let keeping):
            executedCounts[node.rawValue] = min(executedCounts[node.rawValue], keeping)
        case .rested(unfinished: nil):
            let last = acknowledged.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0
            for position in executedCounts.indices
            where scene.isHonest[position] && executedCounts[position] < last {
                return "v\(position) lacks height \(last), which was acknowledged"
            }
        default: break
        }
        return nil
    }
}
