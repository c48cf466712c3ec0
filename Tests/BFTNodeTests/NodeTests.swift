import BFTBase
import BFTChain
import BFTConfiguration
import BFTCore
import BFTCrypto
import BFTLedger
import BFTRocksDB
import BFTStorage
import BFTWire
import KeyValueStore
import ProtocolSimplex
import Testing

@testable import BFTNode

/// Whole nodes in this process, each with its own threads, home and ports.
@Suite(.serialized) struct NodeTests {
    /// Expects that each receipt shows to anybody that its block is committed: by a certificate of
    /// the block or of a descendant, signed by a quorum. `index` has stopped.
    private func check(_ receipts: [Receipt], _ network: TestNetwork, at index: Int) throws {
        let backend = try RocksDBBackend(path: "\(network.homes[index].dataDirectory)/chain")
        defer { backend.close() }
        let rules = CommitRules(
            chain: Digest.of(network.genesis.encoded, in: .genesis), epoch: .zero,
            validators: try ValidatorSet(network.genesis.validators.map(\.power)),
            kinds: Simplex.commitKinds)
        let store = ChainStore(backend, rules: rules)
        for receipt in receipts {
            let certificate = receipt.certificate
            let committed = certificate.committed
            #expect(receipt.height > .zero && committed.height >= receipt.height)
            var block = try #require(try store.block(at: committed.height))
            #expect(try rules.check(certificate.certificate, commits: block) == certificate)
            _ = try network.keys.verify(certificate.certificate)
            while block.height > receipt.height {
                let parent = try #require(try store.block(at: Height(block.height.rawValue - 1)))
                #expect(block.parent == parent.digest)
                block = parent
            }
        }
    }

    @Test("One validator alone orders, answers, stops at once, and has everything when it is back")
    func alone() async throws {
        let network = try TestNetwork(1)
        var receipts: [Receipt] = []
        let node = try network.start(0)
        for number in 0..<20 {
            let receipt = try await node.node.submit(TestChain.set("key\(number)", "\(number)"))
            #expect(text(receipt.result) == "+OK\r\n")
            receipts.append(receipt)
        }
        #expect(zip(receipts, receipts.dropFirst()).allSatisfy { $0.height <= $1.height })
        let answer = try await node.node.query(TestChain.get("key7"))
        #expect(text(answer.value) == "$1\r\n7\r\n")
        #expect(try node.resp.call("GET", "key8") == "8")
        #expect(try node.get("/health").hasPrefix("HTTP/1.1 200"))
        let start = ContinuousClock.now
        try network.stop(0)
        #expect(ContinuousClock.now - start < .seconds(3), "nothing was under way")
        try check(receipts, network, at: 0)
        let again = try network.start(0)
        #expect(again.node.appliedHeight >= answer.height)
        for number in 0..<20 {
            let found = try await again.node.query(TestChain.get("key\(number)"))
            #expect(text(found.value) == "$\("\(number)".utf8.count)\r\n\(number)\r\n")
        }
        try network.stop(0)
        await #expect(throws: RequestError.stopped) { try await again.node.submit([1]) }
    }

    @Test(
        "Cancelling a run ends it, also when nobody holds the node any more",
        .timeLimit(.minutes(1)))
    func unheld() async throws {
        let network = try TestNetwork(1)
        let configuration = try network.homes[0].configuration()
        // What `Node.run()` waits for: an optimizer may let go of the node itself by then.
        func start() async throws -> Task<Void, any Error> {
            let node = try Node<Simplex, KeyValueStore>(
                configuration: configuration, application: KeyValueStore())
            let run = Task { [running = node.running] in try await running.run() }
            _ = try await node.submit(TestChain.set("a", "1"))
            return run
        }
        let run = try await start()
        run.cancel()
        try await run.value
        let again = try network.start(0)
        #expect(again.node.appliedHeight > .zero)
        try network.stop(0)
    }

