import BFT
import BFTTestKit
import Glibc
import Testing

/// What service groups of servers take: the shape of swift-service-lifecycle.
private protocol Service: Sendable {
    func run() async throws
}

extension Node: Service {}

private typealias StoreNode = Node<Simplex, KeyValueStore>

/// Programs that hold a validator, and import nothing but `BFT` for it.
@Suite struct FrontDoorTests {
    private static func command(_ words: String...) -> [UInt8] {
        CommandList.encode([words.map { Array($0.utf8) }])
    }

    /// The first of `count` validators of a chain of its own; the others never come.
    private static func configuration(
        _ directory: TemporaryDirectory, of count: Int = 1
    ) throws -> NodeConfiguration {
        let keys = try (0..<count).map { _ in try SigningKey.generate(.ed25519) }
        var parameters = ChainParameters()
        parameters.viewTimeoutMilliseconds = 500
        parameters.idleBlockMilliseconds = 100
        let genesis = Genesis(
            chainID: "front-door", genesisTime: Timestamp(milliseconds: 1_000),
            protocolName: .simplex, scheme: .ed25519,
            validators: keys.enumerated().map { index, key in
                GenesisValidator(
                    name: "node\(index)", power: 1, publicKey: key.publicKey.bytes,
                    peerAddress: Endpoint(host: "127.0.0.1", port: UInt16(1 + index)))
            }, parameters: parameters)
        var configuration = NodeConfiguration(
            genesis: genesis, validator: ValidatorIndex(0), signingKey: keys[0],
            dataDirectory: directory.path("data"))
        configuration.network.listen = Endpoint(host: "127.0.0.1", port: 0)
        configuration.resp.enabled = false
        configuration.http.enabled = false
        return configuration
    }

    private static func open(_ configuration: NodeConfiguration) throws -> StoreNode {
        try StoreNode(configuration: configuration, application: KeyValueStore())
    }

    /// Expects that the node's directory is free: that another one opens it, and nothing is open.
    private static func expectClosed(
        _ configuration: NodeConfiguration, in directory: TemporaryDirectory
    ) throws {
        #expect(directory.openFiles.isEmpty)
        try open(configuration).stop()
        #expect(directory.openFiles.isEmpty)
    }

    // MARK: Life

