public import BFTBase

/// Which of the blocks that a replica keeps stands on which: where the way down from one ends.
///
/// After the chain was lost and the log was not, many thousands of blocks stand on one another, and
/// the lowest on one that is not here. Every step asks whether a block can be reached from the
/// committed one. So how far a way leads is noted for all blocks on it, and followed from there
/// once more comes: however often it is asked, nothing is walked twice.
///
/// - Invariant A2: what is noted in the present era is a block that is here, and that the way down
///   leads to through blocks that are.
public struct Lineage: Equatable, Sendable {
    private struct Link: Equatable, Sendable {
        let parent: Digest
        let rank: UInt64
        /// The lowest block that the way down was found to lead to.
        var foot: Digest
        /// In which era it was.
        var era: UInt64

        mutating func note(_ foot: Digest, in era: UInt64) { (self.foot, self.era) = (foot, era) }
    }

    private var links: [Digest: Link] = [:]
    /// Rises whenever a block is gone: what was noted earlier may have led through it.
    private var era: UInt64 = 0

    public init() {}

    /// The rank of the block named `digest`, if that is here.
    public func rank(of digest: Digest) -> UInt64? { links[digest]?.rank }

    /// Takes in a block.
    ///
    /// - Parameter rank: its height or view. A parent of no lower rank than its child's is none.
    public mutating func insert(_ block: Block, rank: UInt64) {
        guard links[block.digest] == nil else { return }
        links[block.digest] = Link(
            parent: block.parent, rank: rank, foot: block.digest, era: era)
        note(from: block.digest)
    }

    /// Forgets a block. Those that stood on it stand on nothing.
    public mutating func remove(_ digest: Digest) {
        if links.removeValue(forKey: digest) != nil { era += 1 }
    }

    /// The lowest block on the way down from the one named `digest`, through blocks that are here;
    /// or `nil` if that one is not.
    public func foot(of digest: Digest) -> Digest? {
        guard links[digest] != nil else { return nil }
        var foot = digest
        while let next = step(from: foot) { foot = next }
        return foot
    }

    /// Whether `block`, here or not, stands on `root`, which is not, through blocks that are here.
    public func stands(_ block: Block, rank: UInt64, on root: Digest) -> Bool {
        if block.parent == root { return true }
        guard let parent = links[block.parent], parent.rank < rank,
            let foot = foot(of: block.parent)
        else { return false }
        return links[foot]?.parent == root
    }

    /// Notes how far the way down from the block named `digest` leads, for all blocks on it.
    public mutating func note(from digest: Digest) {
        guard let foot = foot(of: digest) else { return }
        var passed = digest
        while passed != foot, let next = step(from: passed) {
            links[passed]?.note(foot, in: era)
            passed = next
        }
    }

    /// A block further down, the lowest one that is noted; or `nil` if none is here.
    private func step(from digest: Digest) -> Digest? {
        guard let link = links[digest] else { return nil }
        if link.era == era, link.foot != digest { return link.foot }
        guard let parent = links[link.parent], parent.rank < link.rank else { return nil }
        return link.parent
    }
}
