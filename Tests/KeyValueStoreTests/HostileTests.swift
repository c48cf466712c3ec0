import BFTApplication
import BFTBase
import KeyValueStore
import Testing

@Suite struct HostileTests {
    static func isWellFormed(_ bytes: [UInt8]) -> Bool {
        (try? CommandReader(bytes.span.bytes)) != nil
    }

    /// Bytes that a command list was turned into.
    static func mutated(_ bytes: [UInt8], _ random: inout SplitMix64) -> [UInt8] {
        var bytes = bytes
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
        case 1: bytes += [UInt8.random(in: 0...255, using: &random)]
        case 2: bytes = (0..<bytes.count).map { _ in UInt8.random(in: 0...255, using: &random) }
        default:
            for _ in 0..<Int.random(in: 1..<4, using: &random) where !bytes.isEmpty {
                let offset = Int.random(in: 0..<bytes.count, using: &random)
                bytes[offset] = UInt8.random(in: 0...255, using: &random)
            }
        }
        return bytes
    }

    @Test("Bytes that nobody vouches for have one result each and change nothing if malformed")
    func arbitraryBytes() {
        let lists = [
            transaction("SET key value PX 100 GET"),
            transaction("MSET a 1 b 2", "INCR a", "KEYS *"),
            transaction("SCAN 0 MATCH k* COUNT 5"), transaction("EXPIRE key 10 NX"),
            transaction("MGET a b c"), transaction("DECRBY a -5"), transaction("APPEND key x"),
            transaction("DEL a b"), transaction("FLUSHDB"), transaction("KEYS [a-z]*\\"),
        ]
        var random = SplitMix64(seed: 7)
        var replica = Replica()
        replica.run("MSET", "key", "value", "a", "1")
        var refused = 0
        for round in 0..<1_000 {
            let block = (0..<100).map { _ in
                Self.mutated(lists.randomElement(using: &random)!, &random)
            }
            let malformed = block.filter { !Self.isWellFormed($0) }
            refused += malformed.count
            let root = replica.store.stateRoot
            let replies = replica.block(malformed)
            #expect(replica.store.stateRoot == root)
            #expect(replies.allSatisfy { $0 == "-ERR the transaction is not a list of commands|" })
            for bytes in block { _ = replica.query(bytes) }
            #expect(replica.store.stateRoot == root)
            #expect(replica.block(block, after: UInt64(round % 3)).count == 100)
        }
        #expect(refused > 50_000 && refused < 100_000)
    }

    @Test("Every truncation of a list is malformed, and so is a list with more behind it")
    func truncations() {
        let list = transaction("SET key value", "GET key", "DBSIZE")
        #expect(Self.isWellFormed(list))
        for length in 0..<list.count { #expect(!Self.isWellFormed(Array(list[..<length]))) }
        #expect(!Self.isWellFormed(list + [0]))
        #expect(Self.isWellFormed([0, 0]))
        #expect(!Self.isWellFormed([1, 0, 0, 0]))
        #expect(!Self.isWellFormed([1, 0, 1, 0, 0xFF, 0xFF, 0xFF, 0xFF]))
        #expect(!Self.isWellFormed([0xFF, 0xFF]))
    }

    @Test("The reader gives back what was encoded")
    func roundTrip() throws {
        var source = CommandSource(seed: 3)
        for count in 0..<50 {
            let commands = (0..<count).map { _ in source.next() }
            let bytes = CommandList.encode(commands)
            var reader = try CommandReader(bytes.span.bytes)
            var found: [[[UInt8]]] = []
            #expect(reader.count == count)
            while reader.remaining > 0 {
                var command = reader.next()
                var words: [[UInt8]] = []
                while command.remaining > 0 { words.append(command.next().array) }
                #expect(words.count == command.count && command.next().byteCount == 0)
                found.append(words)
            }
            #expect(found == commands)
        }
    }
}

@Suite struct LimitTests {
    @Test("Keys and values stop at their limits, and a refused command changes nothing")
    func sizes() {
        let key = String(repeating: "k", count: KeyValueLimits.keyBytes)
        let value = String(repeating: "v", count: KeyValueLimits.valueBytes)
        let tooLarge = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)|"
        let tooLong = "-ERR the key is longer than 16384 bytes|"
        var replica = Replica()
        #expect(replica.run("SET", key, value) == "+OK|")
        #expect(replica.query("GET", key) == "$524288|\(value)|")
        #expect(replica.run("APPEND", key, "x") == tooLarge)
        #expect(replica.run("APPEND", key, "") == ":524288|")
        let root = replica.store.stateRoot
        for words in [
            ["SET", "a", value + "v"], ["SETNX", "a", value + "v"], ["GETSET", "a", value + "v"],
            ["MSET", "b", "1", "a", value + "v"], ["APPEND", "a", value + "v"],
        ] {
            #expect(replica.block([command(words)]) == [tooLarge])
        }
        let long = key + "k"
        for words in [
            ["SET", long, "v"], ["SETNX", long, "v"], ["GETSET", long, "v"],
            ["MSET", "b", "1", long, "v"], ["APPEND", long, "v"], ["INCR", long],
        ] {
            #expect(replica.block([command(words)]) == [tooLong])
        }
        #expect(replica.query("GET", long) == "_|")
        #expect(replica.run("EXPIRE", long, "5") == ":0|")
        #expect(replica.store.stateRoot == root)
    }

    @Test("Replies of one block are bounded, and begin anew with the next")
    func replies() {
        let value = String(repeating: "v", count: KeyValueLimits.valueBytes)
        var replica = Replica()
        replica.run("SET", "k", value)
        let fitting = KeyValueLimits.replyBytes / KeyValueLimits.valueBytes
        let gets = Array(repeating: command(["GET", "k"]), count: fitting + 1)
        let results = replica.results(
            of: gets + [command(["GETDEL", "k"]), command(["MGET", "k", "k"])])
        let heads = (0..<results.count).map { framed(results.result($0).prefix(64)) }
        #expect(heads.count { $0.hasPrefix("$524288|") } == fitting)
        #expect(heads.suffix(3).allSatisfy { $0.hasPrefix("-ERR the replies of this block") })
        // The value that could not be replied was not removed.
        #expect(replica.run("STRLEN", "k") == ":524288|")
        #expect(replica.run("GETDEL", "k").hasPrefix("$524288|"))
    }

    @Test("Walking over keys in blocks is bounded")
    func walks() {
        var replica = Replica()
        replica.block(
            (0..<200).map { command(["SET", String(repeating: "a", count: 500) + "\($0)", "v"]) })
        let pattern = String(repeating: "*a", count: 400) + "b"
        let replies = replica.block(Array(repeating: command(["KEYS", pattern]), count: 100))
        #expect(replies.contains("*0|"))
        #expect(replies.last?.hasPrefix("-ERR walking over") == true)
        let long = String(repeating: "a", count: KeyValueLimits.patternBytes + 1)
        #expect(replica.run("KEYS", long) == "-ERR the pattern is longer than 1024 bytes|")
        #expect(
            replica.run("SCAN", "0", "MATCH", long) == "-ERR the pattern is longer than 1024 bytes|"
        )
    }
}