    @Test("A node that was configured in code orders and answers, and cancelling its run ends it")
    func cancelled() async throws {
        let directory = try TemporaryDirectory()
        let configuration = try Self.configuration(directory)
        let node = try Self.open(configuration)
        let run = Task { try await node.run() }
        let receipt = try await node.submit(Self.command("SET", "a", "1"))
        #expect(text(receipt.result) == "+OK\r\n" && receipt.position == 0)
        #expect(receipt.certificate.committed.height >= receipt.height)
        let answer = try await node.query(Self.command("GET", "a"))
        #expect(text(answer.value) == "$1\r\n1\r\n" && answer.height >= receipt.height)
        #expect(answer.height > receipt.height || answer.stateRoot == receipt.stateRoot)
        #expect(node.isLeader && node.view > .zero && node.failure == nil)
        #expect(node.committedHeight >= node.appliedHeight && node.appliedHeight >= receipt.height)
        #expect(node.metrics.contains("\nbft_committed_height "))
        #expect(node.respPort == nil && node.httpPort == nil)
        run.cancel()
        try await run.value
        await #expect(throws: RequestError.stopped) {
            try await node.query(Self.command("GET", "a"))
        }
        let again = try Self.open(configuration)
        #expect(again.appliedHeight >= receipt.height)
        again.stop()
        try Self.expectClosed(configuration, in: directory)
    }

    @Test("Cancelled before it begins, a run closes the node and returns")
    func cancelledBefore() async throws {
        let directory = try TemporaryDirectory()
        let configuration = try Self.configuration(directory)
        let node = try Self.open(configuration)
        let run = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await node.run()
        }
        try await run.value
        try Self.expectClosed(configuration, in: directory)
        await #expect(throws: RequestError.stopped) { try await node.submit([1]) }
    }

    @Test("A run ends when another task stops the node, also one that stops it twice, or before")
    func stopped() async throws {
        let directory = try TemporaryDirectory()
        let configuration = try Self.configuration(directory)
        let node = try Self.open(configuration)
        try await withThrowingTaskGroup { group in
            group.addTask { try await node.run() }
            group.addTask {
                _ = try await node.submit(Self.command("SET", "a", "1"))
                node.stop()
                node.stop()
            }
            try await group.waitForAll()
        }
        node.stop()
        try Self.expectClosed(configuration, in: directory)
        let other = try Self.open(configuration)
        other.stop()
        try await other.run()
        try Self.expectClosed(configuration, in: directory)
    }

    @Test("A node that was opened and never run is closed with the last that holds it")
    func neverRun() async throws {
        let directory = try TemporaryDirectory()
        var configuration = try Self.configuration(directory)
        configuration.resp.enabled = true
        configuration.resp.listen = Endpoint(host: "127.0.0.1", port: 0)
        configuration.http.enabled = true
        configuration.http.listen = Endpoint(host: "127.0.0.1", port: 0)
        var node: StoreNode? = try Self.open(configuration)
        let ports = [node?.respPort, node?.httpPort].compactMap { $0 }
        #expect(ports.count == 2)
        #expect(throws: NodeOpeningError.self, "two nodes have no directory in common") {
            try Self.open(configuration)
        }
        node = nil
        for port in ports { #expect(Loopback.isFree(port)) }
        try Self.expectClosed(configuration, in: directory)
    }

    @Test("A node that can't be opened leaves nothing open")
    func notOpened() throws {
        let directory = try TemporaryDirectory()
        let configuration = try Self.configuration(directory)
        let other = try TemporaryDirectory()
        var taken = try Self.configuration(other)
        taken.resp.enabled = true
        taken.resp.listen = Endpoint(host: "127.0.0.1", port: 0)
        let holder = try Self.open(taken)
        let endpoint = Endpoint(host: "127.0.0.1", port: try #require(holder.respPort))
        let edits: [(String, (inout NodeConfiguration) -> Void)] = [
            ("network.listen", { $0.network.listen = endpoint }),
            ("resp.listen", { ($0.resp.enabled, $0.resp.listen) = (true, endpoint) }),
            ("http.listen", { ($0.http.enabled, $0.http.listen) = (true, endpoint) }),
        ]
        for (expected, edit) in edits {
            var edited = configuration
            edit(&edited)
            let error = #expect(throws: NodeOpeningError.self) { try Self.open(edited) }
            #expect(error.map { "\($0)" }?.contains(expected) == true)
            try Self.expectClosed(configuration, in: directory)
        }
        holder.stop()
    }

    @Test("What was asked of a node that is then closed instead of run is refused")
    func askedBeforeRun() async throws {
        let directory = try TemporaryDirectory()
        let node = try Self.open(try Self.configuration(directory))
        let receipt = Task { try await node.submit(Self.command("SET", "a", "1")) }
        let answer = Task { try await node.query(Self.command("GET", "a")) }
        await Task.yield()
        node.stop()
        await #expect(throws: RequestError.stopped) { try await receipt.value }
        await #expect(throws: RequestError.stopped) { try await answer.value }
    }

    @Test("Nodes hold no thread of the cooperative pool: there may be more of them than it has")
    func manyNodes() async throws {
        let count = sysconf(Int32(_SC_NPROCESSORS_ONLN)) + 2
        try await withThrowingTaskGroup { group in
            for number in 0..<count {
                group.addTask {
                    let directory = try TemporaryDirectory()
                    let node = try Self.open(try Self.configuration(directory))
                    async let run: Void = node.run()
                    for round in 0..<3 {
                        _ = try await node.submit(Self.command("SET", "\(round)", "\(number)"))
                    }
                    node.stop()
                    try await run
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("Two validators of one chain run in one process, each from its home")
    func twoOfOneChain() async throws {
        let network = try TestNetwork(2)
        let nodes = try network.homes.map { try Self.open(try $0.configuration()) }
        try await withThrowingTaskGroup { group in
            for node in nodes { group.addTask { try await node.run() } }
            let receipt = try await nodes[0].submit(Self.command("SET", "a", "1"))
            #expect(receipt.certificate.signers.population == 2)
            let answer = try await nodes[1].query(Self.command("GET", "a"))
            #expect(text(answer.value) == "$1\r\n1\r\n" && answer.height >= receipt.height)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test("A node leaves the signals of the process as they are")
    func signals() async throws {
        func action() -> sigaction {
            var action = sigaction()
            sigaction(SIGPIPE, nil, &action)
            return action
        }
        let before = action()
        let directory = try TemporaryDirectory()
        let node = try Self.open(try Self.configuration(directory))
        let run = Task { try await node.run() }
        _ = try await node.submit(Self.command("SET", "a", "1"))
        let during = action()
        node.stop()
        try await run.value
        #expect(
            unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self)
                == unsafeBitCast(during.__sigaction_handler.sa_handler, to: Int.self))
    }

    // MARK: Requests

    @Test("Cancelling a request ends the wait at once, and says that it may take effect")
    func cancelledRequests() async throws {
        let directory = try TemporaryDirectory()
        // Without the others it orders nothing.
        let node = try Self.open(try Self.configuration(directory, of: 4))
        let run = Task { try await node.run() }
        let receipt = Task { try await node.submit(Self.command("SET", "a", "1")) }
        let answer = Task { try await node.query(Self.command("GET", "a")) }
        while !node.metrics.contains("\nbft_submitted_transactions_total 1\n") {
            try await Task.sleep(for: .milliseconds(5))
        }
        receipt.cancel()
        answer.cancel()
        await #expect(throws: RequestError.cancelled) { try await receipt.value }
        await #expect(throws: RequestError.cancelled) { try await answer.value }
        #expect(RequestError.cancelled.mayHaveTakenEffect)
        let before = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await node.submit(Self.command("SET", "b", "1"))
        }
        await #expect(throws: RequestError.cancelled) { try await before.value }
        node.stop()
        try await run.value
        #expect(node.metrics.contains("\nbft_submitted_transactions_total 1\n"))
    }

    @Test("A request is cancelled also while nobody runs the node")
    func cancelledBeforeRun() async throws {
        let directory = try TemporaryDirectory()
        let node = try Self.open(try Self.configuration(directory))
        let receipt = Task { try await node.submit(Self.command("SET", "a", "1")) }
        await Task.yield()
        receipt.cancel()
        await #expect(throws: RequestError.cancelled) { try await receipt.value }
        let run = Task { try await node.run() }
        let answer = try await node.query(Self.command("GET", "a"))
        #expect(text(answer.value) == "_\r\n", "nobody waited for it when the node began")
        node.stop()
        try await run.value
    }

    @Test("A program's tests can make receipts and answers")
    func fakes() throws {
        let certificate = TestChain.certificate(of: TestChain().next([]))
        let receipt = Receipt(
            height: Height(1), position: 2, result: [3], certificate: certificate,
            stateRoot: .zero)
        #expect(receipt.position == 2 && receipt.certificate == certificate)
        let answer = QueryAnswer(value: [1], height: Height(2), stateRoot: .zero)
        #expect(answer != QueryAnswer(value: [1], height: Height(3), stateRoot: .zero))
    }

    // MARK: Configuration

    @Test(
        "A configuration that no node can run with is refused, and the refusal names what is wrong")
    func wrongConfigurations() throws {
        let directory = try TemporaryDirectory()
        let cases: [(String, (inout NodeConfiguration) -> Void)] = [
            ("validator is v1", { $0.validator = ValidatorIndex(1) }),
            ("signing key is not", { $0.signingKey = try! .generate(.ed25519) }),
            ("finalityTimeoutMilliseconds", { $0.consensus.finalityTimeoutMilliseconds = 9 }),
            ("maxPendingBatches", { $0.consensus.maxPendingBatches = 15 }),
            ("consensus.algorithm", { $0.consensus.algorithm = .pbft }),
            ("resp.maxClients", { $0.resp.maxClients = 0 }),
            ("http.maxClients", { $0.http.maxClients = 65_536 }),
            ("limits.mempoolBytes", { $0.limits.mempoolBytes = (16 << 20) - 1 }),
            ("limits.batchBytes", { $0.limits.batchBytes = 4_095 }),
            (
                "a block of this chain",
                {
                    $0.genesis.parameters.maxTransactionBytes = 1_000
                    $0.genesis.parameters.maxBlockBytes = (512 << 10) - 1
                }
            ),
            ("limits.requestBytes", { $0.limits.requestBytes = (64 << 20) + 1 }),
            ("network.peers names 'x'", { $0.network.peers["x"] = Endpoint("a:1") }),
            ("validators is empty", { $0.genesis.validators = [] }),
            ("none that a genesis file could hold", { $0.genesis.chainID = "a b" }),
            (
                "none that a genesis file could hold",
                { $0.genesis.parameters.maxBlockBytes = 1 << 30 }
            ),
        ]
        for (expected, edit) in cases {
            var configuration = try Self.configuration(directory)
            edit(&configuration)
            let error = #expect(throws: NodeOpeningError.self) { try Self.open(configuration) }
            let said = error.map { "\($0)" } ?? ""
            #expect(said.contains(expected), "\(said)")
            #expect(access(configuration.dataDirectory, F_OK) != 0, "nothing is made for it")
        }
    }

    @Test("A home says as a configuration what its files say")
    func reader() throws {
        let network = try TestNetwork(2)
        let home = network.homes[1]
        let configuration = try home.configuration()
        #expect(configuration.genesis == network.genesis)
        #expect(configuration.validator == ValidatorIndex(1))
        #expect(
            configuration.signingKey.publicKey.bytes == network.genesis.validators[1].publicKey)
        #expect(configuration.dataDirectory == home.dataDirectory)
        #expect(configuration.network == home.settings.network)
        #expect(configuration.consensus == home.settings.consensus)
        #expect(configuration.resp == home.settings.resp)
        #expect(configuration.http == home.settings.http)
        #expect(configuration.limits == home.settings.limits)
    }
}
