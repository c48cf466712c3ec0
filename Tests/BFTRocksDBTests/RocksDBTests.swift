import BFTDisk
import BFTStorage
import BFTTestKit
import Glibc
import Testing

@testable import BFTRocksDB

@Suite struct RocksDBTests {
    private func put(_ store: RocksDBBackend, _ number: Int, families: [ColumnFamily]) throws {
        var batch = WriteBatch()
        for family in families {
            batch.put(family, key: Array("\(number)".utf8), value: Array("value \(number)".utf8))
        }
        try store.write(batch)
    }

    private func count(_ store: RocksDBBackend, _ family: ColumnFamily) throws -> Int {
        try store.entries(in: family, limit: .max).count
    }

    /// Copies the files of a store as they are on disk, as a crash would leave them.
    private func copyFiles(from source: String, to target: String) throws {
        try StoreFiles.copy(source, target)
    }

    @Test("A store that is opened again has what was written")
    func reopen() throws {
        let directory = try TemporaryDirectory()
        for round in 0..<4 {
            let store = try RocksDBBackend(path: directory.root)
            #expect(try count(store, .snapshots) == round)
            try put(store, round, families: ColumnFamily.allCases)
            store.close()
        }
    }

    @Test("After a sync the files hold everything, though the store is still open")
    func syncThenCopy() throws {
        let directory = try TemporaryDirectory()
        let store = try RocksDBBackend(path: "\(directory.root)/a")
        for number in 0..<200 { try put(store, number, families: [.blocks, .state]) }
        try store.sync()
        try copyFiles(from: "\(directory.root)/a", to: "\(directory.root)/b")
        store.close()
        let copy = try RocksDBBackend(path: "\(directory.root)/b")
        #expect(try count(copy, .blocks) == 200)
        #expect(try count(copy, .state) == 200)
        copy.close()
    }

    @Test("A run is durable at once, and what a crash left of one is removed")
    func ingestThenCopy() throws {
        let directory = try TemporaryDirectory()
        let (path, copy) = ("\(directory.root)/a", "\(directory.root)/b")
        let store = try RocksDBBackend(path: path)
        for round in 0..<3 {
            var run = SortedRun()
            for key in UInt8(round)..<100 {
                run.put(key: [key].span.bytes, value: [UInt8(round)].span.bytes)
            }
            try store.ingest(run.sorted(), into: .state)
        }
        #expect(try StoreFiles.names(path).allSatisfy { !$0.hasPrefix("incoming-") })
        try copyFiles(from: path, to: copy)
        try AtomicFile.write("\(copy)/incoming-7.sst", [1, 2, 3])
        let found = try RocksDBBackend(path: copy).entries(in: .state, limit: .max)
        #expect(found.map(\.key) == (0..<100).map { [UInt8($0)] })
        #expect(found.map(\.value) == (0..<100).map { [UInt8(min($0, 2))] })
        #expect(try StoreFiles.names(copy).allSatisfy { !$0.hasPrefix("incoming-") })
    }

