import BFTApplication
import BFTBase
import KeyValueStore
import Testing

@Suite struct ExpiryTests {
    @Test("An entry lives until agreed time passes its expiry")
    func boundary() {
        var replica = Replica()
        replica.run("SET", "k", "v", "PX", "100")
        #expect(replica.run("PTTL", "k", after: 99) == ":1|")
        #expect(replica.run("GET", "k", after: 1) == "$1|v|")
        #expect(replica.query("PTTL", "k") == ":0|")
        #expect(replica.run("GET", "k", after: 1) == "_|")
        #expect(replica.query("EXISTS", "k") == ":0|")
        #expect(replica.storage.entries.count == 1)
    }

    @Test("The block after an expiry removes the entry, and the root is that of the rest")
    func removal() {
        var replica = Replica()
        replica.block([command(["SET", "stays", "1"]), command(["SET", "goes", "1", "EX", "1"])])
        replica.block([], after: 5_000)
        #expect(replica.storage.deletes == 1)
        var other = Replica(time: replica.time)
        other.run("SET", "stays", "1")
        #expect(other.store.stateRoot == replica.store.stateRoot)
    }

    @Test("A block removes a bounded number, the soonest to expire first, and none is seen")
    func bound() throws {
        let count = KeyValueLimits.expirationsPerBlock + 500
        var replica = Replica()
        replica.block(
            (0..<count).map { command(["SET", "key:\($0)", "v", "PX", "\(1 + $0 % 1_000)"]) })
        var restarted = Replica()
        restarted.storage = replica.storage
        try restarted.store.load(replica.storage)
        (restarted.height, restarted.time) = (replica.height, replica.time)
        for expected in [500, 0, 0] {
            replica.block([], after: 2_000)
            restarted.block([], after: 2_000)
            #expect(replica.store.count == expected)
            #expect(replica.store.stateRoot == restarted.store.stateRoot)
            #expect(replica.storage.entries == restarted.storage.entries)
            for key in stride(from: 0, to: count, by: 17) {
                #expect(replica.query("GET", "key:\(key)") == "_|")
            }
            #expect(replica.query("KEYS", "*") == "*0|")
            #expect(replica.query("SCAN", "0", "COUNT", "5000") == "*2|$1|0|*0|")
        }
    }

    @Test("An expired entry that is still there counts as absent for every command")
    func absent() {
        let fill = (0..<KeyValueLimits.expirationsPerBlock).map {
            command(["SET", "fill:\($0)", "v", "PX", "1"])
        }
        func reply(_ words: [String]) -> String {
            var replica = Replica()
            replica.block(fill + [command(["SET", "k", "10", "PX", "2"])])
            return replica.block([command(words)], after: 1_000)[0]
        }
        for (words, expected) in [
            (["GET", "k"], "_|"), (["SET", "k", "v", "NX"], "+OK|"),
            (["SET", "k", "v", "XX"], "_|"),
            (["SET", "k", "v", "GET"], "_|"), (["SETNX", "k", "v"], ":1|"),
            (["GETSET", "k", "v"], "_|"),
            (["GETDEL", "k"], "_|"), (["MGET", "k"], "*1|_|"), (["DEL", "k"], ":0|"),
            (["UNLINK", "k"], ":0|"), (["EXISTS", "k"], ":0|"), (["INCR", "k"], ":1|"),
            (["DECRBY", "k", "5"], ":-5|"), (["APPEND", "k", "x"], ":1|"),
            (["STRLEN", "k"], ":0|"),
            (["EXPIRE", "k", "5"], ":0|"), (["PERSIST", "k"], ":0|"), (["TTL", "k"], ":-2|"),
            (["PTTL", "k"], ":-2|"), (["TYPE", "k"], "+none|"), (["KEYS", "k"], "*0|"),
            // As in Redis, the number of entries counts those that are still there.
            (["DBSIZE"], ":1|"),
        ] {
            #expect(reply(words) == expected, "\(words)")
        }
    }

    @Test("A write over an expired entry has no expiry left, KEEPTTL or not")
    func overwritten() {
        let fill = (0..<KeyValueLimits.expirationsPerBlock).map {
            command(["SET", "fill:\($0)", "v", "PX", "1"])
        }
        for words in [["SET", "k", "v", "KEEPTTL"], ["INCR", "k"], ["APPEND", "k", "x"]] {
            var replica = Replica()
            replica.block(fill + [command(["SET", "k", "10", "PX", "2"])])
            replica.block([command(words)], after: 1_000)
            #expect(replica.query("TTL", "k") == ":-1|", "\(words)")
        }
    }

    @Test("Times at the end of what an integer holds are refused, never trapped on")
    func extremes() {
        for time in [0, 1, UInt64(Int64.max) - 1, UInt64(Int64.max), UInt64.max] {
            var replica = Replica(time: time)
            replica.run("SET", "k", "v")
            for amount in ["1", "0", "-1", "\(Int64.max)", "\(Int64.min)", "\(Int64.max / 1_000)"] {
                for name in ["EXPIRE", "PEXPIRE"] { replica.run(name, "k", amount) }
                for name in ["EX", "PX", "EXAT", "PXAT"] {
                    replica.run("SET", "k", "v", name, amount)
                    _ = replica.query("TTL", "k")
                    _ = replica.query("PTTL", "k")
                }
            }
        }
    }
}
