// Measures the storage: `storage-bench <empty directory on the disk to measure>`.

import BFTDisk
import BFTRocksDB
import BFTStorage
import Glibc
import Synchronization

/// Seconds that `body` takes.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let duration = try clock.measure(body)
    return Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
}

func report(_ name: String, _ value: Double, _ unit: String) {
    let rounded = value >= 100 ? "\(Int(value))" : "\(Double(Int(value * 100)) / 100)"
    print("\(name): \(rounded) \(unit)")
}

func bytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
}

func checksum() {
    let block = bytes(256 << 10)
    var sum: UInt32 = 0
    let time = seconds { for _ in 0..<2000 { sum &+= CRC32C.checksum(block.span.bytes) } }
    report("CRC-32C of 256 KiB (\(sum))", 2000 * 0.262144 / time, "MB/s")
}

/// One record, one sync, one after the other.
func singleCommits(_ root: String) throws {
    for (size, count) in [(200, 10_000), (100_000, 2_000)] {
        let log = try SafetyLog(directory: FileLogDirectory("\(root)/single\(size)")) { _, _, _ in }
        let payload = bytes(size)
        let time = try seconds {
            for _ in 0..<count {
                try log.append(type: 1, parts: [payload])
                try log.commit()
            }
        }
        log.close()
        report("append + fdatasync, \(size) B", Double(count) / time, "/s")
    }
}

/// The same into files that grow: the reason for reserving segments.
func growingFile(_ root: String) throws {
    for (size, count) in [(200, 10_000), (100_000, 640)] {
        let descriptor = open("\(root)/growing\(size)", O_RDWR | O_CREAT, 0o600)
        defer { close(descriptor) }
        let payload = bytes(size)
        let time = seconds {
            for position in 0..<count {
                pwrite(descriptor, payload, size, off_t(position * size))
                fdatasync(descriptor)
            }
        }
        report("bare write + fdatasync, growing file, \(size) B", Double(count) / time, "/s")
    }
}

func groupCommits(_ root: String) throws {
    for (size, count) in [(200, 500_000), (100_000, 10_000)] {
        let log = try SafetyLog(directory: FileLogDirectory("\(root)/group\(size)")) { _, _, _ in }
        let groups = Atomic(0)
        let group = GroupCommitLog(
            log, onDurable: { _ in groups.add(1, ordering: .relaxed) },
            onFailure: { print("failed: \($0)") })
        let payload = bytes(size)
        let time = seconds {
            for _ in 0..<count {
                while group.append(type: 1, parts: [payload]) == nil { usleep(50) }
            }
            group.close()
        }
        report("group commit, \(size) B", Double(count) / time, "/s")
        report("  in groups of", Double(count) / Double(groups.load(ordering: .relaxed)), "records")
        report("  that is", Double(count * size) / time / 1e6, "MB/s")
        let reading = try seconds {
            _ = try SafetyLog(directory: FileLogDirectory("\(root)/group\(size)")) { _, _, _ in }
        }
        report("  replayed at", Double(count * size) / reading / 1e6, "MB/s")
    }
}

func rocks(_ root: String) throws {
    let store = try RocksDBBackend(path: "\(root)/rocks")
    let value = bytes(256)
    var key = bytes(32)
    func next(_ number: Int) {
        withUnsafeBytes(of: UInt64(number).bigEndian) { for i in 0..<8 { key[i] = $0[i] } }
    }
    let rounds = 300
    var batch = WriteBatch(capacity: 300_000)
    var syncing = 0.0
    for round in 0..<1000 {
        batch.removeAll()
        next(round)
        batch.put(.blocks, key: key, value: value)
        try store.write(batch)
        syncing += try seconds { try store.sync() }
    }
    report("RocksDB, sync after one put of 256 B", 1000 / syncing, "/s")
    var building = 0.0
    var writing = 0.0
    for round in 0..<rounds {
        building += seconds {
            batch.removeAll()
            for number in 0..<1000 {
                next(((round * 1000 + number) &* 0x9E37_79B9) & 0xFFFF_FFFF)
                batch.put(.state, key: key, value: value)
            }
        }
        writing += try seconds { try store.write(batch) }
    }
    report(
        "RocksDB, batch of 1,000 puts of 256 B: build", building / Double(rounds) * 1e3, "µs/put")
    report("  write", writing / Double(rounds) * 1e3, "µs/put")
    var hits = 0
    let reading = try seconds {
        for number in 0..<200_000 {
            next((number &* 0x9E37_79B9) & 0xFFFF_FFFF)
            hits += try store.get(.state, key: key) == nil ? 0 : 1
        }
    }
    report("  get (\(hits) of 200000 found)", reading / 200_000 * 1e6, "µs")
    store.close()
}

func memory() throws {
    let store = MemoryBackend()
    let value = bytes(256)
    let time = try seconds {
        for round in 0..<100 {
            var batch = WriteBatch(capacity: 300_000)
            for number in 0..<1000 {
                let mixed = UInt64(round * 1000 + number) &* 0x9E37_79B9_7F4A_7C15
                withUnsafeBytes(of: mixed) {
                    batch.put(.state, key: $0.bytes, value: value.span.bytes)
                }
            }
            try store.write(batch)
        }
    }
    report("memory backend, 100,000 random puts of 256 B", time / 100_000 * 1e6, "µs/put")
}

guard CommandLine.arguments.count == 2 else {
    print("usage: storage-bench <empty directory on the disk to measure>")
    exit(2)
}
let root = CommandLine.arguments[1]
guard mkdir(root, 0o700) == 0 || errno == EEXIST else {
    print("\(root): can't be made; name a directory whose parent is there")
    exit(2)
}
checksum()
try growingFile(root)
try singleCommits(root)
try groupCommits(root)
try rocks(root)
try memory()
