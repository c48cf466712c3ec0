import BFTBase
import BFTChain
import BFTCore
import BFTCrypto
import BFTLedger
import BFTServer
import BFTSockets
import BFTStorage
import BFTTransport
import BFTWire
import Glibc
import Logging

/// One validator at work: hosts a replica on the event loop and carries out what it asks for.
///
/// Everything here happens on the loop's thread. What takes long goes to a thread of its own and
/// comes back as a posted call: signatures to the crypto pool, records to the log, blocks and
/// queries to the executor.
///
/// - Invariant N1: effects are carried out in order, and none behind a `persist` before that record
///   is durable. So no vote leaves before it is on disk.
/// - Invariant N2: after the disk has failed, nothing is sent and nothing acknowledged.
/// - Invariant N3: no block is executed before its batches are durable. A crash may keep the block
///   and lose what was on its way to the log, and the block could never be executed again.
final class NodeCore<P: ConsensusProtocol, App: Application> {
    typealias Message = ReplicaMessage<P>

    let loop: EventLoop
    let settings: NodeSettings
    let keys: ValidatorKeys
    let signingKey: SigningKey
    let pool: CryptoPool
    let executor: Executor<App>
    let transport: any NetworkTransport
    let logger: Logger
    var log: GroupCommitLog?

    var batches: OpenBatches
    var queries = QueryDesk()
    var isPumping = false
    var records = RecordLedger()
    var signatures: [UInt64: [UInt8]] = [:]
    /// Signatures of own batches that the replica was not given yet.
    var batchSignatures = Deque<(BatchReference, [UInt8])>()
    var nextSignature: UInt64 = 0
    var timer: LoopTimer?
    var truncation = LogTruncation()
    /// Why this node does not vote any more.
    var trouble: String?
    var isStopping = false
    /// Whether everything that clients waited for was answered with an error. What is still
    /// answered to them comes too late.
    var hasAbandonedClients = false
    var onFailure: ((NodeError) -> Void)?
    /// Told of each result that a session waits for, and when sessions may go on.
    weak var sessions: (any SessionHost)?
    var submissions = SubmissionDesk()
    var drainTimer: LoopTimer?
    var nextBlockRead: UInt64 = 0
    var blockReads: [UInt64: BlockCompletion] = [:]
    /// Blocks whose batches are not durable yet, and those behind them.
    var unexecuted = Deque<(record: UInt64, block: CommittedBlock)>()
    /// What each peer has asked the executor for and was not served yet.
    var peerCosts: [Int]
    var counters = NodeCounters()
    let shared: SharedReports
    private var isStatusDue = true

    // What depends on the protocol stands last: what is before it has a place that is known when
    // this is compiled, and a client's command needs nothing else.
    var waiting = Deque<WaitingEffect>()
    var ownMessages = Deque<Message>()
    var unverified: [(message: Message, sender: ValidatorIndex, cost: Interval)] = []
    var replica: Replica<P>

    /// An effect that waits for its turn.
    enum WaitingEffect {
        /// Waits until this record is durable.
        case record(UInt64)
        /// Waits for its signature.
        case signature(UInt64, P.Unsigned)
        case effect(ReplicaEffect<P>)
    }

    init(
        loop: EventLoop, settings: NodeSettings, keys: ValidatorKeys, signingKey: SigningKey,
        pool: CryptoPool, executor: Executor<App>, transport: any NetworkTransport,
        replica: Replica<P>, state: CommittedState, shared: SharedReports, logger: Logger
    ) {
        self.loop = loop
        self.settings = settings
        self.keys = keys
        self.signingKey = signingKey
        self.pool = pool
        self.executor = executor
        self.transport = transport
        self.replica = replica
        self.shared = shared
        self.logger = logger
        batches = OpenBatches(author: settings.own, targetBytes: settings.batchBytes)
        peerCosts = Array(repeating: 0, count: settings.validators.count)
        counters.stateRoot = state.stateRoot
    }

    /// Starts the replica. Effects are carried out from here on.
    func start() {
        timer = LoopTimer(loop: loop) { [unowned self] in give(.timerFired) }
        transport.delegate = self
        give(.started)
    }

    /// What the replica is given, and what follows.
    func give(_ input: ReplicaInput<P>) {
        guard trouble == nil else { return }
        var effects: [ReplicaEffect<P>] = []
        replica.handle(
            input, at: loop.now, wallTime: WallClock.now, into: &effects)
        for effect in effects { enqueue(effect) }
        pump()
        isStatusDue = true
    }

    /// What is done once for all that a turn of the loop brought.
    func endTurn() {
        sealIfDue()
        submitVerifications()
        submitQueries()
        settleLog()
        if isStatusDue {
            isStatusDue = false
            publishStatus()
        }
    }

    /// Has written what the turn handed to the log. A small group is written here, once the sockets
    /// have sent what stands on nothing new and have shown what came in the meantime.
    private func settleLog() {
        guard let log, log.settle() else { return }
        loop.post { log.writeHere() }
    }

    /// The disk or the executor has failed: this node falls silent, and says why.
    func fail(_ error: NodeError) {
        guard trouble == nil else { return }
        trouble = "\(error)"
        logger.critical("this validator votes no more: \(error)")
        waiting.removeAll()
        batchSignatures.removeAll()
        ownMessages.removeAll()
        unverified.removeAll()
        unexecuted.removeAll()
        abandonClients("UNKNOWN the node has failed: the command may be carried out or not")
        publishStatus()
        onFailure?(error)
    }

    /// Answers everything under way with an error. What comes later is dropped.
    func abandonClients(_ text: String) {
        hasAbandonedClients = true
        sessions?.failAll(text)
        submissions.failAll(.stopped)
        let reads = blockReads.sorted { $0.key < $1.key }
        blockReads.removeAll()
        for (_, completion) in reads { completion(.failure(.stopped)) }
    }

    /// Takes no more clients' commands, and waits for those under way.
    func beginStopping() { isStopping = true }

    var hasWorkUnderWay: Bool {
        batches.hasUnanswered || queries.hasUnanswered || submissions.hasUnanswered
            || !blockReads.isEmpty
    }
}

/// The wall clock, which only proposals' times come from.
enum WallClock {
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(
            milliseconds: UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000)
    }
}
