import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTCrypto
import BFTLedger
import BFTServer
import KeyValueStore
import ProtocolSimplex
import Testing

@testable import BFTNode

/// The core that ships and its clients, on a network without threads.
@Suite struct ClientTests {
    @Test("What four validators take is executed by all of them, and each client gets its answer")
    func answers() throws {
        for options in [HeldNode.Options(), .inline] {
            let network = try HeldNetwork(.mldsa65, options)
            network.settle()
            var answers: [(Answer, String)] = []
            for number in 0..<40 {
                let node = network.nodes[number % 4]
                let answer = node.submit(TestChain.incr("n\(number % 4)"))
                answers.append((answer, ":\(number / 4 + 1)\r\n"))
                if number.isMultiple(of: 5) { network.settle() }
            }
            try network.run(until: "all is answered") { answers.allSatisfy { $0.0.isThere } }
            for (answer, expected) in answers {
                #expect(answer.results.count == 1 && answer.text == expected)
            }
            // Linearizable, at whichever validator.
            for node in network.nodes {
                let answer = node.query(TestChain.get("n3"))
                try network.run(until: "the query is answered") { answer.isThere }
                #expect(answer.text == "$2\r\n10\r\n")
            }
            let status = network.nodes.map { $0.core.shared.current.status }
            #expect(status.allSatisfy { $0.committedHeight == status[0].committedHeight })
            #expect(status.allSatisfy { $0.stateRoot == status[0].stateRoot })
            #expect(status[0].appliedHeight == status[0].committedHeight)
            #expect(network.nodes.allSatisfy { $0.transport.cut.isEmpty && $0.failures.isEmpty })
            let counters = network.nodes[1].core.shared.current.counters
            #expect(counters.executedTransactions == 40 && counters.submitted == 10)
            #expect(counters.committedBlocks == status[1].committedHeight.rawValue)
        }
    }

