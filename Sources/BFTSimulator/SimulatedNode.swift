import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import BFTStorage
import KeyValueStore

/// One node of a world: a host with its log, its store and its application when it is up, its
/// disk and its clock always.
struct SimulatedNode<P: ConsensusProtocol>: Sendable {
    /// What survives a crash, and most of which survives a power cut.
    struct Disk: Sendable {
        var log = MemoryLogDirectory()
        var store = FaultInjectingBackend()
    }

    /// What runs on the disk while the machine is up.
    struct Storage: Sendable {
        let log: SimulatedLog
        let store: ChainStore
        var executor: BlockExecutor<KeyValueStore>
        /// What the log was given for the first time and is not durable yet.
        var pendingRecords = Deque<(position: LogPosition, record: ReplicaRecord<P>)>()
    }

    let index: ValidatorIndex
    let clock: MachineClock
    /// What this machine's times, and what is left of its disk, are drawn from.
    var random: SplitMix64
    let genesis: CommittedState
    let rules: CommitRules
    var disk = Disk()
    var host: ReplicaHost<P>?
    var storage: Storage?
    /// Counts starts, so that events for an earlier life are dropped.
    var life = 0
    /// The state after the last block that was executed.
    var state: CommittedState
    /// When the replica wants to be woken, on its own clock.
    var timer: Instant?
    var executorFreeAt = Instant(nanoseconds: 0)
    var faults = MachineFaults()
    /// What happened to the machine while it was paused, in order.
    var deferred = Deque<WorldEvent<P>>()
    /// Own batches that clients wait for, oldest first.
    var openBatches: [OpenBatch] = []
    /// Reads that wait for their ticket, oldest first.
    var openReads: [(ticket: UInt64, operation: Int)] = []
    /// The ticket of the last read.
    var lastTicket: UInt64 = 0
    /// How many times the process might have ended in all lives, and when it might have last.
    var effectCount: UInt64 = 0
    var moment = StopMoment()
    /// How many lies were told in all lives: the ordinals of decisions.
    var lieCount: UInt64 = 0
    /// The view that the trace named last.
    var tracedView: View?
    /// A copy of the disk that was made some time ago.
    var image: DiskImage?
    /// Why the node does not start any more.
    var refusal: String?

    /// A batch, and who waits for each of its transactions.
    struct OpenBatch: Sendable {
        let reference: BatchReference
        let operations: [Int]
    }

    init(
        index: ValidatorIndex, genesis: CommittedState, rules: CommitRules, clock: MachineClock,
        random: SplitMix64
    ) {
        self.rules = rules
        self.index = index
        self.random = random
        self.genesis = genesis
        self.clock = clock
        state = genesis
    }

    var isUp: Bool { host != nil }

    /// Whether the disk of the life at hand has not failed.
    var isServing: Bool { host?.hasFailed == false }

    /// Where the replica stands, for whoever reads of a violation.
    var description: String {
        guard let replica = host?.replica else {
            return "\(index) is down" + (refusal.map { ": \($0)" } ?? "")
        }
        return "\(index) is in view \(replica.consensus.view), committed "
            + "\(replica.committedHeight), executed \(replica.executedHeight)"
            + (replica.isCatchingUp ? ", catches up" : "")
    }

    /// What a start found on the disk.
    struct Start: Sendable {
        let records: [ReplicaRecord<P>]
        /// The blocks that were executed again.
        let replayedCount: Int
        /// The bytes of an unfinished write that were cut off.
        let cutByteCount: Int
        /// What the log has forgotten, if the chain does not reach so far.
        let floor: Floor?
    }

