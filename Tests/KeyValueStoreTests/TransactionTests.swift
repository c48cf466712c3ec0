import BFTApplication
import BFTBase
import KeyValueStore
import Testing

@Suite struct TransactionTests {
    @Test("Several commands are carried out together, and an error stops no other")
    func several() {
        var replica = Replica()
        let replies = replica.block([
            transaction("SET a 1", "INCR a", "SET b x", "INCR b", "NOSUCH", "GET", "MGET a b c")
        ])
        #expect(
            replies == [
                "*7|+OK|:2|+OK|-ERR value is not an integer or out of range|"
                    + "-ERR unknown command 'NOSUCH', with args beginning with: |"
                    + "-ERR wrong number of arguments for 'get' command|*3|$1|2|$1|x|_|"
            ])
        #expect(replica.block([CommandList.encode([])]) == ["*0|"])
    }

    @Test("Reads within a block see the writes before them, KEYS and SCAN too")
    func readYourWrites() {
        var replica = Replica()
        let replies = replica.block([
            transaction("SET a 1", "KEYS *", "DEL a", "KEYS *", "SET b 2", "SCAN 0", "DBSIZE")
        ])
        #expect(replies == ["*7|+OK|*1|$1|a|:1|*0|+OK|*2|$1|0|*1|$1|b|:1|"])
    }

    @Test("A query reads, several too, and never writes")
    func queries() throws {
        var replica = Replica()
        replica.run("SET", "a", "1")
        let root = replica.store.stateRoot
        #expect(replica.query(transaction("GET a", "EXISTS a b")) == "*2|$1|1|:1|")
        let refused = "-ERR a command that writes can't be a query|"
        let table = try #require(KeyValueStore.commandTable)
        for rule in table.rules where rule.access == .write {
            let count = abs(rule.arity)
            let words = [rule.name] + Array(repeating: "a", count: count - 1)
            #expect(replica.query(command(words)) == refused, "\(rule.name)")
        }
        #expect(replica.store.stateRoot == root)
    }

    @Test("The table names every command with the arity that execution holds it to")
    func table() throws {
        let table = try #require(KeyValueStore.commandTable)
        #expect(table.rules.count == 26)
        for rule in table.rules {
            for count in 1..<6 {
                var replica = Replica()
                let words = [rule.name] + (1..<count).map(String.init)
                let isWrong = replica.block([command(words)])[0].contains("wrong number of arg")
                let isPairing = rule.name == "MSET" && count % 2 == 0
                #expect(isWrong == (!rule.accepts(argumentCount: count) || isPairing), "\(words)")
            }
        }
    }
}

@Suite struct ScanTests {
    /// All keys that a whole scan over `next` meets.
    static func scan(_ count: Int, _ next: (String, Int) -> String) -> [String] {
        var cursor = "0"
        var keys: [String] = []
        repeat {
            let parts = next(cursor, count).split(separator: "|")
            cursor = String(parts[2])
            keys += stride(from: 5, to: parts.count, by: 2).map { String(parts[$0]) }
        } while cursor != "0"
        return keys
    }

    @Test("A scan meets every key once, whatever COUNT is")
    func complete() {
        var replica = Replica()
        let names = (0..<700).map { "key:\($0)" }
        replica.block(names.map { command(["SET", $0, "v"]) })
        for count in [1, 2, 10, 699, 700, 10_000] {
            let keys = Self.scan(count) { replica.query("SCAN", $0, "COUNT", "\($1)") }
            #expect(keys.count == 700 && Set(keys) == Set(names))
        }
        let some = Self.scan(3) {
            replica.query("SCAN", $0, "COUNT", "\($1)", "MATCH", "key:?")
        }
        #expect(Set(some) == Set(names.prefix(10)) && some.count == 10)
    }

    @Test("A key that is there all the time is met though others come and go, on any replica")
    func stable() throws {
        for seed in 0..<3 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var replica = Replica()
            let lasting = (0..<200).map { "lasting:\($0)" }
            replica.block(lasting.map { command(["SET", $0, "v"]) })
            let keys = Self.scan(5) { cursor, count in
                let changes = (0..<60).map { _ in
                    let name = Bool.random(using: &random) ? "SET" : "DEL"
                    let key = "passing:\(Int.random(in: 0..<1_500, using: &random))"
                    return command(name == "SET" ? [name, key, "v"] : [name, key])
                }
                replica.block(changes)
                if Int.random(in: 0..<4, using: &random) == 0 {
                    replica.store = KeyValueStore()
                    try? replica.store.load(replica.storage)
                }
                return replica.query("SCAN", cursor, "COUNT", "\(count)")
            }
            let met = keys.filter { $0.hasPrefix("lasting") }
            #expect(met.count == 200 && Set(met) == Set(lasting))
        }
    }

    @Test("KEYS and SCAN give keys in the same order at every replica")
    func order() {
        let names = (0..<100).map { "key:\($0)" }
        var forward = Replica()
        forward.block(names.map { command(["SET", $0, "v"]) })
        var backward = Replica()
        for name in names.reversed() { backward.run("SET", name, "v") }
        #expect(forward.query("KEYS", "*") == backward.query("KEYS", "*"))
        #expect(forward.query("SCAN", "0") == backward.query("SCAN", "0"))
    }
}
