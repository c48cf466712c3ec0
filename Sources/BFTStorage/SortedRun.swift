/// Changes of one family that a store takes up all together: one for each key, in bytewise order.
///
/// Filled in any order; `sorted` brings it into order. Keys and values stand in one contiguous
/// buffer, so that filling it copies bytes and allocates nothing else once that has grown.
public struct SortedRun: Equatable, Sendable {
    private struct Entry: Equatable, Sendable {
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
        entries.append(
            Entry(
                offset: bytes.count, keyByteCount: key.byteCount,
                valueByteCount: valueByteCount))
        key.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }

    /// The same in order of the keys, with what was said last of each.
    public func sorted() -> SortedRun {
        var result = self
        bytes.withUnsafeBytes { bytes in
            // Most comparisons end with eight bytes, the first in which keys may differ.
            let common = commonByteCount(bytes)
            var order = entries.map { entry in
                (head: Self.head(entry, behind: common, in: bytes), entry: entry)
            }
            order.sort { left, right in
                if left.head != right.head { return left.head < right.head }
                let order = Self.order(left.entry, right.entry, in: bytes)
                return order == 0 ? left.entry.offset < right.entry.offset : order < 0
            }
            result.entries = []
            result.entries.reserveCapacity(entries.count)
            for (_, entry) in order {
                if let last = result.entries.last, Self.order(last, entry, in: bytes) == 0 {
                    result.entries.removeLast()
                }
                result.entries.append(entry)
            }
        }
        return result
    }

    private static func key(
        _ entry: Entry, in bytes: UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            rebasing: bytes[entry.offset..<entry.offset + entry.keyByteCount])
    }

    /// How many bytes all keys begin with.
    private func commonByteCount(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let first = entries.first else { return 0 }
        let model = Self.key(first, in: bytes)
        var common = model.count
        for entry in entries {
            let key = Self.key(entry, in: bytes)
            common = min(common, key.count)
            let isAlike =
                UnsafeRawBufferPointer(rebasing: key[..<common]).bytes
                .compare(UnsafeRawBufferPointer(rebasing: model[..<common]).bytes) == 0
            if !isAlike { common = zip(key, model).prefix { $0 == $1 }.count }
        }
        return common
    }

    /// Eight bytes of a key behind the first `start`, the highest first, as if zeros followed it.
    private static func head(
        _ entry: Entry, behind start: Int, in bytes: UnsafeRawBufferPointer
    ) -> UInt64 {
        let key = key(entry, in: bytes)
        var head: UInt64 = 0
        for position in start..<min(start + 8, key.count) {
            head |= UInt64(key[position]) << UInt64(56 - 8 * (position - start))
        }
        return head
    }

    /// Below, equal to or above zero, as the key of `left` comes before, is, or comes after the
    /// other.
    private static func order(
        _ left: Entry, _ right: Entry, in bytes: UnsafeRawBufferPointer
    ) -> Int {
        key(left, in: bytes).bytes.compare(key(right, in: bytes).bytes)
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
