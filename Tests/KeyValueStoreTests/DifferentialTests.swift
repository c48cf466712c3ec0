import BFTApplication
import BFTBase
import KeyValueStore
import Testing

@Suite struct DifferentialTests {
    /// Random transactions of one or several commands.
    static func transactions(_ source: inout CommandSource) -> [[[[UInt8]]]] {
        (0..<Int.random(in: 0..<30, using: &source.random)).map { _ in
            let count = Int.random(in: 0..<5, using: &source.random) == 0 ? 3 : 1
            return (0..<count).map { _ in source.next() }
        }
    }

    static func reply(_ model: inout ModelStore, _ commands: [[[UInt8]]]) -> String {
        let replies = commands.map { model.run($0) }
        return replies.count == 1 ? replies[0] : "*\(replies.count)|" + replies.joined()
    }

    @Test("Replies, entries, storage and root are those of a plain dictionary, block after block")
    func model() {
        for seed in 0..<12 as Range<UInt64> {
            var source = CommandSource(seed: seed, keyCount: seed % 3 == 0 ? 600 : 40)
            var replica = Replica()
            var model = ModelStore()
            for _ in 0..<80 {
                let step = UInt64.random(in: 0..<60, using: &source.random)
                let transactions = Self.transactions(&source)
                model.begin(replica.time + step)
                let expected = transactions.map { Self.reply(&model, $0) }
                let replies = replica.block(
                    transactions.map { CommandList.encode($0) }, after: step)
                #expect(replies == expected)
                let root = RootOracle.root(model.entries, time: replica.time)
                #expect(replica.store.stateRoot == root, "seed \(seed)")
                Self.expectStored(model, replica)
                for _ in 0..<5 {
                    let key = source.key()
                    let get = [Array("GET".utf8), key]
                    #expect(replica.query(CommandList.encode([get])) == model.run(get))
                }
            }
        }
    }

    /// Holds the storage against the model.
    static func expectStored(_ model: ModelStore, _ replica: Replica) {
        var expected: [[UInt8]: [UInt8]] = [[0]: littleEndian(replica.time)]
        for (key, entry) in model.entries {
            expected[[1] + key] = littleEndian(entry.expiry) + entry.value
        }
        #expect(replica.storage.entries == expected)
    }

