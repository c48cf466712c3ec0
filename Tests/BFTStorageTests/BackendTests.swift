import BFTBase
import Testing

@testable import BFTStorage

@Suite struct BackendTests {
    @Test("The serialised batch is RocksDB's format, byte for byte")
    func pinned() {
        var batch = WriteBatch()
        batch.put(.state, key: [0xAA], value: Array(repeating: 1, count: 200))
        batch.delete(.blocks, key: [2, 3])
        batch.deleteRange(.meta, from: [], to: [5])
        let expected =
            "0000000000000000" + "03000000" + "050401aa" + "c801"
            + String(repeating: "01", count: 200)
            + "0401020203" + "0e05000105"
        #expect(Hex.encode(batch.serialized) == expected)
        #expect(batch.count == 3)
        #expect(batch.byteCount == batch.serialized.count - 12)
    }

    @Test("Batches that are joined act like both, one after the other")
    func joined() {
        var first = WriteBatch()
        first.put(.state, key: [1], value: [1])
        var second = WriteBatch()
        second.delete(.state, key: [1])
        second.put(.state, key: [2], value: [2])
        var joined = first
        joined.append(contentsOf: second)
        var apart = StorageContents()
        apart.apply(first)
        apart.apply(second)
        var together = StorageContents()
        together.apply(joined)
        #expect(apart == together)
        #expect(joined.count == 3)
        joined.removeAll()
        #expect(joined == WriteBatch())
    }

    @Test("The sorted entries agree with a dictionary over many insertions and removals")
    func sortedEntries() {
        for seed in UInt64(1)...5 {
            var random = SplitMix64(seed: seed)
            var entries = SortedEntries()
            var model: [[UInt8]: [UInt8]] = [:]
            func key() -> [UInt8] {
                [
                    UInt8.random(in: 0...15, using: &random),
                    UInt8.random(in: 0...255, using: &random),
                ]
            }
            for step in 0..<6000 {
                let first = key()
                switch Int.random(in: 0..<100, using: &random) {
                case 0..<70:
                    let value = [UInt8](repeating: 1, count: step % 7)
                    entries.set(first.span.bytes, to: value.span.bytes)
                    model[first] = value
                case 70..<99:
                    entries.remove(first.span.bytes)
                    model[first] = nil
                default:
                    let second = key()
                    guard first.lexicographicallyPrecedes(second), second[0] - first[0] < 2 else {
                        continue
                    }
                    entries.removeRange(from: first.span.bytes, to: second.span.bytes)
                    model = model.filter {
                        $0.key.lexicographicallyPrecedes(first)
                            || !$0.key.lexicographicallyPrecedes(second)
                    }
                }
            }
            var found: [[UInt8]] = []
            entries.forEach(.all, limit: .max, reverse: false) { key, value in
                found.append(key.copied)
                #expect(model[key.copied] == value.copied)
                return true
            }
            #expect(found == model.keys.sorted { $0.lexicographicallyPrecedes($1) })
            #expect(entries.count == model.count)
            #expect(entries.byteCount == model.reduce(0) { $0 + $1.key.count + $1.value.count })
            var backward: [[UInt8]] = []
            entries.forEach(.all, limit: .max, reverse: true) { key, _ in
                backward.append(key.copied)
                return true
            }
            #expect(backward == found.reversed())
        }
    }

    @Test("The contents of a memory backend stay as they were when they were taken")
    func snapshots() throws {
        let store = MemoryBackend()
        var batch = WriteBatch()
        batch.put(.state, key: [1], value: [1])
        try store.write(batch)
        let before = store.contents
        try store.checkpoint(to: "a")
        batch.put(.state, key: [1], value: [2])
        try store.write(batch)
        let key: [UInt8] = [1]
        #expect(before.get(.state, key: key.span.bytes) == [1])
        #expect(store.contents != before, "though they are as long")
        #expect(store.checkpoint(at: "a") == before)
        #expect(MemoryBackend(before).contents == before)
        #expect(throws: StorageError.self) { try store.checkpoint(to: "a") }
    }

