import BFTApplication
import BFTBase
import BFTChain
import BFTConfiguration
import BFTCore
import BFTCrypto
import BFTDisk
import BFTLedger
import BFTLogging
import BFTRocksDB
import BFTServer
import BFTSockets
import BFTStorage
import BFTTransport
import BFTWire
import Synchronization

/// All parts of a node, put together, from opening to closing.
final class RunningNode<P: ConsensusProtocol, App: Application>: @unchecked Sendable {
    let shared: SharedReports
    private let loop: EventLoop
    private let opened: OpenedHome
    private let pool: CryptoPool
    private let executor: Executor<App>
    private let log: GroupCommitLog
    private let core: LoopBound<NodeCore<P, App>>
    private let transport: LoopBound<TCPTransport>
    private let resp: LoopBound<RESPHost<P, App>>?
    private let http: HTTPServer?
    private let logger: Logger
    let respPort: UInt16?
    private let relay: Relay<NodeCore<P, App>>
    private let failure = Mutex<NodeError?>(nil)
    private let isStopping = Atomic<Bool>(false)

    var httpPort: UInt16? { http?.port }

    /// How long commands under way may take to finish when the node stops.
    private static var drainLimit: Interval { .seconds(3) }

    init(
        _ home: NodeHome, _ application: sending App, on disk: NodeDisk
    ) throws(NodeError) {
        try MessageRoom.check(P.self, home.genesis)
        let opened = try OpenedHome(home, on: disk, commitKinds: P.commitKinds)
        var application = application
        let logger = Logger(label: "node")
        let (state, safetyLog, recovered) = try Self.readDisk(opened, application.stateRoot)
        try Self.bring(&application, to: state, from: opened.store, logger)
        logger.info(
            "opened at height \(state.block.height), \(recovered.records.count) records in the log")
        let replica = Replica<P>(
            configuration: opened.replicaConfiguration, limits: opened.ledgerLimits, state: state,
            doesApplicationJudge: App.judgesProposals, recovered: recovered.records)
        let loop = try Self.makeLoop()
        self.loop = loop
        self.opened = opened
        self.logger = logger
        pool = CryptoPool(threads: NodeSettings.cryptoThreads)
        let relay = Relay<NodeCore<P, App>>()
        self.relay = relay
        executor = Executor(
            application: application, store: opened.store, own: opened.settings.own
        ) { outcomes, byteCount in
            relay.post { $0.take(outcomes, byteCount: byteCount) }
        }
        shared = SharedReports(
            NodeCore<P, App>.initialStatus(opened.settings, version: BFTVersion.text))
        let transport = try opened.makeTransport(loop: loop, pool: pool)
        var transportLog = TransportLog()
        transport.onNotice = { transportLog.note($0, at: loop.now) }
        log = GroupCommitLog(
            safetyLog,
            byteLimit: 256 << 20,
            start: .whenSettled,
            onDurable: { position in relay.post { $0.becameDurable(position) } },
            onFailure: { error in relay.post { $0.fail(.storage(error)) } })
        let core = NodeCore<P, App>(
            loop: loop, settings: opened.settings, keys: opened.keys,
            signingKey: opened.signingKey, pool: pool, executor: executor, transport: transport,
            log: log,
            host: ReplicaHost(
                replica, places: recovered.places, settings: NodeSettings.hostSettings),
            state: state, shared: shared, logger: logger)
        self.core = LoopBound(core, on: loop)
        self.transport = LoopBound(transport, on: loop)
        relay.target = self.core
        let fronts: (resp: RESPHost<P, App>?, http: HTTPServer?)
        do throws(NodeError) {
            fronts = try Self.openFronts(home.configuration, core: core, shared: shared)
        } catch {
            // The home is free for another try.
            log.close()
            pool.shutdown()
            opened.close()
            relay.target = nil
            throw error
        }
        resp = fronts.resp.map { LoopBound($0, on: loop) }
        respPort = fronts.resp?.port
        http = fronts.http
        core.publishStatus()
    }

    private static func makeLoop() throws(NodeError) -> EventLoop {
        do throws(SocketError) {
            return try EventLoop()
        } catch {
            throw .socket(error, purpose: "the event loop")
        }
    }

    /// What was in the log: its records, and where its large batches stand.
    private struct Recovered {
        let records: [ReplicaRecord<P>]
        let places: [PlacedBatch]
    }

    /// The head of the chain, the log and what is in it. An empty chain begins at `genesisRoot`.
    private static func readDisk(
        _ opened: OpenedHome, _ genesisRoot: Digest
    ) throws(NodeError) -> (CommittedState, SafetyLog, Recovered) {
        let genesis = CommittedState.genesis(
            Block.genesis(
                chain: opened.settings.chain, time: opened.home.genesis.genesisTime,
                stateRoot: genesisRoot), validatorCount: opened.settings.validators.count)
        let state = try NodeError.wrapping { () throws(ChainError) in
            try opened.store.open(genesis: genesis, chain: opened.settings.chain)
        }
        let opening: OpenedLog<P> = try opened.openLog()
        try NodeError.wrapping { () throws(ChainError) in
            try opened.store.restoreBatches(
                opening.records, places: opening.places, orderedIn: state)
        }
        return (state, opening.log, Recovered(records: opening.records, places: opening.places))
    }

