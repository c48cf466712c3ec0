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
    /// How many validators are malicious from when the counting begins, spread evenly, the leader
    /// of the first view among them.
    public var byzantineCount = 0
    /// What the malicious ones do, by its name in `AdversaryCatalogue`.
    public var adversary = "silent-leader"
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

    /// Whether validator `position` has never been up: every so many one.
    func isCrashed(_ position: Int) -> Bool {
        (position + 1) * crashedCount / validatorCount > position * crashedCount / validatorCount
    }

    /// Whether validator `position` is malicious: every so many one, the first among them.
    func isByzantine(_ position: Int) -> Bool {
        position * byzantineCount % validatorCount < byzantineCount
    }
}

/// What a measured network did, from one height to another.
public struct MeasuredRun: Sendable {
    /// All events of the run.
    public internal(set) var eventCount = 0
    public internal(set) var blockCount = 0
    /// The batches in those blocks.
    public internal(set) var batchCount = 0
    /// By validator: how many of the committed blocks it proposed.
    public internal(set) var proposedCounts: [Int] = []
    /// Messages sent, each peer counted.
    public internal(set) var messageCount = 0
    public internal(set) var byteCount = 0
    public internal(set) var signedCount = 0
    public internal(set) var verifiedCount = 0
    /// What the honest validator that has most to do sent or got, signed and verified, each apart.
    public internal(set) var busiest = Load()
    /// The simulated time that it took.
    public internal(set) var time = Interval.milliseconds(0)
    /// From the proposal of a block to its commit, at each honest validator that was up. Rising.
    public internal(set) var latencies: [Interval] = []
    /// From when the leader stopped until a block that was made later was committed everywhere.
    public internal(set) var recovery: Interval?
    /// Whether the network did what it was measured by, before it was given up.
    public internal(set) var isComplete = false
    /// By validator.
    var loads: [Load] = []

    /// What one validator had to do.
    public struct Load: Sendable, Equatable {
        public internal(set) var sentByteCount = 0
        public internal(set) var receivedByteCount = 0
        public internal(set) var signedCount = 0
        public internal(set) var verifiedCount = 0
        /// The most bytes that one message of its took, all receivers together.
        public internal(set) var burstByteCount = 0

        mutating func send(_ byteCount: Int) {
            sentByteCount += byteCount
            burstByteCount = max(burstByteCount, byteCount)
        }

        static func - (left: Self, right: Self) -> Self {
            var difference = left
            difference.sentByteCount -= right.sentByteCount
            difference.receivedByteCount -= right.receivedByteCount
            difference.signedCount -= right.signedCount
            difference.verifiedCount -= right.verifiedCount
            return difference
        }

        /// The most of each.
        func most(_ other: Self) -> Self {
            var most = Self()
            most.sentByteCount = max(sentByteCount, other.sentByteCount)
            most.receivedByteCount = max(receivedByteCount, other.receivedByteCount)
            most.signedCount = max(signedCount, other.signedCount)
            most.verifiedCount = max(verifiedCount, other.verifiedCount)
            most.burstByteCount = max(burstByteCount, other.burstByteCount)
            return most
        }
    }

    /// What was counted since `start`, at the validators that `isCounted` holds for.
    func since(_ start: Self, isCounted: (Int) -> Bool) -> Self {
        var result = self
        result.batchCount -= start.batchCount
        for position in start.proposedCounts.indices {
            result.proposedCounts[position] -= start.proposedCounts[position]
        }
        result.messageCount -= start.messageCount
        result.byteCount -= start.byteCount
        result.signedCount -= start.signedCount
        result.verifiedCount -= start.verifiedCount
        for position in loads.indices where isCounted(position) {
            result.busiest = result.busiest.most(loads[position] - start.loads[position])
        }
        return result
    }

    /// The latency that `percent` of the commits do not exceed.
    public func latency(percent: Int) -> Interval? {
        guard !latencies.isEmpty else { return nil }
        return latencies[min(latencies.count - 1, latencies.count * percent / 100)]
    }
}
