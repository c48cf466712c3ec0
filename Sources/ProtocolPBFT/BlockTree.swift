import BFTBase
import BFTCore

/// The blocks above the committed one that are known, of any branch.
struct BlockTree: Equatable, Sendable {
    /// How far the ledger is with a block.
    enum Judgement: Equatable, Sendable { case notAsked, asked, valid, invalid }

    struct Entry: Equatable, Sendable {
        let block: Block
        var judgement = Judgement.notAsked
        /// Whether this replica prepared the block or a descendant, so that others may have to
        /// take it from here.
        var isDurable = false
        /// Whether it was asked for by name, since a quorum prepared it or a descendant.
        var isWanted = false
    }

    private(set) var entries: [Entry] = []

    func block(named digest: Digest) -> Block? { self[digest]?.block }

    subscript(digest: Digest) -> Entry? { entries.last { $0.block.digest == digest } }

    mutating func insert(_ block: Block) {
        if self[block.digest] == nil { entries.append(Entry(block: block)) }
    }

    mutating func update(_ digest: Digest, _ change: (inout Entry) -> Void) {
        for position in entries.indices where entries[position].block.digest == digest {
            change(&entries[position])
        }
    }

    /// Forgets what was asked of the ledger: it answers for one view.
    mutating func forgetQuestions() {
        for position in entries.indices where entries[position].judgement == .asked {
            entries[position].judgement = .notAsked
        }
    }

    /// Drops what conflicts with the committed block, and what is below it.
    mutating func removeAll(notAbove committed: Block) {
        var kept: Set<Digest> = [committed.digest]
        // A parent stands below its child, whatever the order in which they came.
        for entry in entries.sorted(by: { $0.block.height < $1.block.height })
        where entry.block.height > committed.height {
            // A block whose parent is not here may descend from the committed one.
            let isLinked = kept.contains(entry.block.parent)
            let isConflicting =
                entry.block.height == committed.height.next
                || entries.contains { $0.block.digest == entry.block.parent }
            if isLinked || !isConflicting { kept.insert(entry.block.digest) }
        }
        entries.removeAll { !kept.contains($0.block.digest) || $0.block.height <= committed.height }
    }

    /// Drops proposals of views before `view` that this replica has not prepared.
    mutating func removeProposals(before view: View) {
        entries.removeAll { !$0.isDurable && !$0.isWanted && $0.block.view < view }
    }
}
