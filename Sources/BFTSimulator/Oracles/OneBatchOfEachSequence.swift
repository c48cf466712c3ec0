import BFTBase
import BFTCore

/// Of an honest author, one signed batch of each sequence is ever seen, in all its lives.
struct OneBatchOfEachSequence<P: ConsensusProtocol>: Oracle {
    private struct Place: Hashable, Sendable {
        let author: ValidatorIndex
        let sequence: BatchSequence
    }

    /// Which was sent of each. Never walked.
    private var sent: [Place: Digest] = [:]

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .authored(let reference, let node) = observation else { return nil }
        let place = Place(author: reference.author, sequence: reference.sequence)
        let earlier = sent[place] ?? reference.digest
        sent[place] = earlier
        guard earlier != reference.digest else { return nil }
        return "\(node) sends two batches of its sequence \(reference.sequence)"
    }
}
