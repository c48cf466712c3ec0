import BFTBase
import BFTCore
import BFTLedger

/// One node of a world: a replica when it is up, its disk always.
struct SimulatedNode<P: ConsensusProtocol>: Sendable {
    /// What survives a power cut.
    struct Disk: Sendable {
        /// The safety log up to the last sync.
        var log: [ReplicaRecord<P>] = []
        /// Appended since. A power cut keeps a prefix.
        var unsynced: [ReplicaRecord<P>] = []
        /// Executed blocks by height - 1, each with the state after it.
        var blocks: [(block: CommittedBlock, state: CommittedState)] = []
        /// Where the batches of `blocks` stand.
        var batchHeights: [BatchReference: Int] = [:]
        /// How many of `blocks` a power cut can't take back.
        var syncedBlockCount = 0

        /// Makes durable what was appended up to a batch, unless a later sync did so already.
        mutating func sync(upTo reference: BatchReference) {
            let position = unsynced.firstIndex { record in
                if case .batch(let batch) = record { batch.reference == reference } else { false }
            }
            guard let position else { return }
            log += unsynced[...position]
            unsynced.removeSubrange(...position)
        }
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
    /// Until when the machine is suspended.
    var pausedUntil: Instant?
    /// The ticket of the last read.
    var lastTicket: UInt64 = 0

    init(index: ValidatorIndex, genesis: CommittedState) {
        self.index = index
        self.genesis = genesis
        state = genesis
    }

    var isUp: Bool { replica != nil }

    /// Where the replica stands, for whoever reads of a violation.
    var description: String {
        guard let replica else { return "\(index) is down" }
        return "\(index) is in view \(replica.consensus.view), committed "
            + "\(replica.committedHeight), executed \(replica.executedHeight)"
            + (replica.isCatchingUp ? ", catches up" : "")
    }

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
        pausedUntil = nil
        lastTicket = 0
    }

    mutating func start(
        configuration: ReplicaConfiguration, limits: LedgerLimits,
        forgetting isForgotten: (ReplicaRecord<P>) -> Bool
    ) {
        state = disk.blocks.last?.state ?? genesis
        executorFreeAt = Instant(nanoseconds: 0)
        replica = Replica(
            configuration: configuration, limits: limits, state: state,
            recovered: disk.log.filter { !isForgotten($0) })
    }

    /// Makes the database durable up to now, and drops what the log need not say any more.
    mutating func truncateLog() {
        guard let replica, disk.unsynced.isEmpty, waiting.isEmpty else { return }
        disk.syncedBlockCount = disk.blocks.count
        disk.log = replica.liveRecords
    }
}
