public import BFTBase

/// A network to be measured.
public struct Measurement: Sendable, Equatable {
    public enum Network: String, Sendable, CaseIterable {
        /// 0.2 to 0.6 ms from one to another.
        case lan
        /// Five regions of the world, see `Regions`, and up to 3 ms more.
        case wan
        /// Always 100 ms, so that times are counts of message delays.
        case uniform

        /// The time that every message takes, if all take the same.
        var delay: Interval? { self == .uniform ? .milliseconds(100) : nil }

        /// How long a leader is given at first.
        var viewTimeout: Interval {
            switch self {
            case .lan: .milliseconds(100)
            case .wan: .milliseconds(2_000)
            case .uniform: .milliseconds(1_000)
            }
        }
    }

    public var validatorCount = 4
    public var network = Network.lan
    /// How many validators have never been up, spread evenly.
    public var crashedCount = 0
    /// Whether a leader stops for good, as soon as its view begins.
    public var doesLeaderFail = false
    /// How many blocks are looked at, after the first ones.
    public var blockCount = 10
    public var seed: UInt64 = 0
    /// How many validators have work to order, each one batch at a time.
    public var authorCount = 4
    /// The bytes of a batch.
    public var batchByteCount = 4_096
    /// The bytes of a signature. Ed25519's, unless given.
    public var signatureByteCount = 64

    public init() {}

    /// Blocks that are left out: replicas greet each other meanwhile.
    static let warmUpCount: UInt64 = 2
}

/// What a measured network did, from one height to another.
public struct MeasuredRun: Sendable {
    /// All events of the run.
    public internal(set) var eventCount = 0
    public internal(set) var blockCount = 0
    /// Messages sent, each peer counted.
    public internal(set) var messageCount = 0
    public internal(set) var byteCount = 0
    public internal(set) var signedCount = 0
    public internal(set) var verifiedCount = 0
    /// The simulated time that it took.
    public internal(set) var time = Interval.milliseconds(0)
    /// From the proposal of a block to its commit, at each validator that was up. Rising.
    public internal(set) var latencies: [Interval] = []
    /// From when the leader stopped until a block that was made later was committed everywhere.
    public internal(set) var recovery: Interval?
    /// Whether the network did what it was measured by, before it was given up.
    public internal(set) var isComplete = false

    /// The latency that `percent` of the commits do not exceed.
    public func latency(percent: Int) -> Interval? {
        guard !latencies.isEmpty else { return nil }
        return latencies[min(latencies.count - 1, latencies.count * percent / 100)]
    }
}
