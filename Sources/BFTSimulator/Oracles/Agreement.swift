import BFTBase
import BFTCore
import BFTLedger

/// No two honest validators commit different blocks at one height, nor does one of them at
/// different times.
struct Agreement<P: ConsensusProtocol>: Oracle {
    /// The block at each height, by height - 1, as it was first committed.
    private var chain: [Digest?] = []

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .committed(let run, let node):
            for block in run.blocks {
                if let violation = note(block, at: node) { return violation }
            }
            return nil
        case .executed(let block, _, let node): return note(block.block, at: node)
        default: return nil
        }
    }

    private mutating func note(_ block: Block, at node: ValidatorIndex) -> String? {
        let position = Int(block.height.rawValue) - 1
        while chain.count <= position { chain.append(nil) }
        let earlier = chain[position] ?? block.digest
        chain[position] = earlier
        return earlier == block.digest
            ? nil : "two blocks at height \(block.height): \(node) has another than the first"
    }
}
