import BFTBase
public import BFTStorage
import CRocksDB
import Synchronization

/// A store in RocksDB: one directory, one column family of RocksDB for each of ours.
///
/// Batches go to RocksDB's write-ahead log without a sync; `sync` syncs that log. RocksDB replays
/// it up to the first record that is not whole: a power cut loses batches only from the end.
/// Before a write buffer becomes a sorted file RocksDB syncs the logs before it, so that one family
/// is never ahead of another.
public final class RocksDBBackend: StorageBackend {
    /// Sizes. The defaults suit four nodes beside each other on a machine with 24 GiB.
    public struct Options: Sendable, Equatable {
        /// Bytes in the write buffers of all families together. Beyond 128 MiB a flush holds up
        /// the syncs of everything else on the disk.
        public var writeBufferByteCount: Int
        /// Bytes of blocks kept in memory for reading.
        public var blockCacheByteCount: Int
        /// Threads for flushes and compactions.
        public var backgroundJobCount: Int
        /// Files held open; each costs its index and filter in memory.
        public var openFileCount: Int

        public init(
            writeBufferByteCount: Int = 64 << 20, blockCacheByteCount: Int = 128 << 20,
            backgroundJobCount: Int = 2, openFileCount: Int = 512
        ) {
            self.writeBufferByteCount = writeBufferByteCount
            self.blockCacheByteCount = blockCacheByteCount
            self.backgroundJobCount = backgroundJobCount
            self.openFileCount = openFileCount
        }
    }

    /// The directory of the store.
    public let path: String

    /// The database is closed when the last call that uses it returns.
    private let handle: SharedHandle

    /// Opens the store in the directory `path`, or makes one; the directory above has to be there.
    ///
    /// - Throws: `locked` if another process has it open, `incompatible` if it was written by a
    ///   version with other families, `corrupt` if RocksDB says so.
    public init(path: String, options: Options = Options()) throws(StorageError) {
        self.path = path
        handle = SharedHandle(try RocksDBHandle(path: path, options: options))
    }

    public func get(_ family: ColumnFamily, key: RawSpan) throws(StorageError) -> [UInt8]? {
        try handle.use { handle throws(StorageError) in
            var failure: UnsafeMutablePointer<CChar>?
            let found = key.withUnsafeBytes {
                rocksdb_get_pinned_cf(
                    handle.database, handle.readOptions, handle.family(family),
                    $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, &failure)
            }
            try RocksDBFailure.check(failure, "get", path)
            guard let found else { return nil }
            defer { rocksdb_pinnableslice_destroy(found) }
            var count = 0
            let bytes = rocksdb_pinnableslice_value(found, &count)
            return Array(UnsafeRawBufferPointer(start: bytes, count: count))
        }
    }

    public func write(_ batch: WriteBatch) throws(StorageError) {
        try handle.use { handle throws(StorageError) in
            try apply(batch, to: handle, handle.writeOptions)
        }
    }

    public func writeUnlogged(_ batch: WriteBatch) throws(StorageError) {
        try handle.use { handle throws(StorageError) in
            var families: UInt64 = 0
            batch.forEach { _, family, _, _ in families |= 1 << UInt64(family.rawValue) }
            handle.unloggedFamilies.bitwiseOr(families, ordering: .relaxed)
            try apply(batch, to: handle, handle.unloggedOptions)
        }
    }

