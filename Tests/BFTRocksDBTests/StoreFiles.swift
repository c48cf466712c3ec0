import BFTDisk
import BFTStorage
import CRocksDB
import Glibc

/// Files of a store, as a test copies and lists them.
enum StoreFiles {
    static func names(_ path: String) throws -> [String] {
        try FileLogDirectory(path).names().filter { $0 != "." && $0 != ".." }
    }

    /// Copies the plain files in `source` to a new directory.
    static func copy(_ source: String, _ target: String) throws {
        _ = try FileLogDirectory(target)
        for name in try names(source) where name != "LOCK" {
            guard let bytes = try AtomicFile.read("\(source)/\(name)", limit: 1 << 28) else {
                continue
            }
            try AtomicFile.write("\(target)/\(name)", bytes)
        }
    }
}

/// A store that another program writes.
enum ForeignStore {
    struct Failure: Error {
        var reason: String
    }

    /// Opens the store at `path` with the families that it has, or makes it, and adds one.
    static func addFamily(_ name: String, path: String) throws {
        let options: OpaquePointer = rocksdb_options_create()
        defer { rocksdb_options_destroy(options) }
        rocksdb_options_set_create_if_missing(options, 1)
        var failure: UnsafeMutablePointer<CChar>?
        var count = 0
        var names = ["default"]
        if access("\(path)/CURRENT", F_OK) == 0,
            let list = rocksdb_list_column_families(options, path, &count, &failure)
        {
            names = (0..<count).compactMap { list[$0].map { String(cString: $0) } }
            rocksdb_list_column_families_destroy(list, count)
        }
        let copies = names.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        var handles = [OpaquePointer?](repeating: nil, count: names.count)
        let database = rocksdb_open_column_families(
            options, path, Int32(names.count), copies.map { UnsafePointer($0) },
            names.map { _ in options }, &handles, &failure)
        guard let database else { throw Failure(reason: failure.map { String(cString: $0) } ?? "") }
        handles.append(rocksdb_create_column_family(database, options, name, &failure))
        for handle in handles { handle.map { rocksdb_column_family_handle_destroy($0) } }
        rocksdb_close(database)
    }
}
