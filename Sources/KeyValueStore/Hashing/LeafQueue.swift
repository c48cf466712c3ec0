import BFTBase
import BFTWire

/// Leaves on their way into the tree: first pairs of a place and the digest of a cell, then, hashed
/// side by side, digests that are given to the tree.
struct LeafQueue: Sendable {
    /// Whose they are, in order.
    private var slots: [UInt32] = []
    /// A pair for each slot; once hashed, the leaves, which then stand at the front.
    private var pairs = DigestArray(count: 2 * PendingSets.countLimit)
    private var isHashed = false

    /// Whether there are enough to be hashed: more would only take memory.
    var isFull: Bool { slots.count >= PendingSets.countLimit }

    /// Adds the leaf of the entry in `slot`, whose cell has the digest `cell`.
    @inline(__always)
    mutating func append(_ slot: UInt32, at place: Digest, cell: Digest) {
        precondition(!isHashed, "leaves that the tree has not been given")
        let position = 2 * slots.count
        pairs.extend(to: position + 2)
        pairs.setPair(position, place, cell)
        slots.append(slot)
    }

    /// Makes leaves of the pairs. `give` is next.
    mutating func hash() {
        let size = slots.count * Digest.byteCount
        unsafe pairs.withMutableDigests { pairs in
            let bytes = UnsafeMutableRawBufferPointer(pairs)
            unsafe Digest.ofPairs(
                UnsafeRawBufferPointer(rebasing: bytes[..<(2 * size)]),
                into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<size]), in: .stateLeaf)
        }
        isHashed = true
    }

    /// Gives the tree what `hash` made.
    mutating func give(to tree: inout StateTree) {
        precondition(isHashed || slots.isEmpty, "pairs that are not hashed")
        for (position, slot) in slots.enumerated() {
            tree.setLeaf(Int(slot), pairs[position])
        }
        slots.removeAll(keepingCapacity: true)
        isHashed = false
    }
}
