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
            return Self.position(places[edge.index]) < position || visit(edge.index)
        }
        let junction = junctions[edge.index]
        return walk(junction.left, from: position, visit)
            && walk(junction.right, from: position, visit)
    }
}
