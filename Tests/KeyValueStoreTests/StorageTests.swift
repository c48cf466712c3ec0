import BFTApplication
import BFTBase
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
