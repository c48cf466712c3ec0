import BFTBase
import BFTConfiguration
import FoundationEssentials
import Glibc

/// The directory of a local network: homes `node0`, `node1`, … below it.
struct LocalnetFiles {
    struct Ports: Equatable {
        var resp = 6_400
        var http = 8_400
        var peer = 7_400
    }

    let directory: String

    func home(_ index: Int) -> String { NodeHome.resolve("node\(index)", in: directory) }

    /// The homes that are there, in order.
    func existing() throws(ConfigurationError) -> [NodeHome] {
        var homes: [NodeHome] = []
        while HomeFiles.exists(NodeHome.resolve(NodeHome.configurationName, in: home(homes.count)))
        {
            homes.append(try NodeHome.load(home(homes.count)))
        }
        return homes
    }

    /// Removes all homes, and nothing else in the directory. Refuses while a node runs.
    func removeHomes() throws(CommandFailure) {
        var paths: [String] = []
        while HomeFiles.exists(home(paths.count)) { paths.append(home(paths.count)) }
        try refuseRunning(paths)
        for path in paths {
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                throw CommandFailure(
                    "can't remove \(path): \(error)", hint: "check the rights of this user")
            }
        }
    }

    func refuseRunning(_ paths: [String]) throws(CommandFailure) {
        let running = paths.compactMap { PidFile.holder(home: $0) }
        guard running.isEmpty else {
            throw CommandFailure(
                "nodes of \(directory) run already",
                hint: "stop them first: kill \(running.map(String.init).joined(separator: " "))")
        }
    }

    /// Writes homes of a new chain for `count` validators of equal power on this machine.
    func create(
        count: Int, ports: Ports, protocolName: ProtocolName, scheme: SignatureSchemeName,
        logLevels: String, services: any NodeServices
    ) throws -> [NodeHome] {
        let keys = try (0..<count).map { _ in try services.generateKey(scheme: scheme) }
        let validators = keys.enumerated().map { index, key in
            GenesisValidator(
                name: "node\(index)", power: 1, publicKey: key.publicKey,
                peerAddress: Self.endpoint(ports.peer + index))
        }
        var parameters = ChainParameters()
        parameters.idleBlockMilliseconds = 500
        let now = Timestamp.now
        let genesis = Genesis(
            chainID: "localnet-\(now.milliseconds / 1_000)", genesisTime: now,
            protocolName: protocolName, scheme: scheme, validators: validators,
            parameters: parameters)
        try services.checkMessages(of: genesis)
        for (index, key) in keys.enumerated() {
            var settings = HomeSettings()
            settings.node.name = "node\(index)"
            settings.network.listen = Self.endpoint(ports.peer + index)
            settings.resp.listen = Self.endpoint(ports.resp + index)
            settings.http.listen = Self.endpoint(ports.http + index)
            settings.log.levels = try LogLevelsText.levels(logLevels)
            let path = home(index)
            try HomeFiles.makeDirectory(path)
            try HomeFiles.writeKey(
                key.keyFileContents, to: NodeHome.resolve(NodeHome.keyName, in: path))
            try HomeFiles.write(
                genesis.json, to: NodeHome.resolve(NodeHome.genesisName, in: path))
            // Last: a home counts from when its configuration is there.
            try HomeFiles.write(
                settings.toml, to: NodeHome.resolve(NodeHome.configurationName, in: path))
        }
        return try existing()
    }

    private static func endpoint(_ port: Int) -> Endpoint {
        Endpoint(host: "127.0.0.1", port: UInt16(port))
    }
}

extension Timestamp {
    /// The system's time.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(
            milliseconds: UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000)
    }
}