    /// Opens the disk and starts the replica, as a node does.
    mutating func start(
        configuration: ReplicaConfiguration, limits: LedgerLimits, options: StorageOptions,
        settings: HostSettings, forgetting isForgotten: (ReplicaRecord<P>) -> Bool
    ) throws(ChainError) -> Start {
        let store = ChainStore(
            disk.store, rules: rules, archive: LogArchive(directory: disk.log), limits: limits)
        let head = try store.open(genesis: genesis, chain: configuration.chain)
        let opened = try OpenedLog<P>(disk.log, options: options.log)
        let records = opened.records.filter { !isForgotten($0) }
        try store.restoreBatches(records, places: opened.places, orderedIn: head)
        var application = KeyValueStore()
        var replayed = 0
        try Replay.bring(&application, to: head, from: store) { _, _ in replayed += 1 }
        state = head
        executorFreeAt = Instant(nanoseconds: 0)
        storage = Storage(
            log: SimulatedLog(opened.log, on: disk.log, recordLimit: options.logRecordLimit),
            store: store,
            executor: BlockExecutor(
                application, store: store, own: index,
                policy: .init(byteCount: .max, blockCount: options.saveBlockCount)))
        let started = Replica<P>(
            configuration: configuration, limits: limits, state: head, recovered: records)
        host = ReplicaHost(started, places: opened.places, settings: settings)
        var floor = Floor.ground
        for case .floor(let other) in opened.records { floor = floor.joined(other) }
        return Start(
            records: opened.records, replayedCount: replayed,
            cutByteCount: opened.log.recovery.cutByteCount,
            floor: started.committedHeight < floor.height ? floor : nil)
    }

    /// The machine loses power: what was not synced may be lost, whole or in parts.
    mutating func cutPower(_ random: inout SplitMix64) {
        storage?.log.tear(&random)
        disk.log = disk.log.powerCut(&random)
        disk.store = disk.store.powerCut(&random)
        stop()
    }

    /// The process ends: what it wrote stays in the kernel's cache.
    mutating func crash(_ random: inout SplitMix64) {
        storage?.log.tear(&random)
        disk.log = disk.log.restarted()
        disk.store = disk.store.crash(&random)
        stop()
    }

    private mutating func stop() {
        host = nil
        storage = nil
        life += 1
        timer = nil
        faults.pausedUntil = nil
        faults.cpuFreeAt = Instant(nanoseconds: 0)
        openBatches = []
        openReads = []
        lastTicket = 0
        if faults.isDiskFull { fillDisk(slack: 0) }
        state = (try? ChainStore(disk.store, rules: rules).head()) ?? genesis
    }
}

extension SimulatedNode {
    /// Leaves so many bytes on the disk for the log, and as many for the store.
    mutating func fillDisk(slack: Int) {
        faults.isDiskFull = true
        let (logRoom, storeRoom) = (disk.log.usedByteCount, disk.store.writtenByteCount)
        disk.log.setFaults { $0.roomByteCount = logRoom + slack }
        disk.store.setFaults { $0.roomByteCount = storeRoom + slack }
    }

    mutating func emptyDisk() {
        faults.isDiskFull = false
        disk.log.setFaults { $0.roomByteCount = nil }
        disk.store.setFaults { $0.roomByteCount = nil }
    }
}

/// How a world's nodes use their disks. Nothing of it changes what a node does, only when.
struct StorageOptions: Sendable {
    /// Small segments, so that a run of seconds has many.
    var log = SafetyLog.Options(segmentByteCount: 16 << 10, payloadByteLimit: 64 << 20)
    /// The records that may be on their way to the log. Few, so that it is full now and then.
    var logRecordLimit = 16
    /// After how many blocks the application's state is saved.
    var saveBlockCount = 20
}

/// What is wrong with a machine at the moment.
struct MachineFaults: Sendable, Equatable {
    /// Until when the machine is suspended.
    var pausedUntil: Instant?
    /// How many microseconds the machine takes for a message, and until when it is that slow.
    var messageMicroseconds: UInt64 = 0
    var slowUntil = Instant(nanoseconds: 0)
    var cpuFreeAt = Instant(nanoseconds: 0)
    /// How many times longer a sync takes, and until when.
    var syncFactor: UInt64 = 1
    var slowDiskUntil = Instant(nanoseconds: 0)
    var isDiskFull = false
    /// The next sync of the log fails.
    var isSyncFailing = false
    /// How far the wall clock was set wrong, in milliseconds, and until when.
    var jumpMilliseconds = 0
    var jumpEnd = Instant(nanoseconds: 0)
}
