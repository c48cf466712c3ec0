import BFTBase
import BFTRocksDB
import BFTStorage
import BFTTestKit
import Testing

/// What every backend does, whatever it stores things in.
@Suite struct ConformanceTests {
    /// Runs `body` on each backend.
    private func onEveryBackend(_ body: (any StorageBackend, String) throws -> Void) throws {
        let directory = try TemporaryDirectory()
        let backends: [(any StorageBackend, String)] = [
            (MemoryBackend(), "memory"), (FaultInjectingBackend(), "fault-injecting"),
            (try RocksDBBackend(path: "\(directory.root)/store"), "RocksDB"),
        ]
        for (backend, name) in backends {
            try body(backend, name)
            backend.close()
        }
    }

    @Test("A batch acts in the order of its operations, and only on the families it names")
    func batchOrder() throws {
        try onEveryBackend { store, name in
            var batch = WriteBatch()
            batch.put(.state, key: [1], value: [10])
            batch.put(.state, key: [1], value: [11])
            batch.put(.blocks, key: [1], value: [20])
            batch.delete(.blocks, key: [1])
            batch.put(.meta, key: [], value: [])
            batch.deleteRange(.state, from: [2], to: [9])
            batch.put(.state, key: [3], value: [33])
            batch.delete(.certificates, key: [7])
            #expect(batch.count == 8)
            try store.write(batch)
            #expect(try store.get(.state, key: [1]) == [11], "\(name)")
            #expect(try store.get(.state, key: [3]) == [33], "\(name)")
            #expect(try store.get(.blocks, key: [1]) == nil, "\(name)")
            #expect(try store.get(.meta, key: []) == [], "\(name)")
            #expect(try store.get(.batches, key: [1]) == nil, "\(name)")
        }
    }

    @Test("An empty batch, an empty range and one that ends before it begins change nothing")
    func emptyBatches() throws {
        try onEveryBackend { store, name in
            var batch = WriteBatch()
            try store.write(batch)
            batch.deleteRange(.state, from: [5], to: [5])
            batch.deleteRange(.state, from: [9], to: [1])
            #expect(batch.isEmpty)
            batch.put(.state, key: [5], value: [1])
            try store.write(batch)
            try store.sync()
            #expect(try store.entries(in: .state, limit: 9).count == 1, "\(name)")
        }
    }

    @Test("Iteration keeps to order, range, prefix, limit and direction")
    func iteration() throws {
        try onEveryBackend { store, name in
            var batch = WriteBatch()
            let keys: [[UInt8]] = [
                [0], [0, 0], [1], [1, 255], [1, 255, 255], [2], [255], [255, 0],
            ]
            for key in keys.reversed() { batch.put(.state, key: key, value: key + [7]) }
            batch.put(.blocks, key: [1, 1], value: [])
            try store.write(batch)
            func found(
                _ range: KeyRange, limit: Int = .max, reverse: Bool = false
            ) throws
                -> [[UInt8]]
            {
                let entries = try store.entries(
                    in: .state, range, limit: limit, reverse: reverse)
                for entry in entries { #expect(entry.value == entry.key + [7], "\(name)") }
                return entries.map(\.key)
            }
            #expect(try found(.all) == keys, "\(name)")
            #expect(try found(.all, reverse: true) == keys.reversed(), "\(name)")
            #expect(try found(.prefix([1])) == [[1], [1, 255], [1, 255, 255]], "\(name)")
            #expect(try found(.prefix([1, 255])) == [[1, 255], [1, 255, 255]], "\(name)")
            #expect(try found(.prefix([255])) == [[255], [255, 0]], "\(name)")
            #expect(try found(.prefix([255]), reverse: true) == [[255, 0], [255]], "\(name)")
            #expect(try found(.prefix([])) == keys, "\(name)")
            #expect(try found(KeyRange(from: [0, 0], to: [2])) == Array(keys[1..<5]), "\(name)")
            #expect(try found(KeyRange(from: [1]), limit: 2) == Array(keys[2..<4]), "\(name)")
            #expect(
                try found(KeyRange(from: [], to: [2]), limit: 2, reverse: true)
                    == [[1, 255, 255], [1, 255]], "\(name)")
            #expect(try found(.all, limit: 0).isEmpty, "\(name)")
            #expect(try found(KeyRange(from: [2], to: [1])).isEmpty, "\(name)")
            #expect(try found(KeyRange(from: [2], to: [1]), reverse: true).isEmpty, "\(name)")
            #expect(try found(KeyRange(from: [], to: [])).isEmpty, "\(name)")
            #expect(try found(KeyRange(from: [], to: []), reverse: true).isEmpty, "\(name)")
            var seen = 0
            try store.forEach(in: .state) { _, _ in
                seen += 1
                return seen < 3
            }
            #expect(seen == 3, "\(name)")
        }
    }

    @Test("An iteration sees the store as it was when it began")
    func snapshotIteration() throws {
        try onEveryBackend { store, name in
            var batch = WriteBatch()
            for key in UInt8(0)..<10 { batch.put(.state, key: [key], value: [key]) }
            try store.write(batch)
            var seen: [UInt8] = []
            try store.forEach(in: .state) { _, value in
                seen.append(value.withUnsafeBytes { $0[0] })
                var change = WriteBatch()
                change.delete(.state, key: [9])
                change.put(.state, key: [5], value: [99])
                change.put(.state, key: [20], value: [20])
                return (try? store.write(change)) != nil
            }
            #expect(seen == Array(0..<10), "\(name)")
        }
    }

