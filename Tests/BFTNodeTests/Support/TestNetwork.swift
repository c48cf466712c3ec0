import BFTBase
import BFTConfiguration
import BFTCore
import BFTCrypto
import BFTDisk
import BFTStorage
import BFTTestKit
import Glibc
import KeyValueStore
import ProtocolSimplex

@testable import BFTNode

/// A node on a thread of its own.
final class TestNode: Sendable {
    let node: Node<Simplex, KeyValueStore>
    private let ending = Monitor<Result<Void, NodeFailure>?>(nil)

    init(_ configuration: NodeConfiguration, disk: NodeDisk = .real) throws {
        node = try Node(configuration: configuration, application: KeyValueStore(), disk: disk)
        // Tests block threads of the cooperative pool, which there may be but one of.
        _ = NamedThread("test-node") { [node, ending] in
            if node.running.begin() { node.running.runLoop() }
            ending.withLock { $0 = node.failure.map { .failure($0) } ?? .success(()) }
            ending.notify()
        }
    }

    /// Stops the node and waits until it has ended. Throws why it could not go on.
    func stop() throws(NodeFailure) {
        node.stop()
        let result = ending.withLock(when: { $0 != nil }) { $0 }
        try result?.get()
    }

    var resp: Client { get throws { try Client(port: node.respPort ?? 0) } }
    var http: Client { get throws { try Client(port: node.httpPort ?? 0) } }

    func get(_ path: String) throws -> String { try http.get(path) }
}

/// The homes of validators of one chain, each with a peer port that was free.
final class TestNetwork {
    let directory: TemporaryDirectory
    let genesis: Genesis
    let keys: ValidatorKeys
    let homes: [NodeHome]
    private(set) var nodes: [TestNode?]

    init(_ count: Int, edit: (inout ChainParameters) -> Void = { _ in }) throws {
        directory = try TemporaryDirectory()
        let signingKeys = try (0..<count).map { _ in try SigningKey.generate(.ed25519) }
        let ports = try Loopback.freePorts(count)
        var parameters = ChainParameters()
        parameters.viewTimeoutMilliseconds = 500
        parameters.idleBlockMilliseconds = 100
        edit(&parameters)
        genesis = Genesis(
            chainID: "node-tests", genesisTime: Timestamp(milliseconds: 1_000),
            protocolName: .simplex, scheme: .ed25519,
            validators: (0..<count).map { index in
                GenesisValidator(
                    name: "node\(index)", power: 1, publicKey: signingKeys[index].publicKey.bytes,
                    peerAddress: Endpoint(host: "127.0.0.1", port: ports[index]))
            }, parameters: parameters)
        keys = try ValidatorKeys(epoch: .zero, signingKeys.map(\.publicKey))
        let (root, chain) = (directory, genesis)
        homes = try (0..<count).map { index in
            try Self.makeHome(index, in: root, chain, signingKeys[index])
        }
        nodes = Array(repeating: nil, count: count)
    }

    private static func makeHome(
        _ index: Int, in directory: TemporaryDirectory, _ genesis: Genesis, _ key: SigningKey
    ) throws -> NodeHome {
        var settings = HomeSettings()
        settings.node.name = "node\(index)"
        settings.network.listen = genesis.validators[index].peerAddress
        settings.resp.listen = Endpoint(host: "127.0.0.1", port: 0)
        settings.http.listen = Endpoint(host: "127.0.0.1", port: 0)
        let path = directory.path("node\(index)")
        try directory.makeDirectory(path)
        try KeyFile.create(key, at: "\(path)/\(NodeHome.keyName)")
        try directory.write(genesis.json, to: "\(path)/\(NodeHome.genesisName)")
        try directory.write(settings.toml, to: "\(path)/\(NodeHome.configurationName)")
        return try NodeHome.load(path)
    }

    deinit { for node in nodes { try? node?.stop() } }

    /// Starts a node, with other settings than those in its home if `edit` says so.
    @discardableResult
    func start(
        _ index: Int, disk: NodeDisk = .real, edit: (inout NodeConfiguration) -> Void = { _ in }
    ) throws -> TestNode {
        var configuration = try homes[index].configuration()
        edit(&configuration)
        let node = try TestNode(configuration, disk: disk)
        nodes[index] = node
        return node
    }

    func startAll() throws -> [TestNode] { try homes.indices.map { try start($0) } }

    func stop(_ index: Int) throws {
        let node = nodes[index]
        nodes[index] = nil
        try node?.stop()
    }

    func stopAll() throws { for index in homes.indices { try stop(index) } }
}
