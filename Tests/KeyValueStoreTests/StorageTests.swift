import BFTBase
import BFTLedger
import KeyValueStore
import Testing

@Suite struct StorageTests {
    @Test("A key that changes many times in a block is stored once")
    func coalesced() {
        var replica = Replica()
        replica.block((0..<500).map { command(["SET", "key:\($0 % 5)", "\($0)"]) })
        // The fifth is the time.
        #expect(replica.storage.puts == 6 && replica.storage.deletes == 0)
        replica.block([
            command(["DEL", "key:1"]), command(["SET", "key:1", "back"]),
            command(["DEL", "key:2"]), command(["SET", "brief", "x"]), command(["DEL", "brief"]),
        ])
        #expect(replica.storage.entries.count == 5)
        #expect(
            replica.storage.entries[[1] + Array("key:1".utf8)]?.suffix(4) == Array("back".utf8)[...]
        )
        replica.block([])
        #expect(replica.storage.puts == 1 && replica.storage.deletes == 0)
    }

    @Test("A damaged snapshot is refused and changes nothing")
    func damagedSnapshot() throws {
        var source = Replica()
        source.block((0..<40).map { command(["SET", "key:\($0)", "value \($0)"]) })
        let chunks = source.chunks()
        #expect(chunks.count == 2)
        var target = Replica()
        target.run("SET", "mine", "x")
        let (root, storage) = (target.store.stateRoot, target.storage.entries)
        var damaged: [[[UInt8]]] = [[], [chunks[0]], [chunks[1]], chunks + [chunks[1]]]
        for length in stride(from: 0, to: chunks[1].count, by: 7) {
            damaged.append([chunks[0], Array(chunks[1][..<length])])
        }
        for length in 0..<chunks[0].count {
            damaged.append([Array(chunks[0][..<length]), chunks[1]])
        }
        for bad in damaged {
            #expect(throws: ApplicationError.self) { try target.restore(bad) }
            #expect(target.store.stateRoot == root && target.storage.entries == storage)
        }
        // A change that leaves the form alone shows in the root.
        for offset in chunks[1].indices {
            var flipped = chunks
            flipped[1][offset] ^= 1
            var other = Replica()
            guard (try? other.restore(flipped)) != nil else { continue }
            #expect(other.store.stateRoot != source.store.stateRoot)
        }
    }

    @Test("A large state takes several chunks, and gives the same root")
    func manyChunks() throws {
        var source = Replica()
        source.block(
            (0..<300).map { command(["SET", "key:\($0)", String(repeating: "x", count: $0 * 20)]) })
        #expect(source.chunks().count > 3)
        var target = Replica()
        try target.restore(source.chunks())
        #expect(target.store.stateRoot == source.store.stateRoot)
    }

    @Test("Storage that no block wrote is refused")
    func damagedStorage() throws {
        var replica = Replica()
        replica.run("SET", "a", "1")
        for (key, value): ([UInt8], [UInt8]) in [
            ([], []), ([9], [1]), ([1, 2], [1, 2, 3]), ([0], [1]),
            ([0, 0], Array(repeating: 0, count: 8)),
            (
                [1] + Array(repeating: 0, count: KeyValueLimits.keyBytes + 1),
                Array(repeating: 0, count: 9)
            ),
        ] {
            var storage = replica.storage
            storage.entries[key] = value
            var store = KeyValueStore()
            #expect(throws: ApplicationError.self) { try store.load(storage) }
            #expect(store.count == 0)
        }
        var timeless = replica.storage
        timeless.entries[[0]] = nil
        var store = KeyValueStore()
        #expect(throws: ApplicationError.self) { try store.load(timeless) }
        try store.load(MemoryStorage())
        #expect(store.stateRoot == KeyValueStore().stateRoot)
    }
}
