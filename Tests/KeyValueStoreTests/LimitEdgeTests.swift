import BFTBase
import Testing

@testable import KeyValueStore

/// What `LimitTests` leaves open of `KeyValueLimits`: each at its edge, and one beyond.
@Suite struct LimitEdgeTests {
    @Test("A pattern has as many bytes as it may, and no more")
    func patterns() {
        let pattern = String(repeating: "a", count: KeyValueLimits.patternBytes)
        var replica = Replica()
        replica.run("SET", pattern, "v")
        #expect(replica.run("KEYS", pattern) == "*1|$1024|\(pattern)|")
        #expect(replica.run("SCAN", "0", "MATCH", pattern).hasSuffix("*1|$1024|\(pattern)|"))
        let tooLong = "-ERR the pattern is longer than 1024 bytes|"
        #expect(replica.run("KEYS", pattern + "a") == tooLong)
        #expect(replica.run("SCAN", "0", "MATCH", pattern + "a") == tooLong)
    }

    @Test("A block and a query walk so many steps and no more, and what is left is gone then")
    func walkSteps() {
        for (full, limit) in [
            (Allowance.block, KeyValueLimits.walkStepsPerBlock),
            (Allowance.query, KeyValueLimits.walkStepsPerQuery),
        ] {
            var whole = full
            var answers = [whole.takeSteps(limit), whole.takeSteps(1), whole.takeSteps(0)]
            #expect(answers == [true, false, true])
            var parts = full
            answers = [parts.takeSteps(limit - 1), parts.takeSteps(1), parts.takeSteps(1)]
            #expect(answers == [true, true, false])
            var beyond = full
            answers = [beyond.takeSteps(limit + 1), beyond.takeSteps(1)]
            #expect(answers == [false, false])
        }
    }

    @Test("A block and a query reply so many bytes and no more, and a refusal takes none")
    func replyBytes() {
        for full in [Allowance.block, .query] {
            var allowance = full
            let answers = [
                allowance.takeReply(bytes: KeyValueLimits.replyBytes + 1),
                allowance.takeReply(bytes: KeyValueLimits.replyBytes),
                allowance.takeReply(bytes: 1),
            ]
            #expect(answers == [false, true, false])
        }
    }

    @Test("A block removes as many expired keys as it may, and one more waits for the next")
    func expirations() {
        let count = KeyValueLimits.expirationsPerBlock + 1
        var replica = Replica()
        replica.block((0..<count).map { command(["SET", "key:\($0)", "v", "PX", "1"]) })
        #expect(replica.store.count == count)
        replica.block([], after: 2_000)
        #expect(replica.store.count == 1)
        replica.block([], after: 2_000)
        #expect(replica.store.count == 0)
    }

    @Test("What a proof or a stored state says is held against the limits of keys and values")
    func readBack() throws {
        var replica = Replica()
        replica.run("SET", "a", "1")
        for (keyExcess, valueExcess) in [(0, 0), (1, 0), (0, 1)] {
            let key = [UInt8](repeating: 7, count: KeyValueLimits.keyBytes + keyExcess)
            let value = [UInt8](repeating: 8, count: KeyValueLimits.valueBytes + valueExcess)
            var storage = replica.storage
            storage.entries[[1] + key] = [UInt8](repeating: 0, count: 8) + value
            var store = KeyValueStore()
            let isLoaded = (try? store.load(storage)) != nil
            #expect(isLoaded == (keyExcess == 0 && valueExcess == 0))
            #expect(store.count == (isLoaded ? 2 : 0))
        }
    }
}
