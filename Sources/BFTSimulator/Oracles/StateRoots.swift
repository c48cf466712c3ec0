import BFTBase
import BFTCore
import BFTLedger

/// All honest validators compute the same state at each height, and none finds that another
/// honest one vouches for a different one.
struct StateRoots<P: ConsensusProtocol>: Oracle {
    private let scene: Scene
    private var roots: [Height: Digest] = [:]

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .executed(let block, let root, _):
            let height = block.block.height
            let earlier = roots[height] ?? root
            roots[height] = earlier
            return earlier == root ? nil : "two states at height \(height)"
        case .diverged(let proposer, let node):
            return scene.isHonest(proposer)
                ? "\(node) computed another state than \(proposer)" : nil
        default: return nil
        }
    }
}
