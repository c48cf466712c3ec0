/// An ordered key-value store with column families, atomic batches and explicit durability.
///
/// What a caller may rely on, and what every backend is tested for:
/// - A batch is applied as a whole or not at all, also across a crash, and in the order of its
///   operations.
/// - Without `sync` a crash may lose the latest batches, but only from the end: what survives is
///   always the state after some earlier batch, at or after the last `sync`.
/// - A reader sees whole batches; an iteration sees the store as it was when it began.
///
/// All calls may come from any thread and may block on the disk.
public protocol StorageBackend: AnyObject, Sendable {
    /// The value under `key`, or `nil` if there is none.
    func get(_ family: ColumnFamily, key: RawSpan) throws(StorageError) -> [UInt8]?

    /// Applies `batch` atomically. It is durable after the next `sync`, not before.
    func write(_ batch: WriteBatch) throws(StorageError)

    /// Applies `batch` without writing ahead: what a caller can bring back itself until the next
    /// `sync`. A crash of the process alone may lose it, before or after later writes, but never
    /// after a `sync`.
    func writeUnlogged(_ batch: WriteBatch) throws(StorageError)

    /// Applies `run` to `family` atomically and durably, past the log of the store: for what is
    /// large and is written now and then. May take long, and holds other writes up for a moment
    /// only.
    ///
    /// What was written before is no more durable than it was: `sync` first what `run` goes by.
    ///
    /// - Precondition: `run` is sorted, and the family is written in this way only.
    func ingest(_ run: SortedRun, into family: ColumnFamily) throws(StorageError)

    /// Makes everything written so far durable.
    ///
    /// An error is final: what was written since the last success may be lost, whatever a later
    /// call says. The caller stops.
    func sync() throws(StorageError)

    /// Calls `body` with the entries in `range` in key order, or against it, until `body` returns
    /// `false` or `limit` entries were seen. The spans are valid inside the call only.
    func forEach(
        in family: ColumnFamily, _ range: KeyRange, limit: Int, reverse: Bool,
        _ body: (_ key: RawSpan, _ value: RawSpan) -> Bool
    ) throws(StorageError)

    /// Makes a copy of the store as it is now in `directory`, which must not exist yet. The copy
    /// shares files with the store where it can, and opens like a store of its own.
    func checkpoint(to directory: String) throws(StorageError)

    /// Sizes for the metrics of a node. Estimates, cheap to ask for.
    func metrics() throws(StorageError) -> StorageMetrics

    /// Lets go of files and memory. Does not sync. Later calls throw `closed`; closing twice is
    /// harmless.
    func close()
}

/// Sizes of a store. Estimates unless the backend lives in memory.
public struct StorageMetrics: Equatable, Sendable {
    /// One column family.
    public struct Family: Equatable, Sendable {
        public var keyCount: UInt64
        public var byteCount: UInt64

        public init(keyCount: UInt64, byteCount: UInt64) {
            self.keyCount = keyCount
            self.byteCount = byteCount
        }
    }

    /// The families in the order of `ColumnFamily.allCases`.
    public var families: [Family]
    /// Bytes in write buffers, not yet in sorted files.
    public var bufferedByteCount: UInt64
    /// Bytes that background work still has to rewrite.
    public var pendingCompactionByteCount: UInt64

    public init(
        families: [Family], bufferedByteCount: UInt64, pendingCompactionByteCount: UInt64
    ) {
        self.families = families
        self.bufferedByteCount = bufferedByteCount
        self.pendingCompactionByteCount = pendingCompactionByteCount
    }

    public subscript(family: ColumnFamily) -> Family { families[family.index] }
}

extension StorageBackend {
    public func writeUnlogged(_ batch: WriteBatch) throws(StorageError) { try write(batch) }

    /// The value under `key`, or `nil` if there is none.
    public func get(_ family: ColumnFamily, key: [UInt8]) throws(StorageError) -> [UInt8]? {
        try get(family, key: key.span.bytes)
    }

    /// Calls `body` with the entries in `range` in key order until it returns `false`.
    public func forEach(
        in family: ColumnFamily, _ range: KeyRange = .all,
        _ body: (_ key: RawSpan, _ value: RawSpan) -> Bool
    ) throws(StorageError) {
        try forEach(in: family, range, limit: .max, reverse: false, body)
    }

    /// The entries in `range`, copied: at most `limit` of them.
    public func entries(
        in family: ColumnFamily, _ range: KeyRange = .all, limit: Int, reverse: Bool = false
    ) throws(StorageError) -> [(key: [UInt8], value: [UInt8])] {
        var found: [(key: [UInt8], value: [UInt8])] = []
        try forEach(in: family, range, limit: limit, reverse: reverse) { key, value in
            found.append((key.copied, value.copied))
            return true
        }
        return found
    }
}

extension RawSpan {
    /// These bytes in an array of their own.
    var copied: [UInt8] { withUnsafeBytes { Array($0) } }
}