    @Test("What one of four takes, the others answer at once, and all of it survives a restart")
    func four() async throws {
        let network = try TestNetwork(4)
        let nodes = try network.startAll()
        var receipts: [Receipt] = []
        for number in 0..<24 {
            let receipt = try await nodes[number % 4].node.submit(
                TestChain.set("key\(number)", "\(number)"))
            receipts.append(receipt)
            let answer = try await nodes[(number + 1) % 4].node.query(
                TestChain.get("key\(number)"))
            #expect(text(answer.value) == "$\("\(number)".utf8.count)\r\n\(number)\r\n")
            #expect(answer.height >= receipt.height)
        }
        let client = try nodes[0].resp
        try client.send((0..<50).map { ["INCR", "n\($0 % 2)"] } + [["GET", "n0"]])
        for number in 0..<50 { #expect(try client.reply() == ":\(number / 2 + 1)") }
        #expect(try client.reply() == "25")
        #expect(try nodes[3].get("/blocks/\(receipts[0].height)").contains("\"certificate\""))
        #expect(
            try nodes[3].get("/blocks/\(receipts[0].height)").contains("\"transactionCount\":1"))
        #expect(try nodes[3].get("/blocks/1000000").hasPrefix("HTTP/1.1 404"))
        try network.stopAll()
        try check(receipts, network, at: 2)
        let again = try network.startAll()
        for number in 0..<24 {
            let answer = try await again[(number + 2) % 4].node.query(
                TestChain.get("key\(number)"))
            #expect(text(answer.value).hasSuffix("\r\n\(number)\r\n"))
        }
        try network.stopAll()
    }

    @Test("Each transaction of a chain has a place of its own, whoever took it")
    func places() async throws {
        let network = try TestNetwork(4)
        let nodes = try network.startAll()
        let receipts = try await withThrowingTaskGroup(of: Receipt.self) { group in
            for number in 0..<200 {
                let node = nodes[number % 4].node
                group.addTask { try await node.submit(TestChain.set("key\(number)", "1")) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let places = Set(receipts.map { [$0.height.rawValue, UInt64($0.position)] })
        #expect(places.count == 200)
        #expect(Set(receipts.map(\.height)).count < 200, "some share a block")
        try network.stopAll()
    }

    @Test("A transaction beyond the chain's bound is refused, and the session goes on")
    func tooLarge() async throws {
        let network = try TestNetwork(1) { $0.maxTransactionBytes = 1_000 }
        let node = try network.start(0)
        let client = try node.resp
        #expect(try client.call("SET", "a", String(repeating: "x", count: 900)) == "+OK")
        let refusal = try client.call("SET", "a", String(repeating: "x", count: 1_000))
        #expect(refusal?.contains("too large") == true)
        #expect(try client.call("PING") == "+PONG")
        await #expect(throws: RequestError.tooLarge(byteCount: 1_001, limit: 1_000)) {
            try await node.node.submit([UInt8](repeating: 0, count: 1_001))
        }
        _ = try await node.node.submit([UInt8](repeating: 0, count: 1_000))
        try network.stop(0)
    }

    @Test("The largest transaction that is taken is ordered, also where no block is larger than it")
    func largest() async throws {
        let (block, transaction) = (UInt32(512 << 10), UInt32(512 << 10))
        let network = try TestNetwork(1) {
            $0.maxBlockBytes = block
            $0.maxTransactionBytes = transaction
        }
        let opened = try OpenedHome(
            try network.homes[0].configuration(), on: .real, commitKinds: Simplex.commitKinds)
        let limit = opened.settings.transactionBytes
        opened.close()
        try #require(limit < transaction, "a batch has a header, and stands in a block")
        let node = try network.start(0).node
        _ = try await node.submit([UInt8](repeating: 0, count: limit))
        await #expect(throws: RequestError.tooLarge(byteCount: limit + 1, limit: limit)) {
            try await node.submit([UInt8](repeating: 0, count: limit + 1))
        }
        try network.stop(0)
    }

    @Test("A client that reads late is not read from meanwhile, and gets every answer in the end")
    func lateReader() throws {
        let network = try TestNetwork(1)
        let node = try network.start(0)
        let (client, other) = (try node.resp, try node.resp)
        let value = String(repeating: "x", count: 400_000)
        #expect(try client.call("SET", "a", value) == "+OK")
        for _ in 0..<3 {
            try client.send(Array(repeating: ["GET", "a"], count: 10))
            // Answered after those, which then wait for their client to read.
            for _ in 0..<20 { #expect(try other.call("GET", "none") == nil) }
        }
        for _ in 0..<30 { #expect(try client.reply() == value) }
        #expect(try client.call("PING") == "+PONG")
        try network.stop(0)
    }

    @Test("When a port is taken, the node says which, and the home is free for another try")
    func takenPort() async throws {
        let (first, second) = (try TestNetwork(1), try TestNetwork(1))
        let port = try #require(try first.start(0).node.respPort)
        #expect(throws: NodeOpeningError.self) {
            try second.start(0) { $0.resp.listen = Endpoint(host: "127.0.0.1", port: port) }
        }
        try first.stop(0)
        let node = try second.start(0)
        _ = try await node.node.submit(TestChain.set("a", "1"))
        try second.stop(0)
    }
}
