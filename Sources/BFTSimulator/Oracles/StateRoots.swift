import BFTBase
import BFTCore
import BFTLedger

/// All honest validators compute the same state at each height, none finds that another honest
/// one vouches for a different one, and no committed block vouches for a different one.
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
            if earlier != root { return "two states at height \(height)" }
            let vouched = block.block.applied
            return roots[vouched.height].map { $0 == vouched.root } == false
                ? "height \(height) vouches for a state that nobody computed" : nil
        case .diverged(let proposer, let node):
            return scene.isHonest(proposer)
                ? "\(node) computed another state than \(proposer)" : nil
        default: return nil
        }
    }
}
