import BFTStorage
import CRocksDB
import Glibc

/// A sorted file that is written outside of the database and then becomes part of it.
///
/// RocksDB takes the whole file into a family with one durable change of its manifest
/// (`IngestExternalFile`), so a crash leaves all of it or none. What a crash leaves of the file
/// itself is removed when the store is opened again.
struct IncomingFile {
    private static let prefix = "incoming-"
    private let path: String

    /// Writes `run`, synced.
    ///
    /// - Precondition: the run is sorted.
    init(
        _ run: SortedRun, for family: ColumnFamily, in handle: RocksDBHandle, _ directory: String
    ) throws(StorageError) {
        path = "\(directory)/\(Self.prefix)\(handle.nextFileNumber()).sst"
        let environment = rocksdb_envoptions_create()
        defer { rocksdb_envoptions_destroy(environment) }
        let writer = rocksdb_sstfilewriter_create(environment, handle.options.family(family.name))
        defer { rocksdb_sstfilewriter_destroy(writer) }
        do throws(StorageError) {
            try Self.write(run, with: writer, to: path)
        } catch {
            remove()
            throw error
        }
    }

    private static func write(
        _ run: SortedRun, with writer: OpaquePointer?, to path: String
    ) throws(StorageError) {
        var failure: UnsafeMutablePointer<CChar>?
        rocksdb_sstfilewriter_open(writer, path, &failure)
        try RocksDBFailure.check(failure, "write", path)
        try run.forEach { key, value throws(StorageError) in
            key.withUnsafeBytes { key in
                let start = key.baseAddress?.assumingMemoryBound(to: CChar.self)
                if let value {
                    value.withUnsafeBytes { value in
                        rocksdb_sstfilewriter_put(
                            writer, start, key.count,
                            value.baseAddress?.assumingMemoryBound(to: CChar.self), value.count,
                            &failure)
                    }
                } else {
                    rocksdb_sstfilewriter_delete(writer, start, key.count, &failure)
                }
            }
            try RocksDBFailure.check(failure, "write", path)
        }
        rocksdb_sstfilewriter_finish(writer, &failure)
        try RocksDBFailure.check(failure, "write", path)
    }

    func ingest(into family: ColumnFamily, of handle: RocksDBHandle) throws(StorageError) {
        let options = rocksdb_ingestexternalfileoptions_create()
        defer { rocksdb_ingestexternalfileoptions_destroy(options) }
        rocksdb_ingestexternalfileoptions_set_move_files(options, 1)
        let name = strdup(path)
        defer { free(name) }
        var failure: UnsafeMutablePointer<CChar>?
        withUnsafePointer(to: UnsafePointer(name)) {
            rocksdb_ingest_external_file_cf(
                handle.database, handle.family(family), $0, 1, options, &failure)
        }
        try RocksDBFailure.check(failure, "ingest", path)
    }

    /// Removes the file, if it is still there.
    func remove() { unlink(path) }

    /// Removes what a crash left in `directory`.
    static func removeAll(in directory: String) {
        guard let entries = opendir(directory) else { return }
        defer { closedir(entries) }
        while let entry = readdir(entries) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix(prefix) { unlink("\(directory)/\(name)") }
        }
    }
}
