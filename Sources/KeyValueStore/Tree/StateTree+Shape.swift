import BFTBase

// Entries that come and go, and the array that grows and shrinks with them.
extension StateTree {
    /// Adds an entry, in a slot that `entries` has. Its leaf is given later, by `setLeaf`.
    mutating func insert(_ slot: Int, at place: Digest) {
        entries.setPlace(slot, place)
        count += 1
        hasOtherShape = true
        if count > edges.count { grow() }
        let index = edgeIndex(place)
        let node = edges.count + index
        changes.append(UInt32(index))
        edges[index] = inserting(slot, at: place, below: edges[index], nodes[node], depth)
        populations[node] = edges[index].isJunction ? Population.several : Population.one
    }

    /// What hangs below `edge`, with the digest `digest`, once there is an entry more.
    private mutating func inserting(
        _ slot: Int, at place: Digest, below edge: Edge, _ digest: Digest, _ depth: Int
    ) -> Edge {
        if edge.isNone { return .slot(slot) }
        guard edge.isJunction else { return join(edge.index, digest, slot, depth) }
        let index = edge.index
        junctions[index].isStale = true
        let isRight = Self.bit(place, depth)
        junctions[index][isRight] = inserting(
            slot, at: place, below: junctions[index][isRight],
            halves[2 * index + (isRight ? 1 : 0)], depth + 1)
        return edge
    }

    /// The junctions that tell an entry, with its leaf, from another one that has none yet.
    private mutating func join(
        _ first: Int, _ leaf: Digest, _ second: Int, _ depth: Int
    ) -> Edge {
        let (one, other) = (place(first), place(second))
        precondition(one != other, "two keys with one BLAKE3 digest")
        switch (Self.bit(one, depth), Self.bit(other, depth)) {
        case (false, true): return makeJunction(.slot(first), leaf, .slot(second), .zero)
        case (true, false): return makeJunction(.slot(second), .zero, .slot(first), leaf)
        case (false, false):
            return makeJunction(join(first, leaf, second, depth + 1), .zero, .none, .zero)
        case (true, true):
            return makeJunction(.none, .zero, join(first, leaf, second, depth + 1), .zero)
        }
    }

    private mutating func makeJunction(
        _ left: Edge, _ leftDigest: Digest, _ right: Edge, _ rightDigest: Digest
    ) -> Edge {
        let index: Int
        if let free = freeJunctions.popLast() {
            index = Int(free)
            junctions[index] = Junction(left: left, right: right)
        } else {
            index = junctions.count
            junctions.append(Junction(left: left, right: right))
            halves.extend(to: 2 * index + 2)
        }
        halves[2 * index] = leftDigest
        halves[2 * index + 1] = rightDigest
        return .junction(index)
    }

    /// Removes an entry.
    mutating func remove(_ slot: Int) {
        let place = place(slot)
        let index = edgeIndex(place)
        let node = edges.count + index
        changes.append(UInt32(index))
        count -= 1
        hasOtherShape = true
        guard edges[index].isJunction else {
            (edges[index], nodes[node], populations[node]) = (.none, .zero, Population.none)
            return
        }
        guard let (edge, leaf) = remove(slot, at: place, below: edges[index].index, depth)
        else { return }
        (edges[index], nodes[node], populations[node]) = (edge, leaf, Population.one)
    }

    /// Removes an entry below a junction. If one alone is left there, returns it with its leaf: it
    /// floats up to where it is alone, and the junction is free.
    private mutating func remove(
        _ slot: Int, at place: Digest, below index: Int, _ depth: Int
    ) -> (Edge, Digest)? {
        junctions[index].isStale = true
        let isRight = Self.bit(place, depth)
        let half = 2 * index + (isRight ? 1 : 0)
        if !junctions[index][isRight].isJunction {
            (junctions[index][isRight], halves[half]) = (.none, .zero)
        } else if let (edge, leaf) = remove(
            slot, at: place, below: junctions[index][isRight].index, depth + 1)
        {
            (junctions[index][isRight], halves[half]) = (edge, leaf)
        }
        let (left, right) = (junctions[index].left, junctions[index].right)
        let isLeft = right.isNone
        guard left.isNone || isLeft, !(isLeft ? left : right).isJunction else { return nil }
        freeJunctions.append(UInt32(index))
        return (isLeft ? left : right, halves[2 * index + (isLeft ? 0 : 1)])
    }

    // MARK: Depth

    /// Doubles the lowest level.
    private mutating func grow() {
        let old = edges
        edges = Array(repeating: .none, count: old.count * 2)
        nodes.extend(to: 2 * edges.count)
        populations.append(contentsOf: repeatElement(Population.none, count: edges.count))
        for (index, edge) in old.enumerated() where !edge.isNone {
            if edge.isJunction {
                let junction = junctions[edge.index]
                hang(junction.left, halves[2 * edge.index], on: 2 * index)
                hang(junction.right, halves[2 * edge.index + 1], on: 2 * index + 1)
                freeJunctions.append(UInt32(edge.index))
            } else {
                let isRight = Self.bit(place(edge.index), depth)
                hang(edge, nodes[old.count + index], on: 2 * index + (isRight ? 1 : 0))
            }
        }
        depth += 1
        changes = changes.flatMap { [2 * $0, 2 * $0 + 1] }
    }

    /// Puts `edge`, with its digest, at a position of the lowest level.
    private mutating func hang(_ edge: Edge, _ digest: Digest, on index: Int) {
        edges[index] = edge
        nodes[edges.count + index] = digest
        populations[edges.count + index] =
            edge.isNone
            ? Population.none : edge.isJunction ? Population.several : Population.one
    }

    /// Halves the lowest level as long as it has far more edges than entries.
    ///
    /// - Precondition: nothing has changed since the last update.
    mutating func shrinkIfSparse() {
        while depth > 4, count < edges.count / 8 { shrink() }
    }

    /// Halves the lowest level.
    private mutating func shrink() {
        let kept = edges.count / 2
        var above: [Edge] = []
        above.reserveCapacity(kept)
        for index in 0..<kept {
            let (left, right) = (edges[2 * index], edges[2 * index + 1])
            if left.isNone && !right.isJunction {
                above.append(right)
            } else if right.isNone && !left.isJunction {
                above.append(left)
            } else {
                let first = edges.count + 2 * index
                let edge = makeJunction(left, nodes[first], right, nodes[first + 1])
                junctions[edge.index].isStale = false
                above.append(edge)
            }
        }
        edges = above
        depth -= 1
        nodes.shrink(to: 2 * kept)
        populations = Array(populations[..<(2 * kept)])
    }
}
