import BFTBase
import BFTCore

/// Which batch of each author a branch names next.
///
/// B3: of one author, exactly one batch is ordered for each sequence, in order. That makes every
/// batch ordered at most once, with one number per author as the whole memory.
enum PayloadOrder {
    /// The first sequence of each author that neither the committed chain, which ends before
    /// `committed`, nor `blocks` name; or `nil` if one of them names a batch out of sequence.
    static func frontier(
        after blocks: some Sequence<Block>, committed: [BatchSequence]
    ) -> [BatchSequence]? {
        var frontier = committed
        for block in blocks {
            for reference in block.payload {
                let author = reference.author.rawValue
                guard author < frontier.count, frontier[author] == reference.sequence else {
                    return nil
                }
                frontier[author] = frontier[author].next
            }
        }
        return frontier
    }
}
