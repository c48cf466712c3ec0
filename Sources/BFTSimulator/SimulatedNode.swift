import BFTBase
import BFTCore
import BFTLedger

/// One node of a world: a replica when it is up, its disk always.
struct SimulatedNode<P: ConsensusProtocol> {
    /// What survives a power cut.
    struct Disk {
        /// The safety log up to the last sync.
        var log: [ReplicaRecord<P>] = []
        /// Appended since. A power cut keeps a prefix.
        var unsynced: [ReplicaRecord<P>] = []
        /// Executed blocks by height - 1, each with the state after it.
        var blocks: [(block: CommittedBlock, state: CommittedState)] = []
        /// How many of `blocks` a power cut can't take back.
        var syncedBlockCount = 0
    }

    let index: ValidatorIndex
    let genesis: CommittedState
    var disk = Disk()
    var replica: Replica<P>?
    /// Counts starts, so that events for an earlier life are dropped.
    var life = 0
    /// Effects that wait for a sync to finish, in order.
    var waiting = Deque<ReplicaEffect<P>>()
    var isSyncing = false
    /// The state after the last block that was executed in this life.
    var state: CommittedState
    var timer: Instant?
    var executorFreeAt = Instant(nanoseconds: 0)

    init(index: ValidatorIndex, genesis: CommittedState) {
        self.index = index
        self.genesis = genesis
        state = genesis
    }

    var isUp: Bool { replica != nil }

    /// Cuts the power: what was not synced is lost, but for a prefix.
    mutating func cutPower(random: inout SplitMix64) {
        let kept = Int.random(in: 0...disk.unsynced.count, using: &random)
        disk.log += disk.unsynced.prefix(kept)
        disk.unsynced = []
        let blocks = Int.random(in: disk.syncedBlockCount...disk.blocks.count, using: &random)
        disk.blocks.removeSubrange(blocks...)
        replica = nil
        life += 1
        waiting.removeAll()
        isSyncing = false
        timer = nil
    }

    mutating func start(
        configuration: ReplicaConfiguration, limits: LedgerLimits
    ) {
        state = disk.blocks.last?.state ?? genesis
        replica = Replica(
            configuration: configuration, limits: limits, state: state, recovered: disk.log)
    }

    /// Makes the database durable up to now, and drops what the log need not say any more.
    mutating func truncateLog() {
        guard let replica, disk.unsynced.isEmpty, waiting.isEmpty else { return }
        disk.syncedBlockCount = disk.blocks.count
        disk.log = replica.liveRecords
    }
}
