import BFTBase
import BFTWire

/// The Merkle trie over the entries, by the bits of their keys' digests, highest bit first.
///
/// What it commits to depends on the entries alone. The digest of a set of entries at depth d is
/// - 32 zero bytes for no entry,
/// - the leaf of the entry for one entry,
/// - otherwise the digest of the pair (entries whose bit d is 0, entries whose bit d is 1), both
///   at depth d + 1.
///
/// How it is kept doesn't show. The nodes down to `depth`, which grows with the logarithm of the
/// number of entries, stand in one array as a complete binary tree, so that siblings lie side by
/// side and are hashed where they lie. Below, where two or more entries share that many bits,
/// `junctions` go on. A leaf stands once, beside its sibling: in the lowest level, or with a
/// junction. A client that searches for keys with digests alike makes a path longer by a bit with
/// twice the work; that is all it gets.
///
/// Digests are brought up to date by `update`, once per block, level by level from the deepest,
/// each level in one run of `Digest.ofPairs`.
struct StateTree: Sendable {
    /// What hangs below an edge: nothing, an entry's slot, or a junction.
    struct Edge: Equatable, Sendable {
        private let code: UInt32
        static let none = Edge(code: 0)
        private init(code: UInt32) { self.code = code }
        static func slot(_ slot: Int) -> Edge { Edge(code: UInt32(slot + 1) << 1) }
        static func junction(_ index: Int) -> Edge { Edge(code: UInt32(index + 1) << 1 | 1) }

        var isNone: Bool { code == 0 }
        var isJunction: Bool { code & 1 == 1 }
        /// The slot or the index of the junction.
        var index: Int { Int(code >> 1) - 1 }
    }

    /// A node below `nodes`. The digests of its children stand in `halves`.
    struct Junction: Sendable {
        var left: Edge
        var right: Edge
        /// Whether a digest below it has changed since the last update.
        var isStale = true

        @inline(__always)
        subscript(isRight: Bool) -> Edge {
            get { isRight ? right : left }
            set { if isRight { right = newValue } else { left = newValue } }
        }
    }

    /// How many entries a node of the array stands for, as far as it matters.
    enum Population {
        static let none: UInt8 = 0
        static let one: UInt8 = 1
        static let several: UInt8 = 2
    }

    /// The depth of the lowest level of `nodes`.
    var depth = 0
    /// The edges below the lowest level of `nodes`, in order.
    var edges: [Edge] = [.none]
    /// The complete tree: the root at 1, the children of i at 2i and 2i + 1.
    var nodes = DigestArray(count: 2)
    /// By node. Right for the lowest level at any time, for the others since the last update.
    var populations: [UInt8] = [0, 0]
    var junctions: [Junction] = []
    /// The digests of the children of junction i at 2i and 2i + 1.
    var halves = DigestArray(count: 0)
    var freeJunctions: [UInt32] = []
    var entries = EntryLines()
    var count = 0
    /// The positions of the edges below which a digest has changed since the last update.
    var changes: [UInt32] = []
    var changeSort = RadixSort<UInt32>()
    /// The junctions that became stale since the last update, by their level below the lowest
    /// edges. They are all, unless `hasOtherShape`.
    var staleJunctions: [[HashingScratch.Way]] = []
    /// Whether an entry came or went since the last update: then junctions may have changed places,
    /// and the stale ones are looked for.
    var hasOtherShape = false
    var scratch = HashingScratch()

    /// Bit `depth` of `place`, counted from the highest bit of the first byte.
    @inline(__always)
    static func bit(_ place: Digest, _ depth: Int) -> Bool {
        let word =
            switch depth >> 6 {
            case 0: place.word0
            case 1: place.word1
            case 2: place.word2
            default: place.word3
            }
        return word.byteSwapped >> UInt64(63 - depth & 63) & 1 == 1
    }

