import BFTBase
import BFTConfiguration
import BFTLogging
import Glibc

/// `bft localnet`: a whole network on this machine.
package struct Localnet: NodeCommand {
    package static let configuration = CommandConfiguration(
        commandName: "localnet", abstract: "Runs a network of validators on this machine.",
        discussion: """
            Makes the homes node0, node1, … in the directory, or goes on with those that are
            there, and runs a node for each until Ctrl-C. Prints 'ready' once every node has
            committed a block. A node that ends is reported and stays down: bring it back with
            'bft start --home DIRECTORY/nodeN'. Each writes to the file 'log' of its home.
            """,
        examples: [
            "bft localnet", "bft localnet --validators 7 --directory seven --fresh",
            "bft localnet --scheme ed25519 --resp-port 16400 --http-port 18400 --peer-port 17400",
        ])

    @Option(help: "How many validators. Default: 4, or as many as are there.")
    var validators: Int? = nil
    @Option(valueName: "PATH", help: "Where the homes are.") var directory = ".localnet"
    @Option(
        name: "resp-port", valueName: "PORT",
        help: "The first node's RESP port; the others follow. Default: 6400.")
    var respPort: Int? = nil
    @Option(name: "http-port", valueName: "PORT", help: "Likewise for HTTP. Default: 8400.")
    var httpPort: Int? = nil
    @Option(name: "peer-port", valueName: "PORT", help: "Likewise for peers. Default: 7400.")
    var peerPort: Int? = nil
    @Option(help: "The signature scheme of a new chain. Default: ml-dsa-87.")
    var scheme: SignatureSchemeName? = nil
    @Option(name: "protocol", help: "The protocol of a new chain. Default: simplex.")
    var protocolName: ProtocolName? = nil
    @Option(name: "log-level", help: "The log levels of a new network's nodes.")
    var logLevel = "info"
    @Option(
        name: "ready-timeout", valueName: "SECONDS",
        help: "How long the first blocks may take, before all is stopped.")
    var readyTimeout = 60.0
    @Flag(help: "Remove the homes that are there, and start a new chain.") var fresh = false
    @Flag(help: "Print endpoints and events as JSON, one object a line.") var json = false

    private let services: any NodeServices

    package init(services: any NodeServices) { self.services = services }

    package func validate() throws(UsageError) {
        if let validators, !(1...100).contains(validators) {
            throw UsageError("--validators can't be \(validators)", hint: "give 1 to 100")
        }
        let named = [("resp-port", respPort), ("http-port", httpPort), ("peer-port", peerPort)]
        for case (let name, let port?) in named
        where !(1...65_536 - (validators ?? 4)).contains(port) {
            throw UsageError(
                "--\(name) can't be \(port)",
                hint: "give 1 to \(65_536 - (validators ?? 4)): every node needs one")
        }
        _ = try LogLevelsText.levels(logLevel)
        try Seconds.check(readyTimeout, name: "ready-timeout")
    }

    package func run(_ console: Console) throws {
        let files = LocalnetFiles(directory: directory)
        if fresh { try files.removeHomes() }
        let homes = try prepare(files)
        try files.refuseRunning(homes.map(\.path))
        try Self.refuseTakenPorts(homes)
        Supervisor.holdSignals()
        var children: [ChildProcess] = []
        // Children that were started are stopped on every way out.
        defer { supervisor(children, console).stopAll() }
        let executable = try Self.ownExecutable()
        for (index, home) in homes.enumerated() {
            children.append(
                try ChildProcess.spawn(
                    name: "node\(index)", executable: executable,
                    arguments: ["start", "--home", home.path],
                    logPath: NodeHome.resolve("log", in: home.path)))
        }
        announce(homes, children, console)
        let supervisor = supervisor(children, console)
        var unready = homes.filter(\.settings.http.enabled)
        let isReady = try supervisor.waitUntilReady(within: Seconds.interval(readyTimeout)) {
            unready.removeAll(where: Self.hasCommitted)
            return unready.isEmpty
        }
        guard isReady else { return }
        console.print(json ? #"{"event":"ready"}"# : "ready")
        try supervisor.waitForStop()
    }

    private func supervisor(_ children: [ChildProcess], _ console: Console) -> Supervisor {
        Supervisor(children, grace: .seconds(10)) { child, event in
            let what =
                switch event {
                case .ended(let ending): ending.description
                case .overdue: "does not stop and is killed"
                }
            let home = NodeHome.resolve(child.name, in: directory)
            guard json else {
                let hint = event == .overdue ? "" : "; bring it back: bft start --home \(home)"
                let line = "\(child.name) (pid \(child.identifier)) \(what)\(hint)"
                return console.print(EscapedText.line(line))
            }
            console.print(
                JSONText.object([
                    ("event", .text(event == .overdue ? "killed" : "ended")),
                    ("node", .text(child.name)), ("pid", .integer(Int128(child.identifier))),
                    ("reason", .text(what)), ("home", .text(home)), ("log", .text(child.logPath)),
                ]).compact)
        }
    }

    /// The homes that are there, which must be what the options ask for, or new ones.
    private func prepare(_ files: LocalnetFiles) throws -> [NodeHome] {
        let standard = LocalnetFiles.Ports()
        let existing = try files.existing()
        guard let first = existing.first else {
            let ports = LocalnetFiles.Ports(
                resp: respPort ?? standard.resp, http: httpPort ?? standard.http,
                peer: peerPort ?? standard.peer)
            return try files.create(
                count: validators ?? 4, ports: ports, protocolName: protocolName ?? .simplex,
                scheme: scheme ?? .mlDSA87, logLevels: logLevel, services: services)
        }
        let genesis = first.genesis
        let settings = first.settings
        let contradictions = [
            contradiction("validators", validators, existing.count),
            contradiction("scheme", scheme?.rawValue, genesis.scheme.rawValue),
            contradiction("protocol", protocolName?.rawValue, genesis.protocolName.rawValue),
            contradiction("resp-port", respPort, Int(settings.resp.listen.port)),
            contradiction("http-port", httpPort, Int(settings.http.listen.port)),
            contradiction("peer-port", peerPort, Int(settings.network.listen.port)),
        ].compactMap { $0 }
        guard contradictions.isEmpty else {
            throw CommandFailure(
                "\(directory) holds a network with \(contradictions.joined(separator: ", "))",
                hint: "leave the option out to go on with it, or add --fresh to start a new one")
        }
        return existing
    }

    private func contradiction<Value: Equatable>(
        _ name: String, _ asked: Value?, _ found: Value
    ) -> String? {
        asked == nil || asked == found ? nil : "--\(name) \(found)"
    }

    private static func refuseTakenPorts(_ homes: [NodeHome]) throws(CommandFailure) {
        for (index, home) in homes.enumerated() {
            let settings = home.settings
            var servers = [("peers", settings.network.listen, "--peer-port")]
            if settings.resp.enabled {
                servers.append(("RESP", settings.resp.listen, "--resp-port"))
            }
            if settings.http.enabled {
                servers.append(("HTTP", settings.http.listen, "--http-port"))
            }
            for (what, endpoint, option) in servers where !TCPSocket.canListen(on: endpoint) {
                throw CommandFailure(
                    "node\(index) can't serve \(what) on \(endpoint): the port is in use",
                    hint: "stop what uses it ('ss -ltnp' names it), or choose other ports: "
                        + "\(option) … --fresh")
            }
        }
    }

    private func announce(_ homes: [NodeHome], _ children: [ChildProcess], _ console: Console) {
        for (home, child) in zip(homes, children) {
            let settings = home.settings
            if json {
                console.print(
                    JSONText.object([
                        ("event", .text("started")), ("node", .text(child.name)),
                        ("pid", .integer(Int128(child.identifier))),
                        ("resp", .text(settings.resp.listen.description)),
                        ("http", .text("http://\(settings.http.listen)")),
                        ("peer", .text(settings.network.listen.description)),
                        ("home", .text(home.path)),
                    ]).compact)
            } else {
                console.print(
                    EscapedText.line(
                        "\(child.name)  resp \(settings.resp.listen)  "
                            + "http http://\(settings.http.listen)  "
                            + "peers \(settings.network.listen)  pid \(child.identifier)  "
                            + "home \(home.path)"))
            }
        }
    }

    /// Whether the node of `home` has committed a block.
    private static func hasCommitted(_ home: NodeHome) -> Bool {
        let url = NodeURL(endpoint: home.settings.http.listen)
        let client = NodeClient(url, timeout: .milliseconds(300))
        let status = try? client.json("GET", "/status")
        return (status?["committedHeight"]?.integer ?? 0) >= 1
    }

    /// The path of the program that runs.
    private static func ownExecutable() throws(CommandFailure) -> String {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = bytes.withUnsafeMutableBytes {
            readlink(
                "/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        guard count > 0, count < bytes.count else {
            throw CommandFailure("can't find this program's file", hint: "mount /proc")
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