    static func littleEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    @Test("A replica that restarts stays in step")
    func inStep() throws {
        for seed in 100..<108 as Range<UInt64> {
            var source = CommandSource(seed: seed, keyCount: 300)
            var first = Replica()
            var second = Replica()
            for round in 0..<60 {
                let step = UInt64.random(in: 0..<60, using: &source.random)
                let transactions = Self.transactions(&source).map { CommandList.encode($0) }
                let replies = first.block(transactions, after: step)
                #expect(second.block(transactions, after: step) == replies)
                #expect(second.store.stateRoot == first.store.stateRoot)
                if round % 7 == 3 {
                    second.store = KeyValueStore()
                    try second.store.load(second.storage)
                    #expect(second.store.stateRoot == first.store.stateRoot)
                }
                #expect(
                    second.query("SCAN", "0", "COUNT", "7")
                        == first.query("SCAN", "0", "COUNT", "7"))
            }
        }
    }

    @Test("The root tells nothing of the order in which the entries came")
    func history() {
        let commands = (0..<3_000).map { command(["SET", "key:\($0)", "value \($0)"]) }
        var forward = Replica()
        forward.block(commands)
        var backward = Replica()
        for start in stride(from: 2_900, through: 0, by: -100) {
            backward.block((0..<100).map { command(["SET", "passing:\(start + $0)", "x"]) })
            backward.block(commands[start..<start + 100].reversed())
            backward.block((0..<100).map { command(["DEL", "passing:\(start + $0)"]) })
        }
        #expect(forward.store.stateRoot == backward.store.stateRoot)
        backward.block((0..<2_990).map { command(["DEL", "key:\($0)"]) })
        var few = Replica()
        few.block(Array(commands[2_990...]))
        #expect(few.store.stateRoot == backward.store.stateRoot)
        backward.run("FLUSHDB")
        #expect(backward.store.stateRoot == Replica().afterEmptyBlock.stateRoot)
    }

    /// A key: short, of a block's size or about that, or of several blocks.
    private static func key(_ number: Int) -> [UInt8] {
        let name = Array("k\(number)".utf8)
        let sizes = [0, 0, 0, 61, 62, 63, 64, 200]
        return name + Array(repeating: 7, count: max(0, sizes[number % 8] - name.count))
    }

    /// A block of writes, nearly all of them plain.
    private static func writes(
        _ count: Int, removing: Bool, _ random: inout SplitMix64
    ) -> [[[UInt8]]] {
        (0..<count).map { _ in
            let key = key(Int.random(in: 0..<400, using: &random))
            let size = [0, 5, 300, 300, 2_048, 2_049].randomElement(using: &random)!
            let value = Array(repeating: UInt8.random(in: 0...9, using: &random), count: size)
            switch Int.random(in: 0..<60, using: &random) {
            case 0 where removing: return [Array("DEL".utf8), key]
            case 1: return [Array("APPEND".utf8), key, value]
            case 2: return [Array("SET".utf8), key, value, Array("PX".utf8), Array("90".utf8)]
            case 3: return [Array("GET".utf8), key]
            default: return [Array("SET".utf8), key, value]
            }
        }
    }

    @Test("Runs of plain writes, carried out together, are as if one by one")
    func runsOfWrites() {
        for seed in 0..<4 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var replica = Replica()
            var model = ModelStore()
            for round in 0..<12 {
                // All entries come first. Then every other block removes none: what is brought up
                // to date in the tree is found in another way if none comes or goes.
                let count = Int.random(in: 0..<400, using: &random)
                let commands =
                    round == 0
                    ? (0..<400).map { [Array("SET".utf8), Self.key($0), [1]] }
                    : Self.writes(count, removing: round % 2 == 1, &random)
                let step: UInt64 = round % 4 == 3 ? 200 : 0
                model.begin(replica.time + step)
                let expected = commands.map { model.run($0) }
                let replies = replica.block(
                    commands.map { CommandList.encode([$0]) }, after: step)
                #expect(replies == expected)
                let root = RootOracle.root(model.entries, time: replica.time)
                #expect(replica.store.stateRoot == root)
            }
        }
    }

    @Test("The root of small states is pinned")
    func pinned() {
        #expect(
            KeyValueStore().stateRoot.hex
                == "502e77a18c258d615f8d03fc5218e7d2e4066b2b25a5f4cc806e80d956b90f48")
        var replica = Replica(time: 1_700_000_000_000)
        replica.run("SET", "hello", "world")
        #expect(
            replica.store.stateRoot.hex
                == "c58fd3533ba5d8d1580ed3be2dcbd6b70ca6eb03d946d56ee0b8dd405ee4d3b5")
        replica.run("SET", "count", "1", "PX", "5000")
        #expect(
            replica.store.stateRoot.hex
                == "653e4eec983064f7b784a3dac4e4e61ffdfd59c91de22ae72d12bbd95dccbdfe")
    }

    @Test("Each part of an entry, and the time, changes the root")
    func sensitivity() {
        let roots = [
            ["SET", "a", "1"], ["SET", "a", "2"], ["SET", "b", "1"], ["SET", "a", "1", "PX", "1"],
            ["SET", "a", ""], ["SET", "", "a1"], ["SET", "a1", ""],
        ].map { words in
            var replica = Replica()
            replica.block([command(words)])
            return replica.store.stateRoot
        }
        #expect(Set(roots).count == roots.count)
        var later = Replica()
        later.block([command(["SET", "a", "1"])], after: 1)
        #expect(!roots.contains(later.store.stateRoot))
    }

    @Test("A copy of a store goes its own way")
    func copies() {
        var first = Replica()
        first.block((0..<100).map { command(["SET", "key:\($0)", "\($0)"]) })
        let root = first.store.stateRoot
        var second = first
        second.run("SET", "key:5", "changed")
        second.run("FLUSHDB")
        #expect(first.store.stateRoot == root)
        #expect(first.query("GET", "key:5") == "$1|5|")
        first.run("INCR", "key:5")
        #expect(first.query("GET", "key:5") == "$1|6|")
        #expect(second.query("DBSIZE") == ":0|")
    }
}

extension Replica {
    /// The store after a block without transactions.
    var afterEmptyBlock: KeyValueStore {
        var copy = self
        copy.block([])
        return copy.store
    }
}
