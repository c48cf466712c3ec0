import BFTBase
import BFTCore
import BFTWire

// Old records are given up in three steps: what is still needed is appended again; every block that
// was committed by then is executed and synced to the store; then the old ones go.
extension ReplicaHost {
    /// How far that is.
    enum Truncation: Equatable, Sendable {
        case idle
        /// The needed records were appended again; waits until the last is durable and the block
        /// at `height` is executed.
        case rewriting(lastRecord: UInt64, height: Height, upTo: LogPosition)
        case syncing(upTo: LogPosition)
    }

    /// Gives old records up, unless that is under way. A host does so itself, every
    /// `truncationBytes`.
    public mutating func truncate() {
        guard isSpeaking, truncation == .idle else { return }
        repeatLiveRecords()
        continueTruncation()
    }

    /// The store is as durable as `syncStore` asked for.
    public mutating func storeSynced() {
        guard isSpeaking, case .syncing(let position) = truncation else { return }
        truncation = .idle
        immediate.append(.truncate(upTo: position))
    }

    mutating func continueTruncation() {
        switch truncation {
        case .idle:
            guard records.appendedByteCount >= settings.truncationBytes else { return }
            repeatLiveRecords()
        case .rewriting(let lastRecord, let height, let position):
            guard settings.holds(.repeatedRecords, records.durableNumber >= lastRecord),
                settings.holds(.executedBlocks, replica.executedHeight >= height)
            else { return }
            records.forgetPlaces(upTo: position)
            truncation = .syncing(upTo: position)
            if settings.skips(.syncedStore) {
                storeSynced()
            } else {
                immediate.append(.syncStore)
            }
        case .syncing: return
        }
    }

    /// Appends again what is still needed, unless one of the records is too large: what is
    /// committed at once has no bound of its own, and the old ones stay for now.
    private mutating func repeatLiveRecords() {
        let upTo = records.durablePosition
        records.resetByteCount()
        let live = replica.liveRecords
        for record in live {
            if case .batch = record { continue }
            let isSmall = record.encoded.count <= settings.recordByteLimit
            guard settings.holds(.recordSize, isSmall) else { return }
        }
        var last = records.durableNumber
        for record in live { last = records.add(record, isRepeated: true) }
        truncation = .rewriting(
            lastRecord: last, height: replica.committedHeight, upTo: upTo)
    }
}
