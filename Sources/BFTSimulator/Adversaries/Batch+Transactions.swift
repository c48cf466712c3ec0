import BFTBase
import BFTCore

extension Batch {
    /// A batch that an adversary makes up.
    static func of(
        _ transactions: [[UInt8]], author: ValidatorIndex, sequence: BatchSequence
    ) -> Batch {
        var builder = BatchBuilder()
        for transaction in transactions {
            builder.append(upTo: transaction.count) { $0 += transaction }
        }
        return builder.seal(author: author, sequence: sequence)
    }
}