    @Test("A closed store says so, and closing it again is harmless")
    func closed() throws {
        try onEveryBackend { store, _ in
            store.close()
            store.close()
            #expect(throws: StorageError.closed) { try store.get(.state, key: [1]) }
            #expect(throws: StorageError.closed) { try store.write(WriteBatch()) }
            #expect(throws: StorageError.closed) { try store.sync() }
            #expect(throws: StorageError.closed) { try store.forEach(in: .meta) { _, _ in true } }
            #expect(throws: StorageError.closed) { try store.metrics() }
        }
    }

    @Test("A run replaces and removes what earlier runs put, whatever the order it was filled in")
    func runs() throws {
        try onEveryBackend { store, name in
            var random = SplitMix64(seed: 7)
            var model: [[UInt8]: [UInt8]] = [:]
            for round in 0..<12 {
                var run = SortedRun()
                for number in 0..<200 {
                    // Keys with a common beginning, some of which are the beginning of others, and
                    // the empty one.
                    let length = Int.random(in: 0...11, using: &random)
                    let key = (0..<length).map { UInt8($0 < 9 ? 7 : Int(random.next() % 5)) }
                    let value = Array(
                        repeating: UInt8(round), count: Int.random(in: 0...300, using: &random))
                    if number.isMultiple(of: 3) {
                        run.delete(key: key.span.bytes)
                        model[key] = nil
                    } else {
                        run.put(key: key.span.bytes, value: value.span.bytes)
                        model[key] = value
                    }
                }
                #expect(run.count == 200)
                try store.ingest(run.sorted(), into: .state)
                let found = try store.entries(in: .state, limit: .max)
                let expected = model.sorted { $0.key.lexicographicallyPrecedes($1.key) }
                #expect(found.map(\.key) == expected.map(\.key), "\(name)")
                #expect(found.map(\.value) == expected.map(\.value), "\(name)")
            }
            try store.ingest(SortedRun().sorted(), into: .state)
            store.close()
            #expect(throws: StorageError.closed) {
                var run = SortedRun()
                run.delete(key: [UInt8(1)].span.bytes)
                try store.ingest(run.sorted(), into: .state)
            }
        }
    }

    @Test("Keys and values of every size that changes the length of a length come back")
    func sizes() throws {
        try onEveryBackend { store, name in
            for size in [0, 1, 127, 128, 129, 4095, 4096, 16383, 16384, 2_100_000] {
                var batch = WriteBatch()
                let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                batch.put(.batches, key: [1], value: bytes)
                if size < 20_000 { batch.put(.state, key: bytes, value: bytes) }
                try store.write(batch)
                #expect(try store.get(.batches, key: [1]) == bytes, "\(name), \(size)")
                guard size < 20_000 else { continue }
                #expect(try store.get(.state, key: bytes) == bytes, "\(name), \(size)")
            }
        }
    }

    @Test("Random operations leave memory and RocksDB with the same contents")
    func randomOperations() throws {
        for seed in UInt64(1)...4 {
            let directory = try TemporaryDirectory()
            var random = SplitMix64(seed: seed)
            let memory = MemoryBackend()
            var rocks = try RocksDBBackend(
                path: directory.root, options: .init(writeBufferByteCount: 1 << 20))
            for step in 0..<150 {
                let batch = Self.randomBatch(&random)
                try memory.write(batch)
                try rocks.write(batch)
                if step % 50 == 49 {
                    rocks.close()
                    rocks = try RocksDBBackend(
                        path: directory.root, options: .init(writeBufferByteCount: 1 << 20))
                }
                try Self.expectEqual(memory, rocks, Self.randomRange(&random), "seed \(seed)")
            }
            try Self.expectEqual(memory, rocks, .all, "seed \(seed)")
            rocks.close()
        }
    }

    private static func randomKey(_ random: inout SplitMix64) -> [UInt8] {
        (0..<Int.random(in: 0...3, using: &random)).map { _ in
            [0, 1, 2, 127, 128, 255].randomElement(using: &random) ?? 0
        }
    }

    private static func randomRange(_ random: inout SplitMix64) -> KeyRange {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: .prefix(randomKey(&random))
        case 1: KeyRange(from: randomKey(&random))
        default: KeyRange(from: randomKey(&random), to: randomKey(&random))
        }
    }

    private static func randomBatch(_ random: inout SplitMix64) -> WriteBatch {
        var batch = WriteBatch()
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            let family = ColumnFamily.allCases.randomElement(using: &random) ?? .state
            let key = randomKey(&random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<7:
                let size = [0, 3, 200, 9000].randomElement(using: &random) ?? 0
                let byte = UInt8.random(in: 0...255, using: &random)
                batch.put(family, key: key, value: Array(repeating: byte, count: size))
            case 7..<9: batch.delete(family, key: key)
            default: batch.deleteRange(family, from: key, to: randomKey(&random))
            }
        }
        return batch
    }

    private static func expectEqual(
        _ left: any StorageBackend, _ right: any StorageBackend, _ range: KeyRange,
        _ comment: Comment
    ) throws {
        for family in ColumnFamily.allCases {
            for reverse in [false, true] {
                let first = try left.entries(in: family, range, limit: .max, reverse: reverse)
                let second = try right.entries(in: family, range, limit: .max, reverse: reverse)
                #expect(first.map(\.key) == second.map(\.key), comment)
                #expect(first.map(\.value) == second.map(\.value), comment)
            }
        }
    }
}
