/// Changes of one family that a store takes up all together: one for each key, in bytewise order.
///
/// Filled in any order; `sorted` brings it into order. Keys and values stand in one contiguous
/// buffer, so that filling it copies bytes and allocates nothing else once that has grown.
public struct SortedRun: Equatable, Sendable {
    private struct Entry: Equatable, Sendable {
        /// The first eight bytes of the key, the highest first: most comparisons end with them.
        let prefix: UInt64
        let offset: Int
        let keyByteCount: Int
        /// `nil` if the key is removed.
        let valueByteCount: Int?
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []

    public init() {}

    public var isEmpty: Bool { entries.isEmpty }
    public var count: Int { entries.count }
    /// The bytes of keys and values.
    public var byteCount: Int { bytes.count }

    /// Sets the value under `key`, whatever was said of the key before.
    public mutating func put(key: RawSpan, value: RawSpan) {
        append(key, valueByteCount: value.byteCount)
        value.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// Removes `key`, whatever was said of it before.
    public mutating func delete(key: RawSpan) { append(key, valueByteCount: nil) }

    private mutating func append(_ key: RawSpan, valueByteCount: Int?) {
        var prefix: UInt64 = 0
        for position in 0..<min(8, key.byteCount) {
            let byte = key.unsafeLoad(fromByteOffset: position, as: UInt8.self)
            prefix |= UInt64(byte) << UInt64(56 - 8 * position)
        }
        entries.append(
            Entry(
                prefix: prefix, offset: bytes.count, keyByteCount: key.byteCount,
                valueByteCount: valueByteCount))
        key.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// The same in order of the keys, with what was said last of each.
    public func sorted() -> SortedRun {
        var result = self
        bytes.withUnsafeBytes { bytes in
            result.entries.sort { left, right in
                let order = Self.order(left, right, in: bytes)
                return order == 0 ? left.offset < right.offset : order < 0
            }
            var kept: [Entry] = []
            kept.reserveCapacity(entries.count)
            for entry in result.entries {
                if let last = kept.last, Self.order(last, entry, in: bytes) == 0 {
                    kept.removeLast()
                }
                kept.append(entry)
            }
            result.entries = kept
        }
        return result
    }

    /// Below, equal to or above zero, as the key of `left` comes before, is, or comes after the
    /// other.
    private static func order(
        _ left: Entry, _ right: Entry, in bytes: UnsafeRawBufferPointer
    ) -> Int {
        if left.prefix != right.prefix { return left.prefix < right.prefix ? -1 : 1 }
        let key = { (entry: Entry) in bytes[entry.offset..<entry.offset + entry.keyByteCount] }
        return UnsafeRawBufferPointer(rebasing: key(left)).bytes
            .compare(UnsafeRawBufferPointer(rebasing: key(right)).bytes)
    }

    /// Calls `body` with each key and its value, or `nil` if the key is removed.
    public func forEach(
        _ body: (_ key: RawSpan, _ value: RawSpan?) throws(StorageError) -> Void
    ) throws(StorageError) {
        let span = bytes.span.bytes
        for entry in entries {
            let end = entry.offset + entry.keyByteCount
            let key = span.extracting(entry.offset..<end)
            if let count = entry.valueByteCount {
                try body(key, span.extracting(end..<end + count))
            } else {
                try body(key, nil)
            }
        }
    }
}
