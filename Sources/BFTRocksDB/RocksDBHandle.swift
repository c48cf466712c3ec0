import BFTStorage
import CRocksDB
import Glibc
import Synchronization

/// An open database with its options and families. Closes it when it goes.
///
/// RocksDB's handles may be used by any number of threads; this object never changes.
final class RocksDBHandle: @unchecked Sendable {
    let database: OpaquePointer
    let readOptions: OpaquePointer
    let writeOptions: OpaquePointer
    /// Without the write-ahead log.
    let unloggedOptions: OpaquePointer
    let flushOptions: OpaquePointer
    /// The families with something that was written since the last sync and that only a flush makes
    /// durable: a bit for each, by its raw value.
    let unloggedFamilies = Atomic<UInt64>(0)
    let options: RocksDBOptions
    private let families: [OpaquePointer]
    private let defaultFamily: OpaquePointer
    private let fileCount = Atomic<UInt64>(0)

    init(path: String, options: RocksDBBackend.Options) throws(StorageError) {
        try Self.checkDirectory(path)
        self.options = RocksDBOptions(options)
        let existing = try Self.existingFamilies(path, self.options)
        let opened = try Self.open(path, existing, self.options)
        // Behind the lock: no other process is writing one.
        IncomingFile.removeAll(in: path)
        database = opened.database
        defaultFamily = opened.families[0]
        families = Array(opened.families[1...])
        readOptions = rocksdb_readoptions_create()
        writeOptions = rocksdb_writeoptions_create()
        unloggedOptions = rocksdb_writeoptions_create()
        rocksdb_writeoptions_disable_WAL(unloggedOptions, 1)
        flushOptions = rocksdb_flushoptions_create()
        rocksdb_flushoptions_set_wait(flushOptions, 1)
    }

    deinit {
        rocksdb_writeoptions_destroy(writeOptions)
        rocksdb_writeoptions_destroy(unloggedOptions)
        rocksdb_flushoptions_destroy(flushOptions)
        rocksdb_readoptions_destroy(readOptions)
        rocksdb_cancel_all_background_work(database, 1)
        for family in families + [defaultFamily] { rocksdb_column_family_handle_destroy(family) }
        rocksdb_close(database)
    }

    /// A number that no other file of this process has.
    func nextFileNumber() -> UInt64 { fileCount.add(1, ordering: .relaxed).newValue }

    func family(_ family: ColumnFamily) -> OpaquePointer { families[Int(family.rawValue) - 1] }

    /// RocksDB makes missing directories of any depth, so that a wrong path is a new, empty node.
    private static func checkDirectory(_ path: String) throws(StorageError) {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else { throw .notADirectory(path: path) }
        } else if mkdir(path, 0o700) != 0 {
            if errno == EACCES { throw .permission(operation: "create", path: path) }
            throw .notADirectory(path: path)
        }
    }

    /// The names of our families that are in the store, in order: all, or the first few if making
    /// the store was interrupted, or none.
    private static func existingFamilies(
        _ path: String, _ options: RocksDBOptions
    ) throws(StorageError) -> [String] {
        guard access("\(path)/CURRENT", F_OK) == 0 else { return [] }
        var failure: UnsafeMutablePointer<CChar>?
        var count = 0
        let list = rocksdb_list_column_families(options.database, path, &count, &failure)
        try RocksDBFailure.check(failure, "open", path)
        defer { rocksdb_list_column_families_destroy(list, count) }
        var found: [String] = []
        for position in 0..<count {
            guard let name = list?[position] else { continue }
            found.append(String(cString: name))
        }
        let known = ["default"] + ColumnFamily.allCases.map(\.name)
        let unknown = found.filter { !known.contains($0) }
        guard unknown.isEmpty else {
            throw .incompatible(
                path: path,
                reason: "holds the unknown column families \(unknown.joined(separator: ", ")): "
                    + "written by a newer version or by another program; start that one, or name "
                    + "another directory")
        }
        guard Set(found) == Set(known.prefix(found.count)) else {
            throw .incompatible(
                path: path, reason: "lacks a column family: not a store of this program")
        }
        return Array(known.prefix(found.count))
    }

    private static func open(
        _ path: String, _ existing: [String], _ options: RocksDBOptions
    ) throws(StorageError) -> (database: OpaquePointer, families: [OpaquePointer]) {
        let names = existing.isEmpty ? ["default"] : existing
        let copies = names.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        var families = [OpaquePointer?](repeating: nil, count: names.count)
        let familyOptions: [OpaquePointer?] = names.map { options.family($0) }
        var failure: UnsafeMutablePointer<CChar>?
        let database = rocksdb_open_column_families(
            options.database, path, Int32(names.count), copies.map { UnsafePointer($0) },
            familyOptions, &families, &failure)
        try RocksDBFailure.check(failure, "open", path)
        guard let database else {
            throw .io(operation: "open", path: path, reason: "RocksDB gave no database")
        }
        var handles = families.compactMap { $0 }
        do {
            try addFamilies(&handles, to: database, path, options)
        } catch {
            for handle in handles { rocksdb_column_family_handle_destroy(handle) }
            rocksdb_close(database)
            throw error
        }
        return (database, handles)
    }

    /// Makes the families that are missing, one after the other so that RocksDB numbers them as
    /// `ColumnFamily` does, and checks the numbers: they stand in every serialized batch.
    private static func addFamilies(
        _ handles: inout [OpaquePointer], to database: OpaquePointer, _ path: String,
        _ options: RocksDBOptions
    ) throws(StorageError) {
        for family in ColumnFamily.allCases.dropFirst(handles.count - 1) {
            var failure: UnsafeMutablePointer<CChar>?
            let handle = rocksdb_create_column_family(
                database, options.family(family.name), family.name, &failure)
            try RocksDBFailure.check(failure, "create \(family.name)", path)
            if let handle { handles.append(handle) }
        }
        for (handle, family) in zip(handles.dropFirst(), ColumnFamily.allCases) {
            let number = rocksdb_column_family_handle_get_id(handle)
            guard number == UInt32(family.rawValue) else {
                throw .incompatible(
                    path: path,
                    reason: "column family \(family.name) has number \(number), not "
                        + "\(family.rawValue): not a store of this program")
            }
        }
    }
}
