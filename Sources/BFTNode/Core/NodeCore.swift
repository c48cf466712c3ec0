import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTCrypto
import BFTDisk
import BFTLedger
import BFTLogging
import BFTServer
import BFTSockets
import BFTStorage
import BFTTransport
import BFTWire
import Glibc

/// One validator at work: a shell around a host, on the event loop, that does what that says.
///
/// Everything here happens on the loop's thread. What takes long goes to a thread of its own and
/// comes back as a posted call: signatures to the crypto pool, records to the log, blocks and
/// queries to the executor.
///
/// What waits for what is decided by `ReplicaHost`, with its invariants N1 to N3. Beside N2, a node
/// whose disk has failed acknowledges nothing.
final class NodeCore<P: ConsensusProtocol, Parts: NodeParts> {
    typealias Message = ReplicaMessage<P>

    let loop: Parts.Loop
    let settings: NodeSettings
    let keys: ValidatorKeys
    let signingKey: SigningKey
    let pool: Parts.Crypto
    let executor: Parts.Jobs
    let transport: any NetworkTransport
    /// Who listens to it: it does not keep its delegate.
    var transportEvents: TransportEvents?
    let logger: Logger
    let log: Parts.Log

    var batches: OpenBatches
    var queries = QueryDesk()
    var isPumping = false
    var timer: Parts.Loop.Timer?
    /// Why this node does not vote any more.
    var trouble: String?
    var isStopping = false
    /// Whether everything that clients waited for was answered with an error. What is still
    /// answered to them comes too late.
    var hasAbandonedClients = false
    var onFailure: ((NodeFailure) -> Void)?
    /// Told of each result that a session waits for, and when sessions may go on.
    weak var sessions: (any SessionHost)?
    /// Who waits for a transaction or a query, and is no session.
    var submissions = RequestDesk<Receipt>()
    var lookups = RequestDesk<QueryAnswer>()
    var drainTimer: Parts.Loop.Timer?
    var nextBlockRead: UInt64 = 0
    var blockReads: [UInt64: BlockCompletion] = [:]
    /// What each peer has asked the executor for and was not served yet.
    var peerCosts: [Int]
    /// What was read from disk for each peer of late.
    var reads: AnswerBudget
    /// Which peers are kept away, and when the next of them may come back.
    var exiles: Exiles
    var exileTimer: Parts.Loop.Timer?
    var counters = NodeCounters()
    /// What the loop may still spend on checking signatures itself, and on making them.
    var inlineChecks: TokenBucket
    var inlineSignatures: TokenBucket
    /// The nominal cost of what the pool checks for the turns, in nanoseconds.
    var verifying: UInt64 = 0
    let shared: SharedReports
    var isStatusDue = true

    // What depends on the protocol stands last: what is before it has a place that is known when
    // this is compiled, and a client's command needs nothing else.
    var turns: VerificationTurns<Message>
    var host: ReplicaHost<P>

    init(
        loop: Parts.Loop, settings: NodeSettings, keys: ValidatorKeys, signingKey: SigningKey,
        pool: Parts.Crypto, executor: Parts.Jobs, transport: any NetworkTransport,
        log: Parts.Log, host: ReplicaHost<P>, state: CommittedState, shared: SharedReports,
        logger: Logger
    ) {
        self.loop = loop
        self.settings = settings
        self.keys = keys
        self.signingKey = signingKey
        self.pool = pool
        self.executor = executor
        self.transport = transport
        self.log = log
        self.host = host
        self.shared = shared
        self.logger = logger
        batches = OpenBatches(author: settings.own, targetBytes: settings.batchBytes)
        inlineChecks = TokenBucket(settings.inlineChecks, at: loop.now)
        inlineSignatures = TokenBucket(settings.inlineSignatures, at: loop.now)
        peerCosts = Array(repeating: 0, count: settings.validators.count)
        turns = VerificationTurns(
            validatorCount: settings.validators.count,
            limits: VerificationLimits(validatorCount: settings.validators.count))
        exiles = Exiles(validatorCount: settings.validators.count)
        reads = AnswerBudget(validatorCount: settings.validators.count)
        counters.stateRoot = state.stateRoot
    }

    /// Starts the replica: what the host has to do is done from here on.
    func start() {
        timer = loop.makeTimer { [unowned self] in give(.timerFired) }
        listenToTransport()
        pump()
    }

    /// What the replica is given, and what follows.
    func give(_ input: ReplicaInput<P>) {
        guard trouble == nil else { return }
        host.handle(input, at: loop.now, wallTime: loop.wallTime)
        pump()
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
        guard log.settle() else { return }
        loop.post { [log] in log.writeHere() }
    }

    /// The disk or the executor has failed: this node falls silent, and says why.
    func fail(_ error: NodeFailure) {
        guard trouble == nil else { return }
        trouble = "\(error)"
        logger.critical("this validator votes no more: \(error)")
        host.fail()
        turns.removeAll()
        abandonClients("UNKNOWN the node has failed: the command may be carried out or not")
        publishStatus()
        onFailure?(error)
    }

    /// Answers everything under way with an error. What comes later is dropped.
    func abandonClients(_ text: String) {
        hasAbandonedClients = true
        sessions?.failAll(text)
        submissions.failAll(.interrupted)
        lookups.failAll(.interrupted)
        let reads = blockReads.sorted { $0.key < $1.key }
        blockReads.removeAll()
        for (_, completion) in reads { completion(.failure(.interrupted)) }
    }

    /// Takes no more clients' commands, and waits for those under way.
    func beginStopping() { isStopping = true }

    var hasWorkUnderWay: Bool {
        batches.hasUnanswered || queries.hasUnanswered || submissions.hasUnanswered
            || lookups.hasUnanswered || !blockReads.isEmpty
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
