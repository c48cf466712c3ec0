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
    typealias Core = NodeCore<P, ThreadedParts<App>>

    let shared: SharedReports
    let metrics: MetricsRegistry
    let loop: EventLoop
    let opened: OpenedHome
    let pool: CryptoPool
    let executor: Executor<App>
    let log: GroupCommitLog
    let core: LoopBound<Core>
    let transport: LoopBound<TCPTransport>
    let resp: LoopBound<RESPHost<P, App>>?
    let http: HTTPServer?
    let logger: Logger
    let respPort: UInt16?
    let relay: Relay<Core>
    let phase = Mutex(Phase.opened)
    let failure = Mutex<NodeFailure?>(nil)
    /// Whether the loop is going to end with this turn. Of the loop's thread.
    var isEnding = false

    var httpPort: UInt16? { http?.port }

    init(
        _ configuration: NodeConfiguration, _ application: sending App, on disk: NodeDisk
    ) throws(NodeOpeningError) {
        try Self.check(configuration)
        let opened = try OpenedHome(configuration, on: disk, commitKinds: P.commitKinds)
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
        let relay = Relay<Core>()
        self.relay = relay
        executor = Executor(
            application: application, store: opened.store, own: opened.settings.own
        ) { outcomes, byteCount in
            relay.post { $0.take(outcomes, byteCount: byteCount) }
        }
        shared = SharedReports(Core.initialStatus(opened.settings, version: BFTVersion.text))
        let transport = try opened.makeTransport(loop: loop, pool: pool)
        var transportLog = TransportLog()
        transport.onNotice = { transportLog.note($0, at: loop.now) }
        log = GroupCommitLog(
            safetyLog,
            byteLimit: 256 << 20,
            start: .whenSettled,
            onDurable: { position in relay.post { $0.becameDurable(position) } },
            onFailure: { error in relay.post { $0.fail(.storage(error)) } })
        let core = Core(
            loop: loop, settings: opened.settings, keys: opened.keys,
            signingKey: configuration.signingKey, pool: pool, executor: executor,
            transport: transport, log: log,
            host: ReplicaHost(
                replica, places: recovered.places, settings: NodeSettings.hostSettings),
            state: state, shared: shared, logger: logger)
        self.core = LoopBound(core, on: loop)
        self.transport = LoopBound(transport, on: loop)
        relay.target = self.core
        metrics = NodeMetrics.registry(
            shared, signing: configuration.signingKey.meter, verification: opened.keys.meter)
        let fronts: (resp: RESPHost<P, App>?, http: HTTPServer?)
        do throws(NodeOpeningError) {
            fronts = try Self.openFronts(configuration, core, shared, metrics)
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
        // From here on, any thread may post, and one that is to come runs it.
        loop.disown()
    }

    private static func check(_ configuration: NodeConfiguration) throws(NodeOpeningError) {
        try configuration.check()
        do throws(GenesisError) {
            try MessageRoom.check(P.self, configuration.genesis)
        } catch {
            throw .genesis(error)
        }
    }

    private static func makeLoop() throws(NodeOpeningError) -> EventLoop {
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
    ) throws(NodeOpeningError) -> (CommittedState, SafetyLog, Recovered) {
        let genesis = CommittedState.genesis(
            Block.genesis(
                chain: opened.settings.chain, time: opened.configuration.genesis.genesisTime,
                stateRoot: genesisRoot), validatorCount: opened.settings.validators.count)
        let state = try NodeOpeningError.wrapping { () throws(ChainError) in
            try opened.store.open(genesis: genesis, chain: opened.settings.chain)
        }
        let opening: OpenedLog<P> = try opened.openLog()
        try NodeOpeningError.wrapping { () throws(ChainError) in
            try opened.store.restoreBatches(
                opening.records, places: opening.places, orderedIn: state)
        }
        return (state, opening.log, Recovered(records: opening.records, places: opening.places))
    }

    /// Loads the application's state and executes again the blocks since.
    private static func bring(
        _ application: inout App, to state: CommittedState, from store: ChainStore,
        _ logger: Logger
    ) throws(NodeOpeningError) {
        let head = state.block.height
        try NodeOpeningError.wrapping { () throws(ChainError) in
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
        _ configuration: NodeConfiguration, _ core: Core, _ shared: SharedReports,
        _ metrics: MetricsRegistry
    ) throws(NodeOpeningError) -> (resp: RESPHost<P, App>?, http: HTTPServer?) {
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
                throw .socket(error, purpose: "resp.listen")
            }
            core.sessions = host
            resp = host
        }
        guard configuration.http.enabled else { return (resp, nil) }
        let service = NodeHTTPService(
            core: LoopBound(core, on: core.loop), loop: core.loop, shared: shared,
            settings: core.settings, keys: core.keys, metrics: metrics)
        var limits = HTTPLimits()
        limits.connectionCount = configuration.http.maxClients
        limits.bodyBytes = configuration.limits.requestBytes
        do throws(ListenError) {
            let listen = configuration.http.listen
            let server = try HTTPServer(
                host: listen.host, port: listen.port, limits: limits, service: service)
            return (resp, server)
        } catch {
            throw .listen(error, purpose: "http.listen")
        }
    }
}

/// Brings calls from other threads to an object on the loop, once there is one.
final class Relay<Target>: @unchecked Sendable {
    /// Set before the threads begin that post, and let go of after they have ended: the core holds
    /// what holds this.
    var target: LoopBound<Target>?

    func post(_ body: @escaping @Sendable (Target) -> Void) {
        guard let target else { return }
        target.loop.post { body(target.value) }
    }
}