    private func apply(
        _ batch: WriteBatch, to handle: RocksDBHandle, _ options: OpaquePointer
    ) throws(StorageError) {
        // `WriteBatch` keeps RocksDB's own format: one copy instead of a call per operation.
        let native = batch.serialized.withUnsafeBytes {
            rocksdb_writebatch_create_from(
                $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        defer { rocksdb_writebatch_destroy(native) }
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_write(handle.database, options, native, &failure)
        try RocksDBFailure.check(failure, "write", path)
    }

    public func ingest(_ run: SortedRun, into family: ColumnFamily) throws(StorageError) {
        guard !run.isEmpty else { return }
        try handle.use { handle throws(StorageError) in
            let file = try IncomingFile(run, for: family, in: handle, path)
            defer { file.remove() }
            try file.ingest(into: family, of: handle)
        }
    }

    public func sync() throws(StorageError) {
        try handle.use { handle throws(StorageError) in
            var failure: UnsafeMutablePointer<CChar>?
            let families = handle.unloggedFamilies.exchange(0, ordering: .relaxed)
            for family in ColumnFamily.allCases where families >> UInt64(family.rawValue) & 1 == 1 {
                rocksdb_flush_cf(
                    handle.database, handle.flushOptions, handle.family(family), &failure)
                try RocksDBFailure.check(failure, "flush", path)
            }
            rocksdb_flush_wal(handle.database, 1, &failure)
            try RocksDBFailure.check(failure, "sync", path)
        }
    }

    public func forEach(
        in family: ColumnFamily, _ range: KeyRange, limit: Int, reverse: Bool,
        _ body: (_ key: RawSpan, _ value: RawSpan) -> Bool
    ) throws(StorageError) {
        guard limit > 0 else { return }
        try handle.use { handle throws(StorageError) in
            let cursor = RocksDBCursor(handle, family, range)
            var left = limit
            var goesOn = true
            reverse ? cursor.seekToLast() : cursor.seekToFirst()
            while goesOn, left > 0, cursor.isValid {
                goesOn = cursor.withEntry(body)
                left -= 1
                if goesOn, left > 0 { reverse ? cursor.previous() : cursor.next() }
            }
            try cursor.check(path)
        }
    }

    public func checkpoint(to directory: String) throws(StorageError) {
        try handle.use { handle throws(StorageError) in
            var failure: UnsafeMutablePointer<CChar>?
            let checkpoint = rocksdb_checkpoint_object_create(handle.database, &failure)
            try RocksDBFailure.check(failure, "checkpoint", path)
            defer { rocksdb_checkpoint_object_destroy(checkpoint) }
            // A log size of zero flushes the write buffers: the copy needs no log of this store.
            rocksdb_checkpoint_create(checkpoint, directory, 0, &failure)
            try RocksDBFailure.check(failure, "checkpoint", directory)
        }
    }

    public func metrics() throws(StorageError) -> StorageMetrics {
        try handle.use { handle throws(StorageError) in
            var metrics = StorageMetrics(
                families: [], bufferedByteCount: 0, pendingCompactionByteCount: 0)
            for family in ColumnFamily.allCases {
                func property(_ name: String) -> UInt64 {
                    var value: UInt64 = 0
                    let code = rocksdb_property_int_cf(
                        handle.database, handle.family(family), "rocksdb.\(name)", &value)
                    return code == 0 ? value : 0
                }
                metrics.families.append(
                    .init(
                        keyCount: property("estimate-num-keys"),
                        byteCount: property("live-sst-files-size")
                            + property("live-blob-file-size")
                            + property("cur-size-all-mem-tables")))
                metrics.bufferedByteCount += property("cur-size-all-mem-tables")
                metrics.pendingCompactionByteCount += property("estimate-pending-compaction-bytes")
            }
            return metrics
        }
    }

    public func close() { handle.close() }
}

/// A RocksDB handle that many threads use until one closes it.
private final class SharedHandle: Sendable {
    private struct State: Sendable {
        var handle: RocksDBHandle?
    }

    private let state: Mutex<State>

    init(_ handle: RocksDBHandle) { state = Mutex(State(handle: handle)) }

    /// Calls `body` with the handle, which lives at least until `body` returns: whoever lets go of
    /// the last reference closes the database.
    func use<Result>(
        _ body: (RocksDBHandle) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        guard let handle = state.withLock({ $0.handle }) else { throw .closed }
        return try withExtendedLifetime(handle) { () throws(StorageError) in try body(handle) }
    }

    func close() { state.withLock { $0.handle = nil } }
}
