import BFTBase

extension StateTree {
    /// A position in the order of places: the first 63 bits of one. A cursor of `SCAN`.
    ///
    /// 63 bits, because many clients keep a cursor in a signed integer.
    static func position(_ place: Digest) -> UInt64 { place.word0.byteSwapped >> 1 }

    /// The number of positions.
    static let positionLimit: UInt64 = 1 << 63

    /// Calls `visit` with the slot of every entry from `position` on, in order of their places,
    /// until it returns false.
    func walk(from position: UInt64 = 0, _ visit: (Int) -> Bool) {
        guard position < Self.positionLimit else { return }
        let first = depth == 0 ? 0 : Int(position >> UInt64(63 - depth))
        for index in first..<edges.count {
            guard walk(edges[index], from: position, visit) else { return }
        }
    }

    private func walk(_ edge: Edge, from position: UInt64, _ visit: (Int) -> Bool) -> Bool {
        if edge.isNone { return true }
        guard edge.isJunction else {
            return Self.position(place(edge.index)) < position || visit(edge.index)
        }
        let junction = junctions[edge.index]
        return walk(junction.left, from: position, visit)
            && walk(junction.right, from: position, visit)
    }

    /// The digests beside the path of `place`, from the top, down to where at most one entry is
    /// left, and that entry's slot.
    ///
    /// - Precondition: nothing has changed since the last update.
    func path(to place: Digest) -> (siblings: [Digest], slot: Int?) {
        var siblings: [Digest] = []
        var node = 1
        var edge = edges[edgeIndex(place)]
        for level in 0..<depth {
            guard populations[node] == Population.several else {
                // The one entry below may be off the path of `place` from here on.
                let only = lone(below: node, at: level)
                return (siblings, only)
            }
            let isRight = Self.bit(place, level)
            siblings.append(nodes[2 * node + (isRight ? 0 : 1)])
            node = 2 * node + (isRight ? 1 : 0)
        }
        var level = depth
        while edge.isJunction {
            let junction = junctions[edge.index]
            let isRight = Self.bit(place, level)
            siblings.append(halves[2 * edge.index + (isRight ? 0 : 1)])
            edge = junction[isRight]
            level += 1
        }
        return (siblings, edge.isNone ? nil : edge.index)
    }

    /// The slot of the one entry below a node at `level`, if there is one.
    private func lone(below node: Int, at level: Int) -> Int? {
        var node = node
        guard populations[node] == Population.one else { return nil }
        for _ in level..<depth {
            node *= 2
            if populations[node] == Population.none { node += 1 }
        }
        return edges[node - edges.count].index
    }
}