    @Test("A log that is cut off anywhere leaves whole batches, and only the first ones")
    func tornLog() throws {
        let directory = try TemporaryDirectory()
        let store = try RocksDBBackend(path: "\(directory.root)/a")
        for number in 0..<20 { try put(store, number, families: [.blocks, .state, .batches]) }
        try store.sync()
        let log = try #require(
            try StoreFiles.names("\(directory.root)/a").filter { $0.hasSuffix(".log") }.max())
        let bytes = try #require(
            try AtomicFile.read("\(directory.root)/a/\(log)", limit: 1 << 20))
        var lastCount = 0
        for length in stride(from: 0, through: bytes.count, by: bytes.count / 20) {
            let copyPath = "\(directory.root)/b\(length)"
            try copyFiles(from: "\(directory.root)/a", to: copyPath)
            try AtomicFile.write("\(copyPath)/\(log)", Array(bytes[..<length]))
            let copy = try RocksDBBackend(path: copyPath)
            let found = try count(copy, .blocks)
            #expect(try count(copy, .state) == found)
            #expect(try count(copy, .batches) == found)
            #expect(found >= lastCount)
            for number in 0..<found {
                #expect(try copy.get(.blocks, key: Array("\(number)".utf8)) != nil)
            }
            lastCount = found
            copy.close()
        }
        #expect(lastCount > 15)
        store.close()
    }

    @Test("A checkpoint is a store of its own with what was there when it was made")
    func checkpoint() throws {
        let directory = try TemporaryDirectory()
        let store = try RocksDBBackend(path: "\(directory.root)/a")
        for number in 0..<50 { try put(store, number, families: [.state, .batches]) }
        try store.checkpoint(to: "\(directory.root)/b")
        try put(store, 50, families: [.state])
        let copy = try RocksDBBackend(path: "\(directory.root)/b")
        #expect(try count(copy, .state) == 50)
        #expect(try count(copy, .batches) == 50)
        #expect(throws: StorageError.self) { try store.checkpoint(to: "\(directory.root)/b") }
        #expect(try store.metrics()[.state].keyCount == 51)
        copy.close()
        store.close()
    }

    @Test("A store that is open already is refused as locked")
    func locked() throws {
        let directory = try TemporaryDirectory()
        let store = try RocksDBBackend(path: directory.root)
        #expect(throws: StorageError.locked(path: directory.root, holder: nil)) {
            try RocksDBBackend(path: directory.root)
        }
        store.close()
        try RocksDBBackend(path: directory.root).close()
    }

    @Test("A path that is a file, or stands in no directory, is refused by name")
    func wrongPath() throws {
        let directory = try TemporaryDirectory()
        let file = "\(directory.root)/file"
        try AtomicFile.write(file, [1])
        #expect(throws: StorageError.notADirectory(path: file)) { try RocksDBBackend(path: file) }
        let deep = "\(directory.root)/missing/store"
        #expect(throws: StorageError.notADirectory(path: deep)) { try RocksDBBackend(path: deep) }
    }

    @Test("A store with families that this version doesn't know is refused, and names them")
    func unknownFamilies() throws {
        let directory = try TemporaryDirectory()
        try RocksDBBackend(path: directory.root).close()
        try ForeignStore.addFamily("moonshine", path: directory.root)
        let error = #expect(throws: StorageError.self) {
            try RocksDBBackend(path: directory.root)
        }
        let text = "\(try #require(error))"
        #expect(text.contains("moonshine") && text.contains(directory.root))
    }

    @Test("A store whose making was interrupted is completed; one with other families is refused")
    func interruptedMaking() throws {
        for kept in 0..<ColumnFamily.allCases.count {
            let directory = try TemporaryDirectory()
            for family in ColumnFamily.allCases.prefix(kept) {
                try ForeignStore.addFamily(family.name, path: directory.root)
            }
            let store = try RocksDBBackend(path: directory.root)
            try put(store, 1, families: ColumnFamily.allCases)
            for family in ColumnFamily.allCases { #expect(try count(store, family) == 1) }
            store.close()
        }
        let directory = try TemporaryDirectory()
        try ForeignStore.addFamily("state", path: directory.root)
        #expect(throws: StorageError.self) { try RocksDBBackend(path: directory.root) }
    }

    @Test("The directory shows the options that were asked for")
    func options() throws {
        let directory = try TemporaryDirectory()
        let store = try RocksDBBackend(path: directory.root)
        let name = try #require(
            try StoreFiles.names(directory.root).filter { $0.hasPrefix("OPTIONS") }.max())
        let bytes = try #require(try AtomicFile.read("\(directory.root)/\(name)", limit: 1 << 20))
        let text = String(decoding: bytes, as: UTF8.self)
        for line in [
            "db_write_buffer_size=67108864", "manual_wal_flush=false",
            "wal_recovery_mode=kPointInTimeRecovery", "max_background_jobs=2",
            "info_log_level=ERROR_LEVEL", "enable_blob_files=true", "compression=kNoCompression",
        ] {
            #expect(text.contains(line), "\(line)")
        }
        store.close()
    }

    @Test("RocksDB's words for an error become the error that they mean")
    func errors() {
        let cases: [(String, StorageError)] = [
            (
                "IO error: No space left on device: While appending to file: /a/000012.log",
                .diskFull(path: "/a")
            ),
            ("IO error: File too large: While fallocate offset 0", .diskFull(path: "/a")),
            (
                "IO error: While lock file: /a/LOCK: Resource temporarily unavailable",
                .locked(path: "/a", holder: nil)
            ),
            (
                "Corruption: block checksum mismatch: stored = 1, computed = 2",
                .corrupt(
                    file: "/a", offset: 0,
                    reason: "Corruption: block checksum mismatch: stored = 1, computed = 2")
            ),
            (
                "IO error: While open a file for lock: /a/LOCK: Permission denied",
                .permission(operation: "open", path: "/a")
            ),
            (
                "IO error: While fsync: Input/output error",
                .io(
                    operation: "open", path: "/a",
                    reason: "IO error: While fsync: Input/output error")
            ),
        ]
        for (text, expected) in cases {
            #expect(RocksDBFailure.error(text, "open", "/a") == expected)
        }
    }

    @Test("A damaged sorted file is reported as corrupt when it is read")
    func damage() throws {
        let directory = try TemporaryDirectory()
        let store = try RocksDBBackend(path: "\(directory.root)/a")
        for number in 0..<500 { try put(store, number, families: [.state]) }
        try store.checkpoint(to: "\(directory.root)/b")
        store.close()
        for name in try StoreFiles.names("\(directory.root)/b")
        where name.hasSuffix(".sst") {
            let path = "\(directory.root)/b/\(name)"
            var bytes = try #require(try AtomicFile.read(path, limit: 1 << 22))
            for offset in stride(from: 100, to: bytes.count / 2, by: 50) { bytes[offset] ^= 0x55 }
            try AtomicFile.write(path, bytes)
        }
        let error = #expect(throws: StorageError.self) {
            let damaged = try RocksDBBackend(path: "\(directory.root)/b")
            defer { damaged.close() }
            _ = try damaged.entries(in: .state, limit: .max)
        }
        guard case .corrupt? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
