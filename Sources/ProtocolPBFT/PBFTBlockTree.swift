import BFTBase
import BFTCore

/// The blocks above the committed one that are known, of any branch.
struct PBFTBlockTree: Equatable, Sendable {
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

    /// In the order in which they came.
    private(set) var entries: [Entry] = []
    /// Where each of them stands.
    private var positions: [Digest: Int] = [:]
    var lineage = Lineage()

    subscript(digest: Digest) -> Entry? { positions[digest].map { entries[$0] } }

    mutating func insert(_ block: Block) {
        guard positions[block.digest] == nil else { return }
        positions[block.digest] = entries.count
        entries.append(Entry(block: block))
        lineage.insert(block, rank: Self.rank(of: block))
    }

    mutating func update(_ digest: Digest, _ change: (inout Entry) -> Void) {
        if let position = positions[digest] { change(&entries[position]) }
    }

    // MARK: What is over

    /// Forgets what was asked of the ledger: it answers for one view. What it refused is asked
    /// again, too: a quorum may have prepared it since, and then views begin with it.
    mutating func forgetQuestions() {
        for position in entries.indices
        where entries[position].judgement != .valid {
            entries[position].judgement = .notAsked
        }
    }

    /// Drops what conflicts with the committed block, and what is below it.
    mutating func removeAll(notAbove committed: Block) {
        var kept: Set<Digest> = [committed.digest]
        // A parent stands below its child, whatever the order in which they came.
        let rising = entries.indices.sorted {
            entries[$0].block.height < entries[$1].block.height
        }
        for position in rising where entries[position].block.height > committed.height {
            let block = entries[position].block
            // A block whose parent is not here may descend from the committed one.
            let isLinked = kept.contains(block.parent)
            let isConflicting =
                block.height == committed.height.next || positions[block.parent] != nil
            if isLinked || !isConflicting { kept.insert(block.digest) }
        }
        removeAll { !kept.contains($0.block.digest) || $0.block.height <= committed.height }
    }

    /// Drops proposals of views before `view` that this replica has not prepared.
    mutating func removeProposals(before view: View) {
        removeAll { !$0.isDurable && !$0.isWanted && $0.block.view < view }
    }

    private mutating func removeAll(where isOver: (Entry) -> Bool) {
        for entry in entries where isOver(entry) {
            positions[entry.block.digest] = nil
            lineage.remove(entry.block.digest)
        }
        guard positions.count < entries.count else { return }
        entries.removeAll(where: isOver)
        for position in entries.indices { positions[entries[position].block.digest] = position }
    }
}

extension PBFTBlockTree: LinkedBlocks {
    static func rank(of block: Block) -> UInt64 { block.height.rawValue }

    func block(named digest: Digest) -> Block? { positions[digest].map { entries[$0].block } }
}
