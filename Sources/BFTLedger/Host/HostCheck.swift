/// What holds an effect of a replica back at its host: each a guard of `ReplicaHost`.
public enum HostCheck: CaseIterable, Sendable {
    /// N1: what a replica says after a record leaves once that record is durable.
    case durableRecord
    /// N1: what a replica says leaves in the order in which it was said, whatever is still being
    /// signed.
    case turn
    /// N2: after the disk has failed nothing leaves.
    case silence
    /// N3: a block is executed once its batches are durable.
    case durableBatches
    /// A batch counts as stored once its record is durable: its author sends it then.
    case storedBatch
    /// Old records are given up once what was repeated of them is durable.
    case repeatedRecords
    /// Old records are given up once what was committed by then is executed.
    case executedBlocks
    /// Old records are given up once the store is synced: until then a crash takes back what was
    /// executed.
    case syncedStore
    /// Old records are not given up while one that is still needed is larger than the log takes.
    case recordSize
    /// Of what a peer brings about, and timers, a bounded number waits for a record: a disk may
    /// stall for long.
    case backlog
}
