/// Changes that a store applies together or not at all, in one contiguous buffer.
///
/// The buffer is RocksDB's own batch format (its `write_batch.cc`): eight bytes of sequence number,
/// four of count, then for each operation a tag, the family, and keys and values behind their
/// lengths, all numbers below 2³² as LEB128. Adding an operation allocates nothing once the buffer
/// has grown, and RocksDB takes the buffer as it is instead of one call per operation.
public struct WriteBatch: Sendable, Equatable {
    static let headerByteCount = 12

    /// The changes as RocksDB writes them.
    public private(set) var serialized: [UInt8]

    /// The number of operations.
    public private(set) var count = 0

    /// A batch without operations, with room for `capacity` bytes.
    public init(capacity: Int = 0) {
        serialized = Array(repeating: 0, count: Self.headerByteCount)
        serialized.reserveCapacity(Self.headerByteCount + capacity)
    }

    public var isEmpty: Bool { count == 0 }

    /// The bytes of the operations.
    public var byteCount: Int { serialized.count - Self.headerByteCount }

    /// Sets the value under `key`.
    public mutating func put(_ family: ColumnFamily, key: RawSpan, value: RawSpan) {
        begin(.put, family)
        append(key)
        append(value)
    }

    /// Sets the value under `key`.
    public mutating func put(_ family: ColumnFamily, key: [UInt8], value: [UInt8]) {
        put(family, key: key.span.bytes, value: value.span.bytes)
    }

    /// Sets the value under `key`.
    public mutating func put(
        _ family: ColumnFamily, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) {
        put(family, key: key.bytes, value: value.bytes)
    }

    /// Removes `key` and its value, if there.
    public mutating func delete(_ family: ColumnFamily, key: RawSpan) {
        begin(.delete, family)
        append(key)
    }

    /// Removes `key` and its value, if there.
    public mutating func delete(_ family: ColumnFamily, key: [UInt8]) {
        delete(family, key: key.span.bytes)
    }

    /// Removes the keys from `lower` up to, but not including, `upper`. An empty range, also one
    /// that ends before it begins, adds nothing: RocksDB would refuse it after it is in its log.
    public mutating func deleteRange(
        _ family: ColumnFamily, from lower: [UInt8], to upper: [UInt8]
    ) {
        guard lower.span.bytes.precedes(upper.span.bytes) else { return }
        begin(.deleteRange, family)
        append(lower.span.bytes)
        append(upper.span.bytes)
    }

    /// Adds the operations of `other` behind these.
    public mutating func append(contentsOf other: WriteBatch) {
        serialized.append(contentsOf: other.serialized[Self.headerByteCount...])
        setCount(count + other.count)
    }

    /// Forgets every operation and keeps the buffer.
    public mutating func removeAll() {
        serialized.removeSubrange(Self.headerByteCount...)
        setCount(0)
    }

    private mutating func begin(_ kind: Kind, _ family: ColumnFamily) {
        serialized.append(kind.rawValue)
        serialized.append(family.rawValue)
        setCount(count + 1)
    }

    private mutating func setCount(_ newCount: Int) {
        precondition(newCount <= Int(UInt32.max), "a batch holds fewer than 2³² operations")
        count = newCount
        for byte in 0..<4 {
            serialized[8 + byte] = UInt8(truncatingIfNeeded: newCount >> (8 * byte))
        }
    }

    private mutating func append(_ bytes: RawSpan) {
        precondition(bytes.byteCount <= Int(Int32.max), "a key or value is shorter than 2 GiB")
        var rest = UInt32(bytes.byteCount)
        while rest >= 0x80 {
            serialized.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        serialized.append(UInt8(rest))
        bytes.withUnsafeBytes { serialized.append(contentsOf: $0) }
    }
}

extension WriteBatch {
    /// What an operation does. The raw value is RocksDB's tag for it (`dbformat.h`).
    public enum Kind: UInt8, Sendable {
        case delete = 0x04
        case put = 0x05
        case deleteRange = 0x0E
    }

    /// Calls `body` with the operations in order. `second` is the value of a put, the end of a
    /// range, and empty for a delete.
    public func forEach(
        _ body: (_ kind: Kind, _ family: ColumnFamily, _ key: RawSpan, _ second: RawSpan) -> Void
    ) {
        let bytes = serialized.span.bytes
        var offset = Self.headerByteCount
        for _ in 0..<count {
            guard
                let kind = Kind(rawValue: serialized[offset]),
                let family = ColumnFamily(rawValue: serialized[offset + 1])
            else { preconditionFailure("a batch holds only what was put into it") }
            offset += 2
            let key = Self.field(of: bytes, at: &offset)
            let keySpan = bytes.extracting(key)
            let second =
                kind == .delete ? offset..<offset : Self.field(of: bytes, at: &offset)
            body(kind, family, keySpan, bytes.extracting(second))
        }
    }

    private static func field(of bytes: RawSpan, at offset: inout Int) -> Range<Int> {
        var length = 0
        var shift = 0
        while true {
            let byte = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            offset += 1
            length |= Int(byte & 0x7F) << shift
            guard byte >= 0x80 else { break }
            shift += 7
        }
        defer { offset += length }
        return offset..<offset + length
    }
}