    @Test("A power cut keeps what was synced and the first of the other batches, each whole")
    func powerCut() throws {
        for seed in UInt64(1)...200 {
            var random = SplitMix64(seed: seed)
            let store = FaultInjectingBackend()
            let synced = Int.random(in: 0...10, using: &random)
            for number in 0..<10 {
                var batch = WriteBatch()
                batch.put(.blocks, key: [UInt8(number)], value: [1])
                batch.put(.state, key: [UInt8(number)], value: [1])
                try store.write(batch)
                if number + 1 == synced { try store.sync() }
            }
            let after = store.powerCut(&random)
            #expect(throws: StorageError.closed) { try store.sync() }
            let blocks = try after.entries(in: .blocks, limit: 99).map(\.key)
            #expect(blocks == (0..<blocks.count).map { [UInt8($0)] })
            #expect(blocks.count >= synced)
            #expect(try after.entries(in: .state, limit: 99).map(\.key) == blocks)
        }
    }

    @Test("What is not written ahead survives a power cut in order, and another number of it")
    func powerCutOfUnlogged() throws {
        var survivors: Set<[Int]> = []
        for seed in UInt64(1)...200 {
            var random = SplitMix64(seed: seed)
            let store = FaultInjectingBackend()
            for number in 0..<3 as Range<UInt8> {
                for family in [ColumnFamily.batches, .blocks] {
                    var batch = WriteBatch()
                    batch.put(family, key: [number], value: [1])
                    try family == .batches ? store.writeUnlogged(batch) : store.write(batch)
                }
            }
            let after = store.powerCut(&random)
            survivors.insert(
                try [ColumnFamily.batches, .blocks].map { family in
                    let keys = try after.entries(in: family, limit: 99).map(\.key)
                    #expect(keys == (0..<keys.count).map { [UInt8($0)] })
                    return keys.count
                })
        }
        #expect(survivors.count == 16, "from none to three of each, whatever is left of the other")
    }

    @Test("A power cut keeps every run that was taken up, and a fault none of it")
    func powerCutAfterRuns() throws {
        let key: [UInt8] = [1]
        var batch = WriteBatch()
        batch.put(.blocks, key: [1], value: [1])
        let store = FaultInjectingBackend(faults: .init(failingWrite: 3))
        try store.write(batch)
        var run = SortedRun()
        run.put(key: key.span.bytes, value: key.span.bytes)
        try store.ingest(run.sorted(), into: .state)
        run.put(key: key.span.bytes, value: [UInt8]().span.bytes)
        #expect(throws: StorageError.self) { try store.ingest(run.sorted(), into: .state) }
        let after = store.powerCut()
        #expect(try after.entries(in: .blocks, limit: 9).isEmpty)
        #expect(try after.get(.state, key: key) == [1])
    }

    @Test("Injected faults fail as told: a write, a sync that loses data, a disk without room")
    func faults() throws {
        var batch = WriteBatch()
        batch.put(.state, key: [1], value: Array(repeating: 1, count: 100))
        let writes = FaultInjectingBackend(faults: .init(failingWrite: 2))
        try writes.write(batch)
        #expect(throws: StorageError.self) { try writes.write(batch) }
        try writes.write(batch)
        let syncs = FaultInjectingBackend(faults: .init(failingSync: 1))
        try syncs.write(batch)
        #expect(throws: StorageError.self) { try syncs.sync() }
        try syncs.sync()
        #expect(try syncs.get(.state, key: [1]) != nil)
        #expect(try syncs.powerCut().get(.state, key: [1]) == nil)
        let full = FaultInjectingBackend(faults: .init(roomByteCount: 250))
        try full.write(batch)
        try full.write(batch)
        #expect(throws: StorageError.diskFull(path: "memory")) { try full.write(batch) }
    }

    @Test("The range of a prefix ends right behind the last key that has it")
    func prefixes() {
        #expect(KeyRange.prefix([1, 2]) == KeyRange(from: [1, 2], to: [1, 3]))
        #expect(KeyRange.prefix([1, 255, 255]) == KeyRange(from: [1, 255, 255], to: [2]))
        #expect(KeyRange.prefix([255, 255]) == KeyRange(from: [255, 255]))
        #expect(KeyRange.prefix([]) == .all)
    }
}
