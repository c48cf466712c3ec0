import BFTBase
import BFTCore
import BFTLedger

/// What is executed in the name of an honest validator was given to it by a client.
struct NoCreation<P: ConsensusProtocol>: Oracle {
    private let scene: Scene
    private var submitted: Set<Digest> = []

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .submitted(let batch, _): submitted.insert(batch.digest)
        case .executed(let block, _, _):
            // An empty batch fills the place of one that a power cut took.
            for batch in block.batches where batch.transactionCount > 0 {
                if scene.isHonest(batch.author), !submitted.contains(batch.digest) {
                    return "batch \(batch.sequence) of \(batch.author) comes from nobody"
                }
            }
        default: break
        }
        return nil
    }
}
