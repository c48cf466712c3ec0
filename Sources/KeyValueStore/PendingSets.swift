/// Plain writes that wait to be carried out together.
///
/// One write at a time waits for the memory three times in a row: for the table, the entry, the
/// cell. A run of writes asks for all of their table places first, then for all of their entries,
/// then for all of their cells, and the memory answers side by side. They are then carried out in
/// order, so nothing shows.
struct PendingSets: Sendable {
    struct Write: Sendable {
        var hash: UInt64
        /// Where the key starts in `bytes`. The value follows it.
        var start: Int
        var keyByteCount: Int
        var valueByteCount: Int
        /// What the table holds at the home of the hash.
        var place: UInt64 = 0
        /// The slot that probably is the key's, or -1.
        var slot = -1
        /// The size of the cell there.
        var cellByteCount = 0
    }

    static let countLimit = 64
    /// A larger value isn't worth copying twice.
    static let valueLimit = 2_048

    var bytes: [UInt8] = []
    var writes: [Write] = []

    /// The bytes of a write, about: of key and value.
    var meanByteCount: Int { writes.isEmpty ? 0 : bytes.count / writes.count }

    var isFull: Bool { writes.count >= Self.countLimit }

    mutating func append(_ key: RawSpan, _ value: RawSpan, hash: UInt64) {
        writes.append(
            Write(
                hash: hash, start: bytes.count, keyByteCount: key.byteCount,
                valueByteCount: value.byteCount))
        unsafe key.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        unsafe value.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        writes.removeAll(keepingCapacity: true)
    }
}
