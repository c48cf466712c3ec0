public import BFTLogging

/// How one node runs: its `node.toml`. Nothing in it changes what the chain agrees on.
public struct NodeConfiguration: Equatable, Sendable {
    /// The most bytes of a `node.toml`.
    public static let byteLimit = 1 << 20

    public var node = Node()
    public var network = Network()
    public var consensus = Consensus()
    public var crypto = Crypto()
    public var resp = RESP()
    public var http = HTTP()
    public var log = Log()
    public var limits = Limits()

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

    /// How peers reach this node and it reaches them.
    public struct Network: Equatable, Sendable {
        public var listen = Endpoint(host: "0.0.0.0", port: 7_400)
        /// Addresses that stand in for those of the genesis file, by validator name.
        public var peers: [String: Endpoint] = [:]
    }

    public struct Consensus: Equatable, Sendable {
        /// The protocol that the genesis must name, or `nil` for whichever it names.
        public var algorithm: ProtocolName?
        /// The first view timeout of this node, or `nil` for that of the genesis.
        public var finalityTimeoutMilliseconds: UInt32?
        /// The most batches of each validator that wait here to be ordered.
        public var maxPendingVertices = 256
        /// Whether this node logs and counts the contradictions of other validators.
        public var byzantineDetectionEnabled = true
    }

    public struct Crypto: Equatable, Sendable {
        /// The scheme that the genesis must name, or `nil` for whichever it names.
        public var signatureAlgorithm: SignatureSchemeName?
        /// The key file, or a directory that holds it as `validator.key`.
        public var keyPath = "validator.key"
    }

    /// The RESP server, for Redis clients.
    public struct RESP: Equatable, Sendable {
        public var enabled = true
        public var listen = Endpoint(host: "127.0.0.1", port: 6_400)
        /// What clients must send with AUTH, or `nil` for nothing.
        public var password: String?
        public var maxClients = 1_024
    }

    /// The HTTP server: status, state, transactions, metrics, dashboard.
    public struct HTTP: Equatable, Sendable {
        public var enabled = true
        public var listen = Endpoint(host: "127.0.0.1", port: 8_400)
        public var maxClients = 256
    }

    public struct Log: Equatable, Sendable {
        public var levels = LogLevels(standard: .info)
        public var format = LogFormat.text
    }

    /// The bounds on what clients and peers can fill.
    public struct Limits: Equatable, Sendable {
        /// The bytes of each validator's batches that wait here to be ordered.
        public var mempoolBytes = 64 << 20
        /// A batch is sealed at the latest when it has so many bytes.
        public var batchBytes = 512 << 10
        /// The bytes of one request of a client.
        public var requestBytes = 1 << 20
    }
}
