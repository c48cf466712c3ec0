import BFTBase
import BFTWire

/// The state root as its definition says it, without any tree that is kept: from the entries and
/// the time alone.
enum RootOracle {
    static func root(_ entries: [[UInt8]: ModelStore.Entry], time: UInt64) -> Digest {
        let leaves = entries.map { key, entry in
            (place: place(key), leaf: leaf(key, entry))
        }
        var writer = Writer()
        node(leaves.sorted { $0.place < $1.place }[...], depth: 0).encode(into: &writer)
        writer.uint64(UInt64(entries.count))
        writer.uint64(time)
        return Digest.of(writer.bytes, in: .stateRoot)
    }

    private static func place(_ key: [UInt8]) -> Digest {
        var block = Writer()
        block.uint16(UInt16(key.count))
        block.raw(key)
        while block.bytes.count % 64 != 0 { block.uint8(0) }
        return Digest.of(block.bytes, in: .stateKey)
    }

    private static func leaf(_ key: [UInt8], _ entry: ModelStore.Entry) -> Digest {
        var cell = Writer()
        cell.uint32(UInt32(entry.value.count))
        cell.uint16(UInt16(key.count))
        cell.uint8(0)
        cell.uint8(1)
        cell.raw(key)
        cell.uint64(entry.expiry)
        cell.raw(entry.value)
        while cell.bytes.count % 64 != 0 { cell.uint8(0) }
        return Digest.of(
            place(key).bytes + Digest.of(cell.bytes, in: .stateEntry).bytes,
            in: .stateLeaf)
    }

    private static func node(
        _ leaves: ArraySlice<(place: Digest, leaf: Digest)>, depth: Int
    ) -> Digest {
        if leaves.isEmpty { return .zero }
        if leaves.count == 1 { return leaves.first!.leaf }
        let isRight = { (place: Digest) in
            place.bytes[depth / 8] >> UInt8(7 - depth % 8) & 1 == 1
        }
        let left = leaves.prefix { !isRight($0.place) }
        let right = leaves.dropFirst(left.count)
        return Digest.of(
            node(left, depth: depth + 1).bytes + node(right, depth: depth + 1).bytes,
            in: .stateNode)
    }
}
