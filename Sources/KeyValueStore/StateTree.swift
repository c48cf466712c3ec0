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
/// `junctions` go on. A client that searches for keys with digests alike makes a path longer by
/// a bit with twice the work; that is all it gets.
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

    struct Junction: Sendable {
        var left: Edge
        var right: Edge
        var digest: Digest
        var isStale: Bool
    }

    /// What the tree knows of an entry, in one cache line or two.
    private struct Entry: Sendable {
        /// The digest of the key.
        var place: Digest
        var leaf: Digest
    }

    /// How many entries a node of the array stands for, as far as it matters.
    enum Population {
        static let none: UInt8 = 0
        static let one: UInt8 = 1
        static let several: UInt8 = 2
        static let mask: UInt8 = 3
        /// Set beside the population while the node is in a list of stale nodes.
        static let stale: UInt8 = 4
    }

    /// The depth of the lowest level of `nodes`.
    private(set) var depth = 0
    /// The edges below the lowest level of `nodes`, in order.
    var edges: [Edge] = [.none]
    /// The complete tree: the root at 1, the children of i at 2i and 2i + 1.
    private(set) var nodes: [Digest] = [.zero, .zero]
    private(set) var populations: [UInt8] = [0, 0]
    /// The nodes at `depth` that no longer fit what hangs below them.
    private var stale: [UInt32] = []
    var junctions: [Junction] = []
    private var freeJunctions: [UInt32] = []
    /// By slot.
    private var entries: [Entry] = []
    private(set) var count = 0
    private var scratch = HashingScratch()
    /// Entries with the edges that they hang on, to be sorted by these.
    private var changes: [UInt64] = []
    private var changeSort = RadixSort<UInt64>()
    private var staleSort = RadixSort<UInt32>()

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
    func place(_ slot: Int) -> Digest { entries[slot].place }

    /// Asks for what `place` and `setLeaves` read of the entries in `slots`.
    func prefetch(_ slots: [UInt32]) {
        Prefetch.elements(of: entries, at: slots.lazy.map { Int($0) })
    }

    // MARK: Entries

    /// Adds an entry. Its leaf is given later, by `setLeaf`.
    mutating func insert(_ slot: Int, at place: Digest) {
        while slot >= entries.count { entries.append(Entry(place: .zero, leaf: .zero)) }
        entries[slot].place = place
        count += 1
        if count > edges.count { grow() }
        let index = edgeIndex(place)
        markStale(index)
        edges[index] = inserting(slot, at: place, below: edges[index], depth)
    }

    private mutating func inserting(
        _ slot: Int, at place: Digest, below edge: Edge, _ depth: Int
    ) -> Edge {
        if edge.isNone { return .slot(slot) }
        if edge.isJunction {
            let index = edge.index
            junctions[index].isStale = true
            if Self.bit(place, depth) {
                junctions[index].right = inserting(
                    slot, at: place, below: junctions[index].right, depth + 1)
            } else {
                junctions[index].left = inserting(
                    slot, at: place, below: junctions[index].left, depth + 1)
            }
            return edge
        }
        return join(edge.index, slot, depth)
    }

    /// The junctions that tell two entries apart.
    private mutating func join(_ first: Int, _ second: Int, _ depth: Int) -> Edge {
        precondition(
            entries[first].place != entries[second].place, "two keys with one BLAKE3 digest")
        switch (Self.bit(entries[first].place, depth), Self.bit(entries[second].place, depth)) {
        case (false, true): return makeJunction(.slot(first), .slot(second))
        case (true, false): return makeJunction(.slot(second), .slot(first))
        case (false, false): return makeJunction(join(first, second, depth + 1), .none)
        case (true, true): return makeJunction(.none, join(first, second, depth + 1))
        }
    }

    private mutating func makeJunction(_ left: Edge, _ right: Edge) -> Edge {
        let junction = Junction(left: left, right: right, digest: .zero, isStale: true)
        if let free = freeJunctions.popLast() {
            junctions[Int(free)] = junction
            return .junction(Int(free))
        }
        junctions.append(junction)
        return .junction(junctions.count - 1)
    }

    /// Removes an entry.
    mutating func remove(_ slot: Int) {
        let index = edgeIndex(entries[slot].place)
        markStale(index)
        edges[index] = removing(slot, below: edges[index], depth)
        count -= 1
    }

    private mutating func removing(_ slot: Int, below edge: Edge, _ depth: Int) -> Edge {
        guard edge.isJunction else { return .none }
        let index = edge.index
        junctions[index].isStale = true
        if Self.bit(entries[slot].place, depth) {
            junctions[index].right = removing(slot, below: junctions[index].right, depth + 1)
        } else {
            junctions[index].left = removing(slot, below: junctions[index].left, depth + 1)
        }
        let (left, right) = (junctions[index].left, junctions[index].right)
        // An entry alone floats up to where it is alone.
        guard left.isNone && !right.isJunction || right.isNone && !left.isJunction else {
            return edge
        }
        freeJunctions.append(UInt32(index))
        return left.isNone ? right : left
    }

    /// Gives the entries in `slots` other leaves: the digests in `leaves`, in order.
    mutating func setLeaves(_ slots: [UInt32], _ leaves: borrowing HashingScratch) {
        var order = changes
        changes = []
        order.removeAll(keepingCapacity: true)
        for (position, slot) in slots.enumerated() {
            entries[Int(slot)].leaf = leaves.digest(position)
            order.append(UInt64(edgeIndex(entries[Int(slot)].place)) << 32 | UInt64(slot))
        }
        Prefetch.elements(of: edges, at: order.lazy.map { Int(truncatingIfNeeded: $0 >> 32) })
        changeSort.sort(&order, lowest: 32, bitCount: depth)
        prefetchBelow(order)
        for change in order {
            let index = Int(truncatingIfNeeded: change >> 32)
            markStale(index)
            let edge = edges[index]
            if edge.isJunction {
                markStale(below: edge, Int(truncatingIfNeeded: change & 0xFFFF_FFFF))
            }
        }
        changes = order
    }

    /// Asks for what hangs on the edges of `changes`, and for their nodes.
    private func prefetchBelow(_ changes: [UInt64]) {
        let indices = changes.lazy.map { Int(truncatingIfNeeded: $0 >> 32) }
        let first = edges.count
        Prefetch.siblings(of: indices.map { UInt32(first + $0) }, in: nodes)
        let ways = indices.map { edges[$0] }
        Prefetch.elements(of: junctions, at: ways.map { $0.isJunction ? $0.index : -1 })
    }

    /// Marks the junctions on the way to an entry.
    private mutating func markStale(below edge: Edge, _ slot: Int) {
        let place = entries[slot].place
        var edge = edge
        var depth = depth
        while edge.isJunction {
            let junction = edge.index
            junctions[junction].isStale = true
            edge = Self.bit(place, depth) ? junctions[junction].right : junctions[junction].left
            depth += 1
        }
    }

    private mutating func markStale(_ index: Int) {
        let node = edges.count + index
        guard populations[node] & Population.stale == 0 else { return }
        populations[node] |= Population.stale
        stale.append(UInt32(node))
    }

    // MARK: Depth

    /// Doubles the lowest level.
    private mutating func grow() {
        let old = edges
        edges = Array(repeating: .none, count: old.count * 2)
        nodes.append(contentsOf: repeatElement(.zero, count: edges.count))
        populations.append(contentsOf: repeatElement(0, count: edges.count))
        for (index, edge) in old.enumerated() where !edge.isNone {
            if edge.isJunction {
                edges[2 * index] = junctions[edge.index].left
                edges[2 * index + 1] = junctions[edge.index].right
                freeJunctions.append(UInt32(edge.index))
            } else {
                edges[2 * index + (Self.bit(entries[edge.index].place, depth) ? 1 : 0)] = edge
            }
        }
        depth += 1
        let wasStale = stale
        stale.removeAll(keepingCapacity: true)
        for node in wasStale {
            populations[Int(node)] &= Population.mask
            markStale(2 * (Int(node) - old.count))
            markStale(2 * (Int(node) - old.count) + 1)
        }
        for index in 0..<edges.count { settle(index) }
    }

    /// Halves the lowest level.
    ///
    /// - Precondition: nothing is stale.
    private mutating func shrink() {
        let old = edges
        var kept: [Edge] = []
        kept.reserveCapacity(old.count / 2)
        for index in 0..<old.count / 2 {
            let (left, right) = (old[2 * index], old[2 * index + 1])
            if left.isNone && !right.isJunction {
                kept.append(right)
            } else if right.isNone && !left.isJunction {
                kept.append(left)
            } else {
                let edge = makeJunction(left, right)
                junctions[edge.index].digest = nodes[old.count / 2 + index]
                junctions[edge.index].isStale = false
                kept.append(edge)
            }
        }
        edges = kept
        depth -= 1
        nodes = Array(nodes[..<(2 * kept.count)])
        populations = Array(populations[..<(2 * kept.count)])
    }

    /// Takes over into the lowest level of `nodes` what hangs below.
    private mutating func settle(_ index: Int) {
        let node = edges.count + index
        let edge = edges[index]
        nodes[node] = digest(of: edge)
        let population =
            edge.isNone
            ? Population.none : edge.isJunction ? Population.several : Population.one
        populations[node] = populations[node] & ~Population.mask | population
    }

    @inline(__always)
    func digest(of edge: Edge) -> Digest {
        edge.isNone
            ? .zero : edge.isJunction ? junctions[edge.index].digest : entries[edge.index].leaf
    }

    // MARK: Digests

    /// The digest of all entries, brought up to date.
    mutating func update() -> Digest {
        // In order, a node's children are side by side.
        staleSort.sort(&stale, lowest: 0, bitCount: depth)
        updateJunctions()
        for node in stale {
            settle(Int(node) - edges.count)
            populations[Int(node)] &= Population.mask
        }
        while stale.count > 0, stale[0] > 1 { updateParents() }
        stale.removeAll(keepingCapacity: true)
        while depth > 4, count < edges.count / 8 { shrink() }
        return nodes[1]
    }

    /// The digest of all entries as of the last update.
    var root: Digest { nodes[1] }

    /// Brings the junctions below stale nodes up to date, the deepest first.
    private mutating func updateJunctions() {
        var levels = scratch.takeLevels()
        for node in stale {
            let edge = edges[Int(node) - edges.count]
            if edge.isJunction { collectStale(edge.index, 0, into: &levels) }
        }
        for level in levels.indices.reversed() where !levels[level].isEmpty {
            scratch.begin()
            for index in levels[level] {
                let junction = junctions[Int(index)]
                scratch.append(digest(of: junction.left), digest(of: junction.right))
            }
            scratch.hash(in: .stateNode)
            for (position, index) in levels[level].enumerated() {
                junctions[Int(index)].digest = scratch.digest(position)
                junctions[Int(index)].isStale = false
            }
            levels[level].removeAll(keepingCapacity: true)
        }
        scratch.giveBack(levels)
    }

    private func collectStale(_ index: Int, _ level: Int, into levels: inout [[UInt32]]) {
        guard junctions[index].isStale else { return }
        if level == levels.count { levels.append([]) }
        levels[level].append(UInt32(index))
        let (left, right) = (junctions[index].left, junctions[index].right)
        if left.isJunction { collectStale(left.index, level + 1, into: &levels) }
        if right.isJunction { collectStale(right.index, level + 1, into: &levels) }
    }

    /// Replaces the list of stale nodes by their parents and brings these up to date.
    ///
    /// - Precondition: the list is sorted.
    private mutating func updateParents() {
        scratch.begin()
        var parents = scratch.takeNodes()
        var hashed = scratch.takeNodes()
        var last = 0
        Prefetch.siblings(of: stale, in: nodes)
        for node in stale {
            let parent = Int(node) / 2
            guard parent != last else { continue }
            last = parent
            parents.append(UInt32(parent))
            let (left, right) = (populations[2 * parent], populations[2 * parent + 1])
            let population = min(left + right, Population.several)
            populations[parent] = population
            if population == Population.several {
                scratch.append(nodes[2 * parent], nodes[2 * parent + 1])
                hashed.append(UInt32(parent))
            } else {
                nodes[parent] =
                    left == Population.none
                    ? nodes[2 * parent + 1] : nodes[2 * parent]
            }
        }
        scratch.hash(in: .stateNode)
        for (position, node) in hashed.enumerated() {
            nodes[Int(node)] = scratch.digest(position)
        }
        scratch.giveBack(hashed)
        scratch.giveBack(stale)
        stale = parents
    }
}
