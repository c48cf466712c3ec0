public import BFTLogging

/// What the `node.toml` of a home says: how the node runs, which validator it is, and where its
/// files are. Nothing in it changes what the chain agrees on.
public struct HomeSettings: Equatable, Sendable {
    /// The most bytes of a `node.toml`.
    public static let byteLimit = 1 << 20

    public var node = Node()
    public var network = NetworkSettings()
    public var consensus = ConsensusSettings()
    public var crypto = Crypto()
    public var resp = RESPSettings()
    public var http = HTTPSettings()
    public var log = Log()
    public var limits = LimitSettings()

    /// All defaults. They name no validator: see `Node`.
    public init() {}

    /// Which validator this is, and where its files are.
    public struct Node: Equatable, Sendable {
        /// The validator's name in the genesis file.
        public var name: String?
        /// The validator's position in the genesis file: another way to name it.
        public var index: Int?
        /// Paths are relative to the home directory.
        public var dataDirectory = "data"
        public var genesis = "genesis.json"
    }

    public struct Crypto: Equatable, Sendable {
        /// The scheme that the genesis must name, or `nil` for whichever it names.
        public var signatureAlgorithm: SignatureSchemeName?
        /// The key file, or a directory that holds it as `validator.key`.
        public var keyPath = "validator.key"
    }

    public struct Log: Equatable, Sendable {
        public var levels = LogLevels(standard: .info)
        public var format = LogFormat.text
    }
}
