public import BFTBase

/// Where the blocks above the committed one are, of any branch.
public protocol BlockSource {
    func block(named digest: Digest) -> Block?
    /// The parent of `child`, if it is here.
    func parent(of child: Block) -> Block?
    /// Whether all blocks between `block` and the one named `root` are here, as far as that can be
    /// told without looking at each.
    func mayStand(_ block: Block, on root: Digest) -> Bool
}

extension BlockSource {
    @inlinable public func parent(of child: Block) -> Block? { block(named: child.parent) }
}

/// Blocks of which it is noted which stands on which.
public protocol LinkedBlocks: BlockSource {
    var lineage: Lineage { get set }
    /// What rises from a block to those that stand on it.
    static func rank(of block: Block) -> UInt64
}

extension LinkedBlocks {
    @inlinable public func mayStand(_ block: Block, on root: Digest) -> Bool {
        stands(block, on: root)
    }

    /// Whether all blocks between `block` and the one named `root` are here.
    @inlinable public func stands(_ block: Block, on root: Digest) -> Bool {
        lineage.stands(block, rank: Self.rank(of: block), on: root)
    }

    /// The lowest block on the way down from the one named `digest`, or `nil` if that one is not
    /// here.
    @inlinable public func foot(of digest: Digest) -> Block? {
        lineage.foot(of: digest).flatMap(block(named:))
    }

    /// Notes how far the way down from the block named `digest` leads: it is asked for again.
    @inlinable public mutating func noteWay(from digest: Digest) { lineage.note(from: digest) }
}
