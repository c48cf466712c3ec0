public import BFTBase
public import BFTCore

/// A replica with everything that stands between what it asks for and what is done: a value
/// without I/O, clock and keys.
///
/// A shell around it has those. It gives the host what happened (`handle`, `appended`, `durable`,
/// `signed`, `storeSynced`, `fail`), then carries out one output of `next` after another until
/// there is none. The order is the host's, and so is what waits for what: power may be cut between
/// any two outputs, and a shell that only does what it is told keeps these promises:
///
/// - Invariant N1: a replica's effects are carried out in their order, and none behind a `persist`
///   before that record is durable. So no vote leaves before it is on disk. Signatures are asked
///   for at once: a shell may have them made while the record is written. Of answers to a peer a
///   bounded number waits: more are dropped, as the network might have done.
/// - Invariant N2: after the disk has failed, nothing comes out any more.
/// - Invariant N3: no block is executed before its batches are durable. A crash may keep the block
///   and lose what was on its way to the log, and the block could never be executed again.
///
/// What waits is in one of five places, and `next` looks at them in this order:
///
/// 1. records that the log was not given yet: behind a full log they wait until it has room;
/// 2. what nothing holds back: signatures to be made or checked, blocks whose batches have become
///    durable, the steps of a truncation;
/// 3. effects in their order, each with the record that it stands on;
/// 4. what the replica is owed for its own effects: batches that are stored or signed, its own
///    messages. At a start, that it has started.
///
/// The fifth is blocks that are committed and whose batches are not durable.
///
/// Public, as are its inputs and outputs, so that it is compiled where a protocol is known: what is
/// `package` is not, and then a replica inside is not either.
public struct ReplicaHost<P: ConsensusProtocol>: Equatable, Sendable {
    /// An effect that waits for its turn.
    struct Waiting: Equatable, Sendable {
        enum Effect: Equatable, Sendable {
            /// Waits for its signature, too.
            case message(ticket: UInt64, P.Unsigned)
            case block(CommittedBlock)
            case output(HostOutput<P>)
        }

        /// The record that is durable before it.
        let record: UInt64
        let effect: Effect
    }

    /// A committed block, and the record with which the last of its batches is durable.
    struct Unexecuted: Equatable, Sendable {
        let record: UInt64
        let block: CommittedBlock
    }

    public private(set) var replica: Replica<P>
    let settings: HostSettings
    var records: RecordLedger<P>
    /// What nothing holds back.
    var atOnce = Deque<HostOutput<P>>()
    var waiting = Deque<Waiting>()
    /// What of it is for whom.
    var backlog = PeerBacklog()
    /// The last timer that waits, and how many refusals of the protocol do.
    var waitingTimer: Instant?
    var waitingRefusalCount = 0
    /// What the replica has to be told.
    var owed: Deque<ReplicaInput<P>>
    var unexecuted = Deque<Unexecuted>()
    /// The last record that a later effect waits for.
    var lastRecord: UInt64 = 0
    var lastTicket: UInt64 = 0
    /// Signatures under messages whose turn has not come. Never walked.
    var signatures: [UInt64: [UInt8]] = [:]
    var truncation = Truncation.idle
    /// Whether the disk has failed.
    public private(set) var hasFailed = false
    /// Empty between two inputs; kept for its room.
    private var effects: [ReplicaEffect<P>] = []

    /// - Parameters:
    ///   - replica: as it is before its first input.
    ///   - places: where the large batches stand that the log held when it was opened, in its
    ///     order.
    public init(
        _ replica: Replica<P>, places: [PlacedBatch] = [], settings: HostSettings = HostSettings()
    ) {
        self.replica = replica
        self.settings = settings
        records = RecordLedger(placed: places, largeBatchBytes: settings.largeBatchBytes)
        owed = Deque()
        owed.append(.started)
    }

    // MARK: What happened

    /// Asks the replica where it lies. `replica` read out of an object that holds a host is a copy,
    /// and to count its references up and down takes longer than most questions.
    public mutating func ask<Answer>(
        _ question: (borrowing Replica<P>) -> Answer
    ) -> Answer {
        question(replica)
    }

    /// Gives the replica what came from elsewhere, or what `next` said to give it.
    public mutating func handle(
        _ input: ReplicaInput<P>, at now: Instant, wallTime: Timestamp
    ) {
        handle(input, at: now, wallTime: wallTime) { _ in }
    }

    /// The same, and lets `look` see and change what the replica asks for: for a simulator.
    public mutating func handle(
        _ input: ReplicaInput<P>, at now: Instant, wallTime: Timestamp,
        _ look: (inout [ReplicaEffect<P>]) -> Void
    ) {
        guard isSpeaking else { return }
        replica.handle(input, at: now, wallTime: wallTime, into: &effects)
        look(&effects)
        for effect in effects { enqueue(effect) }
        effects.removeAll(keepingCapacity: true)
        if case .executed = input { continueTruncation() }
    }

    /// The log has taken the record of the last `append`, `byteCount` bytes of payload, at
    /// `position`. Positions rise.
    public mutating func appended(at position: LogPosition, byteCount: Int) {
        records.noteAppended(at: position, byteCount: byteCount)
    }

    /// The log has no room for the record of the last `append`. It is asked again once something
    /// has become durable.
    public mutating func logIsFull() { records.noteFull() }

    /// The log is durable up to `position`.
    public mutating func durable(upTo position: LogPosition) {
        guard isSpeaking else { return }
        records.becameDurable(
            upTo: position, owed: &owed, tellsOfBatches: !settings.skips(.storedBatch))
        releaseBlocks()
        continueTruncation()
    }

    /// For a host without a disk: the record of the last `append` is as durable as it ever will be.
    public mutating func assumeDurable() {
        let position = records.durablePosition.next
        appended(at: position, byteCount: 0)
        durable(upTo: position)
    }

    /// The signature that was asked for under `ticket` is made.
    public mutating func signed(_ ticket: SigningRequest<P>.Ticket, _ signature: [UInt8]) {
        guard isSpeaking else { return }
        switch ticket {
        case .message(let number): signatures[number] = signature
        case .batch(let reference): owed.append(.batchSigned(reference, signature: signature))
        }
    }

    /// The disk has failed: the host falls silent for good.
    public mutating func fail() {
        hasFailed = true
        guard !isSpeaking else { return }
        atOnce.removeAll()
        waiting.removeAll()
        backlog.removeAll()
        (waitingTimer, waitingRefusalCount) = (nil, 0)
        owed.removeAll()
        unexecuted.removeAll()
        signatures.removeAll()
    }

    /// N2.
    var isSpeaking: Bool { settings.holds(.silence, !hasFailed) }

    /// The outputs that wait for their turn, the next first.
    public var heldBack: [HostOutput<P>] {
        waiting.compactMap { if case .output(let output) = $0.effect { output } else { nil } }
    }
}
