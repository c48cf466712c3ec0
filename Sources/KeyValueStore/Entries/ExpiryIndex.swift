import BFTBase

/// The entries that expire, the soonest first: a binary heap that knows each slot's position.
///
/// Ties are broken by the digest of the key, so that the order in which entries leave depends on
/// the state alone and never on how the heap came to be.
struct ExpiryIndex: Sendable {
    private struct Item: Sendable {
        var expiry: UInt64
        var digest: Digest
        var slot: Int

        static func < (left: Self, right: Self) -> Bool {
            left.expiry != right.expiry
                ? left.expiry < right.expiry : left.digest < right.digest
        }
    }

    private var heap: [Item] = []
    /// By slot: the position in the heap and one, or 0.
    private var positions: [UInt32] = []

    var count: Int { heap.count }

    /// The slot that expires first, and when.
    var first: (slot: Int, expiry: UInt64)? { heap.first.map { ($0.slot, $0.expiry) } }

    /// Makes `slot` expire at `expiry`, or not at all if that is 0.
    mutating func set(_ slot: Int, expiry: UInt64, digest: Digest) {
        let known = slot < positions.count ? Int(positions[slot]) : 0
        guard expiry != 0 else {
            if known != 0 { remove(at: known - 1) }
            return
        }
        let item = Item(expiry: expiry, digest: digest, slot: slot)
        if known != 0 {
            settle(item, from: known - 1)
        } else {
            if slot >= positions.count {
                positions.append(
                    contentsOf: repeatElement(0, count: slot + 1 - positions.count))
            }
            heap.append(item)
            settle(item, from: heap.count - 1)
        }
    }

    private mutating func remove(at position: Int) {
        positions[heap[position].slot] = 0
        let last = heap.removeLast()
        if position < heap.count { settle(last, from: position) }
    }

    private mutating func put(_ item: Item, at position: Int) {
        heap[position] = item
        positions[item.slot] = UInt32(position + 1)
    }

    /// Puts `item` where it belongs, given that the item at `start` may be overwritten.
    private mutating func settle(_ item: Item, from start: Int) {
        var position = start
        while position > 0, item < heap[(position - 1) / 2] {
            put(heap[(position - 1) / 2], at: position)
            position = (position - 1) / 2
        }
        while true {
            var child = 2 * position + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < item else { break }
            put(heap[child], at: position)
            position = child
        }
        put(item, at: position)
    }
}
