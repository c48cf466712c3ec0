import BFTBase
import BFTConfiguration
import BFTLogging

/// `bft init`: the home of one node.
package struct Init: NodeCommand {
    package static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Makes the home of one node.",
        discussion: """
            Writes node.toml, genesis.json and validator.key. Without --genesis, the chain is new
            and has this one validator; others join before the first start by adding what their
            'bft keygen' printed to genesis.json, the same file for all. With --genesis, that
            file is copied; --name says which validator of it this is, --key which key it has.
            """,
        examples: [
            "bft init --home node0 --chain-id my-chain",
            "bft init --home node1 --genesis genesis.json --name node1 --key node1.key",
        ])

    @Option(valueName: "PATH", help: "The directory to make.") var home: String
    @Option(help: "The validator's name.") var name = "node0"
    @Option(name: "chain-id", help: "The name of a new chain.") var chainID = "bft"
    @Option(help: "The signature scheme of a new chain.") var scheme = SignatureSchemeName.mlDSA87
    @Option(name: "protocol", help: "The protocol of a new chain.")
    var protocolName = ProtocolName.simplex
    @Option(name: "peer-address", help: "Where other validators of a new chain reach this node.")
    var peerAddress = Endpoint(host: "127.0.0.1", port: 7_400)
    @Option(valueName: "PATH", help: "The genesis file of a chain that exists.")
    var genesis: String? = nil
    @Option(valueName: "PATH", help: "The private key to copy, instead of making one.")
    var key: String? = nil
    @Flag(help: "Print what was made as JSON.") var json = false

    private let services: any NodeServices

    package init(services: any NodeServices) { self.services = services }

    package func validate() throws(UsageError) {
        for (option, text) in [("name", name), ("chain-id", chainID)]
        where !NameRule.accepts(text) {
            throw UsageError("--\(option) can't be '\(text)'", hint: NameRule.hint)
        }
        guard genesis == nil || key != nil else {
            throw UsageError(
                "--genesis without --key",
                hint: "name the key whose public half stands in that genesis file")
        }
        guard peerAddress.port > 0 else {
            throw UsageError("--peer-address has port 0", hint: "give the port that peers dial")
        }
    }

    package func run(_ console: Console) throws {
        let configurationPath = NodeHome.resolve(NodeHome.configurationName, in: home)
        let keyPath = NodeHome.resolve(NodeHome.keyName, in: home)
        guard !HomeFiles.exists(configurationPath), !HomeFiles.exists(keyPath) else {
            throw CommandFailure(
                "\(home) is a home already", hint: "name another directory, or move it away")
        }
        let loaded = try genesis.map { try Genesis.load(path: $0) }
        let pair = try keyPair(loaded?.scheme ?? scheme)
        let genesis = try loaded ?? founded(on: pair.publicKey)
        guard let validator = genesis.validators.first(where: { $0.name == name }) else {
            throw CommandFailure(
                "the genesis file has no validator '\(name)'",
                hint: "its first are "
                    + genesis.validators.prefix(8).map(\.name).joined(separator: ", "))
        }
        guard validator.publicKey == pair.publicKey else {
            throw CommandFailure(
                "\(key ?? "the key") is not the key of '\(name)' in the genesis file",
                hint: "check --name and --key")
        }
        try services.checkMessages(of: genesis)
        var settings = HomeSettings()
        settings.node.name = name
        settings.network.listen = Endpoint(
            host: "0.0.0.0", port: validator.peerAddress.port)
        try HomeFiles.makeDirectory(home)
        try HomeFiles.writeKey(pair.keyFileContents, to: keyPath)
        try HomeFiles.write(
            genesis.json, to: NodeHome.resolve(NodeHome.genesisName, in: home))
        try HomeFiles.write(settings.toml, to: configurationPath)
        let text = "\(genesis.scheme.rawValue):\(Hex.encode(pair.publicKey))"
        if json {
            console.print(
                JSONText.object([
                    ("home", .text(home)), ("name", .text(name)),
                    ("chainId", .text(genesis.chainID)), ("publicKey", .text(text)),
                ]).compact)
        } else {
            console.print(
                EscapedText.line(
                    "made \(home) for '\(name)' of chain '\(genesis.chainID)'; start it with: "
                        + "bft start --home \(home)"))
        }
    }

    private func keyPair(_ scheme: SignatureSchemeName) throws -> GeneratedKey {
        guard let key else { return try services.generateKey(scheme: scheme) }
        let contents = try ConfigurationFile.read(key, byteLimit: 64 << 10)
        return GeneratedKey(
            keyFileContents: contents,
            publicKey: try services.publicKey(ofKeyFile: contents, scheme: scheme))
    }

    private func founded(on publicKey: [UInt8]) throws -> Genesis {
        Genesis(
            chainID: chainID, genesisTime: .now, protocolName: protocolName, scheme: scheme,
            validators: [
                GenesisValidator(
                    name: name, power: 1, publicKey: publicKey, peerAddress: peerAddress)
            ], parameters: ChainParameters())
    }
}