    /// Loads the application's state and executes again the blocks since.
    private static func bring(
        _ application: inout App, to state: CommittedState, from store: ChainStore,
        _ logger: Logger
    ) throws(NodeError) {
        let head = state.block.height
        try NodeError.wrapping { () throws(ChainError) in
            try Replay.bring(&application, to: state, from: store) { height, saved in
                if height == saved.next {
                    logger.info("executing \(head.rawValue - saved.rawValue) blocks again")
                } else if height.rawValue.isMultiple(of: 10_000) {
                    logger.info("executing block \(height) of \(head) again")
                }
            }
        }
    }

    private static func openFronts(
        _ configuration: NodeConfiguration, core: NodeCore<P, App>, shared: SharedReports
    ) throws(NodeError) -> (resp: RESPHost<P, App>?, http: HTTPServer?) {
        var resp: RESPHost<P, App>?
        if configuration.resp.enabled, let table = App.commandTable {
            var limits = RESPLimits()
            limits.clientCount = configuration.resp.maxClients
            limits.commandBytes = configuration.limits.requestBytes
            let frontEnd = RESPFrontEnd(
                table: table, limits: limits,
                password: configuration.resp.password.map { Array($0.utf8) })
            let host = RESPHost(core: core, frontEnd: frontEnd, shared: shared)
            let listen = configuration.resp.listen
            do throws(SocketError) {
                try host.listen(host: listen.host, port: listen.port)
            } catch {
                throw .socket(error, purpose: "resp.listen in node.toml")
            }
            core.sessions = host
            resp = host
        }
        guard configuration.http.enabled else { return (resp, nil) }
        let service = NodeHTTPService(
            core: LoopBound(core, on: core.loop), loop: core.loop, shared: shared,
            settings: core.settings, keys: core.keys,
            metrics: NodeMetrics.registry(
                shared, signing: core.signingKey.meter, verification: core.keys.meter))
        var limits = HTTPLimits()
        limits.connectionCount = configuration.http.maxClients
        limits.bodyBytes = configuration.limits.requestBytes
        do throws(ListenError) {
            let listen = configuration.http.listen
            let server = try HTTPServer(
                host: listen.host, port: listen.port, limits: limits, service: service)
            return (resp, server)
        } catch {
            throw .listen(error, purpose: "http.listen in node.toml")
        }
    }

    // MARK: Running

    func run() throws(NodeError) {
        loop.claim()
        executor.start()
        let (core, resp) = (core.value, resp?.value)
        loop.setTurnEnd {
            core.endTurn()
            resp?.endTurn()
        }
        core.onFailure = { [unowned self] error in failure.withLock { $0 = $0 ?? error } }
        let housekeeping = LoopTimer(loop: loop) { resp?.closeIdle() }
        housekeeping.schedule(every: .seconds(1))
        core.start()
        loop.run()
        close()
        if let error = failure.withLock({ $0 }) { throw error }
    }

    /// Closes in the order in which nothing is lost: clients first, the disk last.
    private func close() {
        http?.stop()
        if let error = executor.close() { logger.error("the state was not saved: \(error)") }
        log.close()
        pool.shutdown()
        do {
            try opened.store.sync()
        } catch {
            logger.error("the state was not synced at the end: \(error)")
        }
        opened.close()
        // The threads that it served have ended.
        relay.target = nil
        logger.info("stopped")
    }

    func stop() {
        guard !isStopping.exchange(true, ordering: .relaxed) else { return }
        let (core, resp, transport) = (core, resp, transport)
        loop.post { [self] in
            logger.info("stopping")
            core.value.beginStopping()
            resp?.value.stopListening()
            let deadline = loop.now.advanced(by: Self.drainLimit)
            drain(core, resp, transport, until: deadline)
        }
    }

    /// Waits for commands under way, then ends the loop.
    private func drain(
        _ core: LoopBound<NodeCore<P, App>>, _ resp: LoopBound<RESPHost<P, App>>?,
        _ transport: LoopBound<TCPTransport>, until deadline: Instant
    ) {
        guard core.value.trouble == nil, core.value.hasWorkUnderWay, loop.now < deadline else {
            core.value.abandonClients(
                "UNKNOWN the node stops: the command may be carried out or not")
            resp?.value.closeAll()
            transport.value.stop()
            loop.stop()
            return
        }
        let timer = LoopTimer(loop: loop) { [self] in
            drain(core, resp, transport, until: deadline)
        }
        timer.schedule(after: Interval.milliseconds(20))
        core.value.drainTimer = timer
    }

    // MARK: Embedding

    func submit(_ transaction: [UInt8]) async throws -> Receipt {
        try await ask { core, ticket in
            core.submit(ticket, upTo: transaction.count) { $0.append(contentsOf: transaction) }
        }
    }

    func query(_ request: [UInt8]) async throws -> Receipt {
        try await ask { core, ticket in
            core.read(ticket, isLocal: false) { $0.append(contentsOf: request) }
        }
    }

    private func ask(
        _ body: @escaping @Sendable (NodeCore<P, App>, UInt64) -> Admission
    ) async throws -> Receipt {
        let core = core
        return try await withCheckedThrowingContinuation { continuation in
            let isPosted = loop.post {
                core.value.open({ continuation.resume(with: $0) }, body)
            }
            if !isPosted { continuation.resume(throwing: NodeError.stopped) }
        }
    }
}

/// Brings calls from other threads to an object on the loop, once there is one.
private final class Relay<Target>: @unchecked Sendable {
    /// Set before the threads begin that post, and let go of after they have ended: the core holds
    /// what holds this.
    var target: LoopBound<Target>?

    func post(_ body: @escaping @Sendable (Target) -> Void) {
        guard let target else { return }
        target.loop.post { body(target.value) }
    }
}