    @Test("A receipt names the block, the place in it and the state after it")
    func receipts() throws {
        let network = try HeldNetwork()
        network.settle()
        let node = network.nodes[0]
        let answers = (0..<3).map { node.submit(TestChain.set("key\($0)", "\($0)")) }
        try network.run(until: "all is answered") { answers.allSatisfy(\.isThere) }
        let receipts = try answers.map { try #require($0.receipt) }
        #expect(receipts.map(\.position) == [0, 1, 2])
        #expect(Set(receipts.map(\.height)).count == 1)
        var store = KeyValueStore()
        var results = ResultWriter()
        var block: Result<StoredBlock?, RequestError>?
        node.core.readBlock(receipts[0].height) { block = $0 }
        node.settle()
        let found = try #require(block)
        let stored = try #require(try found.get())
        #expect(stored.block.height == receipts[0].height && stored.transactionCount == 3)
        #expect(stored.certificate == receipts[0].certificate)
        #expect(stored.block.time <= node.loop.wallTime)
        #expect(stored.block.time > TestChain().genesis.block.time)
        store.begin(
            BlockContext(
                height: stored.block.height, time: stored.block.time,
                proposer: stored.block.proposer))
        for number in 0..<3 {
            store.execute(TestChain.set("key\(number)", "\(number)").span.bytes, result: &results)
        }
        let root = store.end()
        #expect(receipts.allSatisfy { $0.stateRoot == root })
        let query = node.query(TestChain.get("key1"))
        try network.run(until: "the query is answered") { query.isThere }
        let answer = try #require(query.found)
        #expect(answer.stateRoot == root)
        #expect(answer.height == node.core.host.replica.executedHeight)
    }

    @Test("Alone, a validator answers from its own state and nothing else")
    func alone() throws {
        let network = try HeldNetwork()
        network.settle()
        let node = network.nodes[0]
        let write = node.submit(TestChain.set("a", "1"))
        try network.run(until: "it is answered") { write.isThere }
        network.isolated = [0]
        let (local, linear) = (
            node.queryLocally(TestChain.get("a")), node.query(TestChain.get("a"))
        )
        let late = node.submit(TestChain.set("a", "2"))
        for _ in 0..<20 {
            network.settle()
            network.advance()
        }
        #expect(local.text == "$1\r\n1\r\n" && !linear.isThere && !late.isThere)
        #expect(node.core.hasWorkUnderWay)
        network.isolated = []
        try network.run(until: "both are answered") { linear.isThere && late.isThere }
        #expect(late.text == "+OK\r\n")
        #expect(!node.core.hasWorkUnderWay)
    }

    @Test("A transaction of the chain's largest size is taken, and one byte more is refused")
    func largestTransaction() throws {
        let stage = try Stage()
        let limit = stage.node.core.settings.transactionBytes
        #expect(!stage.node.submit([UInt8](repeating: 0, count: limit)).isThere)
        let refused = stage.node.submit([UInt8](repeating: 0, count: limit + 1))
        #expect(refused.error == .tooLarge(byteCount: limit + 1, limit: limit))
        #expect(stage.node.core.counters.submitted == 1)
    }

    @Test("So many commands may wait and no more, and the same for blocks that are read")
    func waiting() throws {
        let stage = try Stage()
        let node = stage.node
        for _ in 0..<QueryDesk.limit - 1 { _ = node.query([1]) }
        #expect(!node.query([1]).isThere)
        #expect(node.query([1]).error == .busy)
        #expect(node.core.queries.hasUnanswered)
        node.isExecutorHeld = true
        var (found, refused) = (0, 0)
        for _ in 0..<QueryDesk.limit + 1 {
            node.core.readBlock(Height(1)) { result in
                switch result {
                case .success(nil): found += 1
                case .failure(.busy): refused += 1
                default: Issue.record("\(result)")
                }
            }
        }
        #expect(found == 0 && refused == 1)
        node.isExecutorHeld = false
        node.settle()
        #expect(found == QueryDesk.limit && refused == 1)
    }

    @Test("Batches are sealed when they are full, and clients wait when the ledger has no room")
    func fullLedger() throws {
        var options = HeldNode.Options()
        options.limits.batchesPerAuthor = 8
        options.batchBytes = 1_000
        let stage = try Stage(options)
        let node = stage.node
        var (taken, refused) = (0, 0)
        for _ in 0..<20 {
            let answer = node.submit([UInt8](repeating: 1, count: 900))
            if !answer.isThere { taken += 1 }
            if answer.error == .busy { refused += 1 }
        }
        // Four batches for the ledger, which has room for no more of one author's own.
        #expect(taken == 4 && refused == 16)
        node.settle()
        let sent = try node.takeMessages().filter {
            if case .ledger(.batch) = $0 { true } else { false }
        }
        #expect(sent.count == 4)
    }

    @Test("One block that is read is work under way, and so is nothing once it was read")
    func workUnderWay() throws {
        let stage = try Stage()
        let core = stage.node.core
        #expect(!core.hasWorkUnderWay)
        stage.node.isExecutorHeld = true
        var isRead = false
        core.readBlock(Height(1)) { _ in isRead = true }
        stage.node.settle()
        #expect(core.hasWorkUnderWay && !isRead)
        stage.node.isExecutorHeld = false
        stage.node.settle()
        #expect(isRead && !core.hasWorkUnderWay)
    }

    @Test("A session's command is work under way until it is answered, be it a write or a read")
    func workOfSessions() throws {
        let commands: [(HeldNode.Core) -> Acceptance] = [
            { $0.submit(1, upTo: 100) { $0 += TestChain.set("a", "1") } },
            { $0.read(1, isLocal: false) { $0 += TestChain.get("a") } },
            { $0.read(1, isLocal: true) { $0 += TestChain.get("a") } },
        ]
        for command in commands {
            let network = try HeldNetwork()
            network.settle()
            let core = network.nodes[0].core
            #expect(!core.hasWorkUnderWay)
            _ = command(core)
            #expect(core.hasWorkUnderWay)
            try network.run(until: "it is answered") { !core.hasWorkUnderWay }
        }
    }

    @Test("A node that stops takes nothing, finishes what it has, and abandons the rest once")
    func stopping() throws {
        let network = try HeldNetwork()
        network.settle()
        let node = network.nodes[0]
        let answer = node.submit(TestChain.set("a", "1"))
        node.core.beginStopping()
        #expect(node.submit([1]).error == .stopped)
        #expect(node.query([1]).error == .stopped)
        #expect(node.core.hasWorkUnderWay)
        try network.run(until: "it is answered") { answer.isThere }
        #expect(answer.text == "+OK\r\n" && !node.core.hasWorkUnderWay)

        let other = network.nodes[1]
        network.isolated = [1]
        var read: Result<StoredBlock?, RequestError>?
        let late = [other.submit(TestChain.set("b", "1")), other.query(TestChain.get("a"))]
        other.isExecutorHeld = true
        other.core.readBlock(Height(1)) { read = $0 }
        other.core.abandonClients("UNKNOWN")
        for answer in late { #expect(answer.error == .interrupted) }
        #expect(throws: RequestError.self) { try read?.get() }
        network.isolated = []
        other.isExecutorHeld = false
        try network.run(until: "the batch is executed all the same") {
            network.nodes[2].core.counters.executedTransactions == 2
        }
        for answer in late { #expect(answer.results.count == 1) }
        read = nil
        other.core.readBlock(Height(1)) { read = $0 }
        #expect(throws: RequestError.self) { try read?.get() }
        #expect(read != nil)
    }

    @Test("A batch that lost its place is answered as not carried out, and those after it are")
    func displaced() throws {
        let network = try HeldNetwork()
        network.settle()
        // Another process with the same key has ordered a batch of this sequence.
        let stage = Twin(network)
        network.isolated = [0]
        let node = network.nodes[0]
        let lost = [node.submit(TestChain.set("a", "1")), node.submit(TestChain.set("b", "1"))]
        node.settle()
        let other = stage.batch(1, [("a", "other")])
        for index in 1..<4 { network.nodes[index].receive(.ledger(.batch(other)), from: 0) }
        try network.run(until: "the other one is executed") {
            network.nodes[1].core.counters.executedTransactions == 1
        }
        network.isolated = []
        try network.run(until: "it is answered") { lost.allSatisfy(\.isThere) }
        for answer in lost {
            #expect(answer.results.count == 1 && answer.error == .displaced)
        }
        let next = node.submit(TestChain.set("c", "1"))
        try network.run(until: "the next one is answered") { next.isThere }
        #expect(next.text == "+OK\r\n")
        let value = node.query(TestChain.get("a"))
        try network.run(until: "the query is answered") { value.isThere }
        #expect(value.text == "$5\r\nother\r\n")
    }

    /// Whoever holds the key of validator 0, too.
    private struct Twin {
        let network: HeldNetwork
        init(_ network: HeldNetwork) { self.network = network }

        func batch(_ sequence: UInt64, _ pairs: [(String, String)]) -> BatchCopy {
            let batch = TestChain.batch(0, sequence, pairs)
            let bytes = batch.reference.statement(chain: TestChain.digest, epoch: .zero)
                .signingBytes
            return BatchCopy(
                batch,
                Authorship(
                    chain: TestChain.digest, epoch: .zero,
                    signature: network.keys[0].sign(bytes)))
        }
    }

    @Test("Results that are too large to keep are answered as such, in their places")
    func resultsNotKept() throws {
        var options = HeldNode.Options()
        options.transactionBytes = 600_000
        options.batchBytes = 1_000_000
        let network = try HeldNetwork(.ed25519, options)
        network.settle()
        let node = network.nodes[0]
        let value = String(repeating: "x", count: 500_000)
        let write = node.submit(TestChain.set("a", value))
        try network.run(until: "it is answered") { write.isThere }
        let reads = (0..<80).map { _ in node.submit(TestChain.get("a")) }
        try network.run(until: "all are answered") { reads.allSatisfy(\.isThere) }
        let kept = reads.prefix { $0.text?.hasSuffix("x\r\n") == true }
        #expect(kept.count > 60 && kept.count < 80)
        for answer in reads.dropFirst(kept.count) {
            #expect(answer.error == .resultNotKept)
        }
    }

    @Test("After crashes at any time nothing that was answered is lost")
    func restarts() throws {
        for seed in 0..<8 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            let network = try HeldNetwork()
            network.settle()
            var acknowledged: [String] = []
            for number in 0..<24 {
                let (key, victim) = ("key\(number)", Int.random(in: 0..<4, using: &random))
                let node = network.nodes[(victim + 1) % 4]
                let answer = node.submit(TestChain.set(key, key))
                for _ in 0..<Int.random(in: 0..<3, using: &random) { network.settle() }
                try network.restart(victim, &random)
                try network.run(until: "it is answered") { answer.isThere }
                #expect(answer.text == "+OK\r\n", "seed \(seed), \(key)")
                acknowledged.append(key)
            }
            for (position, key) in acknowledged.enumerated() {
                let answer = network.nodes[position % 4].query(TestChain.get(key))
                try network.run(until: "the query is answered") { answer.isThere }
                #expect(answer.text == "$\(key.utf8.count)\r\n\(key)\r\n", "seed \(seed)")
            }
        }
    }
}
