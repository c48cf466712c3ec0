public import BFTBase
import BFTCore

/// Every bound and pause of the ledger, in one place.
public struct LedgerLimits: Sendable, Equatable {
    /// How many batches of one author may wait to be ordered.
    public var batchesPerAuthor = 256
    /// How many bytes of batches of one author may wait to be ordered.
    public var bytesPerAuthor = 64 << 20
    /// How many bytes of batches one block may name.
    public var blockBytes = 8 << 20
    /// How many full blocks of batches may be named between the committed block and what is voted
    /// for: who votes holds them all. Leaders propose half of that.
    public var undecidedBlocks = 32
    /// How many batches they may name: each costs a signature besides.
    public var undecidedBatches = 4 * Block.payloadLimit
    /// How far a leader keeps large blocks apart.
    public var largeBlockInterval = Interval.milliseconds(4)
    /// From how many bytes of batches on a block is large.
    public var largeBlockBytes = 64 << 10
    /// From how many bytes of several batches on a block is large, too: many clients write.
    public var busyBlockBytes = 2 << 10
    /// How many committed blocks may wait for execution before this replica proposes no payload.
    public var executionLag: UInt64 = 128
    /// How many blocks are handed to the executor before it answers.
    public var executionsInFlight = 8
    /// How many batches one peer is asked for at once. At most `batchRequestLimit`.
    public var batchRequestsInFlight = 64
    /// How long a batch that a proposal names may take to come by itself.
    public var fetchGrace = Interval.milliseconds(20)
    /// How long a peer that was asked for a batch may send nothing before others are asked, too.
    public var fetchPatience = Interval.milliseconds(200)
    /// How long a peer may take to answer.
    public var answerTimeout = Interval.milliseconds(500)
    /// How many bytes of batches in memory one peer is sent a second because it asks, and at most
    /// at once. A request names up to `batchRequestLimit` batches, each as long as a block may be,
    /// and whoever asks for them again and again would cost a copy of each: what goes beyond is
    /// dropped, and is asked for again by whoever needs it. As much as a fast link carries.
    public var answerBytes = 64 << 20
    /// How far a proposer's clock may be ahead.
    public var clockDriftMilliseconds: UInt64 = 2_000
    /// How many committed blocks catching up may gather before they are executed.
    public var catchUpBacklog = 1_024
    /// How many blocks one answer to a request for blocks holds, the same at every validator. At
    /// most `syncBlockLimit`.
    public var syncBlocks = Self.syncBlockLimit

    /// The check of batches that is left out: for tests, to show that each is needed.
    package var skippedCheck: BatchCheck?
    /// The same of catching up.
    package var skippedCatchUpCheck: CatchUpCheck?
    /// The same of fetching batches.
    package var skippedFetchCheck: FetchCheck?

    public init() {}

    /// Whether blocks that are not committed may name batches of so many bytes: for a voter, or for
    /// a leader that is to name more.
    func areFew(_ undecided: (bytes: Int, batches: Int), isLeader: Bool) -> Bool {
        let part = isLeader ? 2 : 1
        return undecided.bytes <= undecidedBlocks * blockBytes / part
            && undecided.batches <= undecidedBatches / part
    }

    /// The most blocks in one answer to a request for blocks.
    public static let syncBlockLimit = 256
    /// The most bytes of blocks in one answer to a request for blocks.
    public static let syncByteLimit = 1 << 20
    /// The most batches in one request.
    public static let batchRequestLimit = 64
}
