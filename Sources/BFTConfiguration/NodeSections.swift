/// How peers reach a node and it reaches them.
public struct NetworkSettings: Equatable, Sendable {
    /// Where the node listens for peers. Port 0 takes a free port.
    public var listen = Endpoint(host: "0.0.0.0", port: 7_400)
    /// Addresses that stand in for those of the genesis, by validator name.
    public var peers: [String: Endpoint] = [:]

    public init() {}
}

/// How a node takes part in consensus.
public struct ConsensusSettings: Equatable, Sendable {
    /// The protocol that the genesis must name, or `nil` for whichever it names.
    public var algorithm: ProtocolName?
    /// The first view timeout of this node, or `nil` for that of the genesis.
    public var finalityTimeoutMilliseconds: UInt32?
    /// The most batches of each validator that wait here to be ordered.
    public var maxPendingBatches = 256
    /// Whether this node logs and counts the equivocations of other validators. Whatever it says,
    /// they are detected.
    public var reportsEquivocation = true

    public init() {}

    package static let finalityTimeoutRange = ChainParameters.viewTimeoutRange
    package static let pendingBatchesRange = 16...1_000_000
}

/// The server for Redis clients.
public struct RESPSettings: Equatable, Sendable {
    public var enabled = true
    /// Where it listens. Port 0 takes a free port.
    public var listen = Endpoint(host: "127.0.0.1", port: 6_400)
    /// What clients must send with AUTH, or `nil` for nothing.
    public var password: String?
    public var maxClients = 1_024

    public init() {}

    package static let clientRange = 1...65_535
}

/// The HTTP server: status, state, transactions, metrics, dashboard.
public struct HTTPSettings: Equatable, Sendable {
    public var enabled = true
    /// Where it listens. Port 0 takes a free port.
    public var listen = Endpoint(host: "127.0.0.1", port: 8_400)
    public var maxClients = 256

    public init() {}

    package static let clientRange = 1...65_535
}

/// The bounds on what clients and peers can fill.
public struct LimitSettings: Equatable, Sendable {
    /// The bytes of each validator's batches that wait here to be ordered.
    public var mempoolBytes = 64 << 20
    /// A batch is sealed at the latest when it has so many bytes. At most the chain's bytes of a
    /// block.
    public var batchBytes = 512 << 10
    /// The bytes of one request of a client.
    public var requestBytes = 1 << 20

    public init() {}

    package static let mempoolRange = (16 << 20)...(16 << 30)
    package static let batchRange = 4_096...(4 << 20)
    package static let requestRange = 4_096...(64 << 20)
}
