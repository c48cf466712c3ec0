import BFTStorage
import CRocksDB

/// The options of a database and its families, and what they refer to. Frees them when it goes.
final class RocksDBOptions {
    /// The options of the database, and of families that have none of their own.
    let database: OpaquePointer
    private let families: [String: OpaquePointer]
    private let cache: OpaquePointer

    init(_ sizes: RocksDBBackend.Options) {
        cache = rocksdb_cache_create_lru(sizes.blockCacheByteCount)
        database = Self.databaseOptions(sizes)
        var families: [String: OpaquePointer] = [:]
        for family in ColumnFamily.allCases {
            families[family.name] = Self.familyOptions(family, sizes, database, cache)
        }
        self.families = families
    }

    deinit {
        for options in families.values { rocksdb_options_destroy(options) }
        rocksdb_options_destroy(database)
        rocksdb_cache_destroy(cache)
    }

    func family(_ name: String) -> OpaquePointer { families[name] ?? database }

    private static func databaseOptions(_ sizes: RocksDBBackend.Options) -> OpaquePointer {
        let options: OpaquePointer = rocksdb_options_create()
        rocksdb_options_set_create_if_missing(options, 1)
        rocksdb_options_set_paranoid_checks(options, 1)
        // One thread writes: there is nothing to do at once, and lists can't be written at once.
        rocksdb_options_set_allow_concurrent_memtable_write(options, 0)
        rocksdb_options_set_db_write_buffer_size(options, sizes.writeBufferByteCount)
        // Families that are written rarely would keep old logs alive without this bound.
        rocksdb_options_set_max_total_wal_size(options, UInt64(2 * sizes.writeBufferByteCount))
        // Replay up to the first record that is not whole. Reuse of log files, which would spare
        // a sync the change of size, is off: RocksDB 7.8 ignores it in this mode, and the mode
        // that allows it skips damaged batches in the middle.
        rocksdb_options_set_wal_recovery_mode(options, pointInTimeRecovery)
        rocksdb_options_set_max_background_jobs(options, Int32(sizes.backgroundJobCount))
        rocksdb_options_set_max_open_files(options, Int32(sizes.openFileCount))
        // Sorted files go past the kernel's cache: they are read again by compactions at most, and
        // their write-back doesn't meet a sync all at once.
        rocksdb_options_set_use_direct_io_for_flush_and_compaction(options, 1)
        rocksdb_options_set_info_log_level(options, errorLevel)
        rocksdb_options_set_max_log_file_size(options, 1 << 20)
        rocksdb_options_set_keep_log_file_num(options, 2)
        rocksdb_options_set_stats_dump_period_sec(options, 0)
        rocksdb_options_set_stats_persist_period_sec(options, 0)
        rocksdb_options_set_compression(options, Int32(rocksdb_no_compression))
        return options
    }

    /// `kPointInTimeRecovery` and `ERROR_LEVEL` of RocksDB, for which the C header has no names.
    private static let pointInTimeRecovery: Int32 = 2
    private static let errorLevel: Int32 = 3

    private static func familyOptions(
        _ family: ColumnFamily, _ sizes: RocksDBBackend.Options, _ database: OpaquePointer,
        _ cache: OpaquePointer
    ) -> OpaquePointer {
        let options: OpaquePointer = rocksdb_options_create_copy(database)
        rocksdb_options_set_write_buffer_size(options, sizes.writeBufferByteCount / 4)
        rocksdb_options_set_max_write_buffer_number(options, 3)
        let table: OpaquePointer = rocksdb_block_based_options_create()
        rocksdb_block_based_options_set_block_cache(table, cache)
        rocksdb_block_based_options_set_format_version(table, 5)
        switch family {
        case .state: break  // Taken up as sorted files, and read in order when a node starts.
        case .meta:
            // Read at random, and often for keys that are not there.
            rocksdb_block_based_options_set_filter_policy(
                table, rocksdb_filterpolicy_create_bloom_full(10))
        case .batches, .snapshots:
            // Large and written once: kept beside the sorted files, so that a compaction moves the
            // keys only. Files whose values are dead are removed as a whole.
            rocksdb_options_set_enable_blob_files(options, 1)
            rocksdb_options_set_min_blob_size(options, 4096)
            rocksdb_options_set_blob_file_size(options, 64 << 20)
            rocksdb_options_set_blob_compression_type(options, Int32(rocksdb_no_compression))
            rocksdb_options_set_enable_blob_gc(options, 1)
        case .blocks, .certificates: break  // Mostly signatures and digests: nothing compresses.
        }
        rocksdb_options_set_block_based_table_factory(options, table)
        rocksdb_block_based_options_destroy(table)
        return options
    }
}