    /// The position among `edges` of what stands at `place`.
    @inline(__always)
    func edgeIndex(_ place: Digest) -> Int {
        depth == 0 ? 0 : Int(place.word0.byteSwapped >> UInt64(64 - depth))
    }

    /// The digest of the key in `slot`.
    @inline(__always)
    func place(_ slot: Int) -> Digest { entries.place(slot) }

    /// The slot of the entry at `place`, if there is one.
    @inline(__always)
    func find(_ place: Digest) -> Int? {
        entry(below: firstEdge(place), at: place, depth)
    }

    /// Gives the entry in `slot` another leaf. Changes nothing if the entry is gone.
    @inline(__always)
    mutating func setLeaf(_ slot: Int, _ leaf: Digest) {
        let place = place(slot)
        let index = edgeIndex(place)
        let edge = edges[index]
        if edge.isJunction {
            setLeaf(slot, leaf, at: place, below: edge.index, of: edges.count + index)
        } else if edge == .slot(slot) {
            nodes[edges.count + index] = leaf
        }
        changes.append(UInt32(index))
    }

    /// - Parameter node: the node whose digest is that of the junction.
    private mutating func setLeaf(
        _ slot: Int, _ leaf: Digest, at place: Digest, below junction: Int, of node: Int
    ) {
        var (junction, target) = (junction, node)
        var level = 0
        while true {
            noteStale(junction, target, level)
            let isRight = Self.bit(place, depth + level)
            let half = 2 * junction + (isRight ? 1 : 0)
            let edge = junctions[junction][isRight]
            guard edge.isJunction else {
                if edge == .slot(slot) { halves[half] = leaf }
                return
            }
            (junction, target) = (edge.index, half)
            level += 1
        }
    }

    /// Notes that a digest below a junction has changed.
    ///
    /// - Parameter target: where the junction's own digest belongs: in `nodes` on the first level,
    ///   otherwise in `halves`.
    @inline(__always)
    private mutating func noteStale(_ junction: Int, _ target: Int, _ level: Int) {
        guard !junctions[junction].isStale else { return }
        junctions[junction].isStale = true
        while staleJunctions.count <= level { staleJunctions.append([]) }
        staleJunctions[level].append(
            HashingScratch.Way(from: UInt32(junction), to: UInt32(target)))
    }

    // MARK: Many searches side by side

    /// Begins the search for the entry at `place`: the edge on which it hangs, or a junction above.
    @inline(__always)
    func firstEdge(_ place: Digest) -> Edge { edges[edgeIndex(place)] }

    /// Asks for the edge with which the search for `place` begins.
    @inline(__always)
    func prefetchEdge(_ place: Digest) { Prefetch.element(of: edges, at: edgeIndex(place)) }

    /// Asks for what hangs on `edge`, and for the leaves there.
    @inline(__always)
    func prefetch(_ edge: Edge) {
        if edge.isNone { return }
        if edge.isJunction {
            Prefetch.element(of: junctions, at: edge.index)
            halves.prefetch(2 * edge.index)
        } else {
            entries.prefetch(edge.index)
        }
    }

    /// Asks for where the leaf of an entry stands that has the edge of `place` for itself.
    @inline(__always)
    func prefetchLeaf(_ place: Digest) { nodes.prefetch(edges.count + edgeIndex(place)) }

    /// The edge below a junction on the way to `place`, if `edge` is one.
    @inline(__always)
    func step(_ edge: Edge, _ place: Digest, _ depth: Int) -> Edge {
        edge.isJunction ? junctions[edge.index][Self.bit(place, depth)] : edge
    }

    /// The slot at the end of the search for `place`, if the entry is there.
    @inline(__always)
    func entry(below edge: Edge, at place: Digest, _ depth: Int) -> Int? {
        var (edge, depth) = (edge, depth)
        while edge.isJunction {
            edge = junctions[edge.index][Self.bit(place, depth)]
            depth += 1
        }
        guard !edge.isNone, entries.place(edge.index) == place else { return nil }
        return edge.index
    }
}
