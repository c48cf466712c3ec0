import BFTBase
import BFTWire

// Bringing the digests up to date: the junctions first, then level by level to the root.
extension StateTree {
    /// The digest of all entries as of the last update.
    var root: Digest { nodes[1] }

    /// The digest of all entries, brought up to date.
    mutating func update() -> Digest {
        var stale = scratch.takeNodes()
        takeChanges(into: &stale)
        updateJunctions(below: stale)
        while let first = stale.first, first > 1 { updateParents(&stale) }
        scratch.giveBack(stale)
        shrinkIfSparse()
        return nodes[1]
    }

    /// Lists the nodes over the edges that changed, each once, in order: a node's children are
    /// then side by side.
    private mutating func takeChanges(into stale: inout [UInt32]) {
        changeSort.sort(&changes, lowest: 0, bitCount: depth)
        var last: UInt32?
        for index in changes where index != last {
            stale.append(UInt32(edges.count) + index)
            last = index
        }
        changes.removeAll(keepingCapacity: true)
    }

    // MARK: Junctions

    /// Brings the junctions below `list` up to date, the deepest first.
    private mutating func updateJunctions(below list: [UInt32]) {
        if hasOtherShape { findStale(below: list) }
        for level in staleJunctions.indices.reversed() where !staleJunctions[level].isEmpty {
            if level > 0 {
                HashingScratch.hashWithin(&halves, staleJunctions[level])
            } else {
                HashingScratch.hash(halves, staleJunctions[0], into: &nodes)
            }
            for way in staleJunctions[level] { junctions[Int(way.from)].isStale = false }
            staleJunctions[level].removeAll(keepingCapacity: true)
        }
    }

    /// Lists the stale junctions below `list` anew.
    private mutating func findStale(below list: [UInt32]) {
        for level in staleJunctions.indices {
            staleJunctions[level].removeAll(keepingCapacity: true)
        }
        for node in list {
            let edge = edges[Int(node) - edges.count]
            guard edge.isJunction, junctions[edge.index].isStale else { continue }
            findStale(edge.index, Int(node), 0)
        }
        hasOtherShape = false
    }

    /// Lists a junction, with the place `target` of its digest, and the stale ones below it.
    private mutating func findStale(_ index: Int, _ target: Int, _ level: Int) {
        if level == staleJunctions.count { staleJunctions.append([]) }
        staleJunctions[level].append(
            HashingScratch.Way(from: UInt32(index), to: UInt32(target)))
        let (left, right) = (junctions[index].left, junctions[index].right)
        if left.isJunction, junctions[left.index].isStale {
            findStale(left.index, 2 * index, level + 1)
        }
        if right.isJunction, junctions[right.index].isStale {
            findStale(right.index, 2 * index + 1, level + 1)
        }
    }

    // MARK: Nodes

    /// Replaces the list of stale nodes, which are in order, by their parents and brings these up
    /// to date.
    private mutating func updateParents(_ stale: inout [UInt32]) {
        var hashed = scratch.takeWays()
        let count = takeOverParents(&stale, toHash: &hashed)
        stale.removeLast(stale.count - count)
        HashingScratch.hashWithin(&nodes, hashed)
        scratch.giveBack(hashed)
    }

    /// Puts the parents of the nodes in `list` into its front and says how many they are. Those
    /// with one entry or none have the digest of a child; the others are listed in `hashed`.
    private mutating func takeOverParents(
        _ list: inout [UInt32], toHash hashed: inout [HashingScratch.Way]
    ) -> Int {
        // Whether a node and the one before have one parent is as good as random half-way up. So
        // each parent is written down, and only the position says whether it stays.
        var count = 0
        var last: UInt32 = 0
        for position in list.indices {
            let parent = list[position] / 2
            list[count] = parent
            count += parent == last ? 0 : 1
            last = parent
        }
        hashed.reserveCapacity(count)
        for parent in list[..<count] {
            let (left, right) = (2 * Int(parent), 2 * Int(parent) + 1)
            let population = min(populations[left] + populations[right], Population.several)
            populations[Int(parent)] = population
            if population == Population.several {
                hashed.append(HashingScratch.Way(from: parent, to: parent))
            } else {
                nodes[Int(parent)] = nodes[populations[left] == Population.none ? right : left]
            }
        }
        return count
    }
}
