import BFTTestKit
import FoundationEssentials
import Glibc
import Synchronization
import Testing

/// Validators of one chain as processes of this machine.
final class Cluster {
    struct Status: Decodable {
        struct Peer: Decodable {
            let index: Int
            let connected: Bool
        }
        let chainId: String
        let nodeIndex: Int
        let `protocol`: String
        let scheme: String
        let view: UInt64
        let committedHeight: UInt64
        let appliedHeight: UInt64
        let stateRoot: String
        let epoch: UInt64
        let leader: Int
        let peers: [Peer]
        let version: String
    }

    struct Block: Decodable, Equatable {
        let height: UInt64
        let digest: String
        let parent: String
    }

    /// Every protocol that a chain can be founded on.
    static let protocols = ["simplex", "pbft", "hotstuff", "hotstuff2"]

    let directory: TemporaryDirectory
    let size: Int
    private let firstPort: Int
    private var processes: [ChildProcess?]

    /// Makes the homes, starts every node and waits until each has committed a block.
    init(size: Int = 4, scheme: String = "ed25519", protocolName: String = "simplex") throws {
        directory = try TemporaryDirectory()
        self.size = size
        firstPort = Int(try Loopback.freePorts(3 * size)[0])
        processes = Array(repeating: nil, count: size)
        try makeHomes(scheme, protocolName)
        for index in 0..<size { try start(index) }
        try reporting {
            try eventually("every node commits a block") {
                (0..<size).allSatisfy { height(of: $0) > 0 }
            }
        }
    }

    func home(_ index: Int) -> String { directory.path("node\(index)") }
    func respPort(_ index: Int) -> Int { firstPort + index }
    func httpPort(_ index: Int) -> Int { firstPort + size + index }
    private func peerPort(_ index: Int) -> Int { firstPort + 2 * size + index }
    private func log(_ index: Int) -> String { directory.path("log\(index)") }

    // MARK: Homes

    private func makeHomes(_ scheme: String, _ protocolName: String) throws {
        let validators = try (0..<size).map { index in
            let words = ["keygen", "--scheme", scheme, "--out", directory.path("key\(index)")]
            let key = try run(words).filter { !$0.isWhitespace }
            return """
                {"name": "node\(index)", "power": 1, "publicKey": "\(key)",
                "peerAddress": "127.0.0.1:\(peerPort(index))"}
                """
        }
        let genesis = directory.path("genesis.json")
        try directory.write(
            """
            {"chainId": "process-tests", "genesisTime": "2026-01-01T00:00:00Z",
            "protocol": "\(protocolName)", "scheme": "\(scheme)",
            "validators": [\(validators.joined(separator: ", "))],
            "parameters": {"idleBlockMilliseconds": 200}}
            """, to: genesis)
        for index in 0..<size {
            _ = try run([
                "init", "--home", home(index), "--genesis", genesis, "--name", "node\(index)",
                "--key", directory.path("key\(index)"),
            ])
            let path = "\(home(index))/node.toml"
            let text = directory.text(path).split(separator: "\n").map { line in
                line.replacing("\"0.0.0.0:", with: "\"127.0.0.1:")
                    .replacing("\"127.0.0.1:6400\"", with: "\"127.0.0.1:\(respPort(index))\"")
                    .replacing("\"127.0.0.1:8400\"", with: "\"127.0.0.1:\(httpPort(index))\"")
            }
            try directory.write(text.joined(separator: "\n") + "\n", to: path)
        }
    }

    private func run(_ arguments: [String]) throws -> String {
        let outcome = try Program.bft.run(arguments, in: directory)
        guard outcome.isSuccess else { throw Failure("bft \(arguments): \(outcome.output)") }
        return outcome.output
    }

    // MARK: Processes

    func start(_ index: Int, fileLimit: Int? = nil) throws {
        processes[index] = try ChildProcess(
            [Program.bft.path, "start", "--home", home(index)], log: log(index),
            fileLimit: fileLimit)
    }

    /// Ends a node without a warning.
    func kill(_ index: Int) {
        processes[index]?.send(SIGKILL)
        _ = processes[index]?.waitForEnd(within: .seconds(10))
        processes[index] = nil
    }

    /// Asks a node to end, and returns how it did, or `nil` if it did not within `limit`.
    func terminate(_ index: Int, within limit: Duration) -> ChildProcess.Ending? {
        processes[index]?.send(SIGTERM)
        return processes[index]?.waitForEnd(within: limit)
    }

    /// Runs `body`; if it throws, the ends of the nodes' logs are part of the report.
    func reporting<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            let logs = (0..<size).map { "node\($0):\n" + lastLines(of: $0) }
            throw Failure("\(error)\n" + logs.joined(separator: "\n"))
        }
    }

    func lastLines(of index: Int) -> String {
        directory.text(log(index)).split(separator: "\n").suffix(12).joined(separator: "\n")
    }

    // MARK: Asking

    func client(_ index: Int, timeout: Duration = .seconds(15)) throws -> RESPClient {
        try RESPClient(port: respPort(index), timeout: timeout)
    }

    func health(of index: Int) throws -> HTTPAnswer {
        try HTTPAnswer.get("/health", port: httpPort(index))
    }

    func status(of index: Int) throws -> Status {
        let answer = try HTTPAnswer.get("/status", port: httpPort(index))
        return try JSONDecoder().decode(Status.self, from: Data(answer.body))
    }

    /// The committed height of a node, 0 if it does not answer.
    func height(of index: Int) -> UInt64 { (try? status(of: index).committedHeight) ?? 0 }

    func block(_ height: UInt64, of index: Int) throws -> Block {
        let answer = try HTTPAnswer.get("/blocks/\(height)", port: httpPort(index))
        guard answer.status == 200 else {
            throw Failure("node\(index) has no block \(height): status \(answer.status)")
        }
        return try JSONDecoder().decode(Block.self, from: Data(answer.body))
    }

    /// Waits until `indices` answer, and have the height that the highest of them has then.
    func waitUntilLevel(_ indices: some Sequence<Int>, within limit: Duration = .seconds(30)) throws
    {
        try eventually("all nodes answer", within: limit) {
            indices.allSatisfy { height(of: $0) > 0 }
        }
        let target = indices.map(height).max() ?? 0
        try eventually("all nodes reach height \(target)", within: limit) {
            indices.allSatisfy { height(of: $0) >= target }
        }
    }

    /// Expects the same blocks at all heights that all nodes have, each the child of the one
    /// before, and the same state where two have executed as far.
    func expectAgreement() throws {
        let statuses = try (0..<size).map(status)
        let common = statuses.map(\.appliedHeight).min() ?? 0
        #expect(common > 0)
        // All of a short chain; of a long one the last blocks, which commit to those before.
        for height in max(1, Int64(common) - 30)...Int64(common) {
            let blocks = try (0..<size).map { try block(UInt64(height), of: $0) }
            #expect(Set(blocks.map(\.digest)).count == 1, "height \(height): \(blocks)")
            #expect(blocks.allSatisfy { $0.height == UInt64(height) })
        }
        var roots: [UInt64: String] = [:]
        for status in statuses {
            let other = roots.updateValue(status.stateRoot, forKey: status.appliedHeight)
            #expect(other == nil || other == status.stateRoot, "height \(status.appliedHeight)")
        }
    }
}
