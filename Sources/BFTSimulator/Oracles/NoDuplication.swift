import BFTBase
import BFTCore
import BFTLedger

/// Of one author, the chain orders one batch under each sequence.
struct NoDuplication<P: ConsensusProtocol>: Oracle {
    private struct Place: Hashable, Sendable {
        let author: ValidatorIndex
        let sequence: BatchSequence
    }

    /// At which height each was ordered.
    private var heights: [Place: Height] = [:]

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .executed(let block, _, _) = observation else { return nil }
        var here: Set<Place> = []
        for batch in block.batches {
            let place = Place(author: batch.author, sequence: batch.sequence)
            let height = heights[place] ?? block.block.height
            heights[place] = height
            if height != block.block.height || !here.insert(place).inserted {
                return "batch \(batch.sequence) of \(batch.author) was executed twice"
            }
        }
        return nil
    }
}
