import Glibc

/// The directory of one node, read and held against itself: `node.toml`, the genesis file, paths.
public struct NodeHome: Equatable, Sendable {
    public static let configurationName = "node.toml"
    public static let genesisName = "genesis.json"
    public static let keyName = "validator.key"

    /// The directory, as the user gave it.
    public let path: String
    public let settings: HomeSettings
    public let genesis: Genesis
    /// Which validator this node is: its position in the genesis file.
    public let validatorIndex: Int

    public static func load(_ path: String) throws(ConfigurationError) -> NodeHome {
        let file = resolve(configurationName, in: path)
        let bytes = try ConfigurationFile.read(file, byteLimit: HomeSettings.byteLimit)
        let alone = try HomeSettings(toml: bytes, file: file)
        let genesis = try Genesis.load(path: resolve(alone.node.genesis, in: path))
        let settings = try HomeSettings(toml: bytes, file: file, genesis: genesis)
        let index =
            settings.node.index
            ?? genesis.validators.firstIndex { $0.name == settings.node.name }
        guard let index else {
            throw ConfigurationError(
                file: file,
                problems: [
                    ConfigurationProblem(
                        at: nil, "nothing says which validator this is",
                        hint: "add name = \"…\" to [node]")
                ])
        }
        return NodeHome(
            path: path, settings: settings, genesis: genesis, validatorIndex: index)
    }

    public var dataDirectory: String {
        Self.resolve(settings.node.dataDirectory, in: path)
    }

    /// The private key's file.
    public var keyFile: String {
        let named = Self.resolve(settings.crypto.keyPath, in: path)
        var status = stat()
        guard stat(named, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return named }
        return Self.resolve(Self.keyName, in: named)
    }

    /// Where this node reaches validator `index` of the genesis file.
    public func peerAddress(of index: Int) -> Endpoint {
        let validator = genesis.validators[index]
        return settings.network.peers[validator.name] ?? validator.peerAddress
    }

    /// `path`, unless it is absolute, below `directory`.
    public static func resolve(_ path: String, in directory: String) -> String {
        path.hasPrefix("/")
            ? path
            : directory.hasSuffix("/")
                ? directory + path
                : "\(directory)/\(path)"
    }
}
