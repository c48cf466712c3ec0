package import BFTBase
package import BFTCore
package import BFTStorage

/// Where records go to become durable: takes them without waiting for the disk, and reports later.
package protocol RecordLog: AnyObject {
    /// Hands a record over and returns its position, or `nil` if there is no room now.
    ///
    /// - Parameter isUrgent: whether somebody waits until it is durable. If not, it may stay
    ///   undurable until another one is urgent, or until `hurry`.
    func append(type: UInt8, parts: [[UInt8]], isUrgent: Bool) -> LogPosition?

    /// Makes everything that was handed over urgent.
    func hurry()
}

extension GroupCommitLog: RecordLog {}

/// The records on their way to the log: which of them are durable, and which batches that frees.
package struct RecordLedger: Sendable {
    private struct Record: Sendable {
        let number: UInt64
        let type: UInt8
        /// The payload, in parts that stand one after another.
        let parts: [[UInt8]]
        /// The batch that the record holds.
        let batch: BatchReference?
        /// Whether the batch is durable already, in an older record.
        let isRepeated: Bool
        let isUrgent: Bool
    }

    /// Not taken by the log yet: it was full.
    private var unappended = Deque<Record>()
    private var appended = Deque<(position: LogPosition, record: Record)>()
    private var nextNumber: UInt64 = 1
    /// Every record up to this one is durable.
    package private(set) var durableNumber: UInt64 = 0
    package private(set) var durablePosition = LogPosition.zero
    package private(set) var appendedByteCount = 0
    /// The records of batches that are not durable yet. Never walked.
    private var undurable: [BatchReference: UInt64] = [:]
    /// Where large batches stand that are durable and not executed yet. Never walked.
    private var places: [BatchReference: LogPosition]

    /// - Parameter places: where the large batches stand that the log held when it was opened.
    package init(places: [BatchReference: LogPosition] = [:]) { self.places = places }

    /// Hands a record over to `log`, now or when there is room. Returns its number.
    ///
    /// - Parameter isUrgent: whether somebody waits until it is durable; see `RecordLog`.
    package mutating func append(
        type: UInt8, parts: [[UInt8]], batch: BatchReference? = nil, isRepeated: Bool = false,
        isUrgent: Bool = true, to log: (any RecordLog)?
    ) -> UInt64 {
        let record = Record(
            number: nextNumber, type: type, parts: parts, batch: batch,
            isRepeated: isRepeated, isUrgent: isUrgent)
        nextNumber += 1
        if let batch, !isRepeated { undurable[batch] = record.number }
        unappended.append(record)
        flush(to: log)
        return record.number
    }

    /// Hands a batch over, with its author's signature where that is known.
    package mutating func append(
        _ copy: BatchCopy, largeFrom byteCount: Int = RecordType.largeBatchBytes,
        isRepeated: Bool = false, isUrgent: Bool, to log: (any RecordLog)?
    ) -> UInt64 {
        append(
            type: RecordType.of(copy.batch, largeFrom: byteCount),
            parts: [copy.head, copy.batch.encoded], batch: copy.reference,
            isRepeated: isRepeated, isUrgent: isUrgent, to: log)
    }

    /// The record with which the last batch of `payload` is durable, or 0 if all are.
    package func lastRecord(of payload: [BatchReference]) -> UInt64 {
        guard !undurable.isEmpty else { return 0 }
        return payload.reduce(0) { max($0, undurable[$1] ?? 0) }
    }

    /// Hands over what waits, as far as there is room.
    package mutating func flush(to log: (any RecordLog)?) {
        guard let log else { return }
        while let record = unappended.first,
            let position = log.append(
                type: record.type, parts: record.parts, isUrgent: record.isUrgent)
        {
            _ = unappended.popFirst()
            appended.append((position, record))
            // What is repeated is what the last truncation left: it is no reason for the next.
            if !record.isRepeated {
                appendedByteCount += record.parts.reduce(0) { $0 + $1.count }
            }
        }
    }

    /// Notes that the log is durable up to `position`. Returns the batches that came with it.
    package mutating func becameDurable(_ position: LogPosition) -> [BatchReference] {
        var batches: [BatchReference] = []
        durablePosition = max(durablePosition, position)
        while let first = appended.first, first.position <= position {
            _ = appended.popFirst()
            let record = first.record
            durableNumber = record.number
            guard let batch = record.batch else { continue }
            if record.type == RecordType.largeBatch { places[batch] = first.position }
            guard !record.isRepeated else { continue }
            if undurable[batch] == record.number { undurable[batch] = nil }
            batches.append(batch)
        }
        return batches
    }

    package mutating func resetByteCount() { appendedByteCount = 0 }

    /// Where each batch of a block that is executed now stands in the log, if it is a large one.
    ///
    /// - Precondition: the batches are durable.
    package mutating func takePlaces(of payload: [BatchReference]) -> [LogPosition?] {
        payload.map { places.removeValue(forKey: $0) }
    }

    /// Forgets places up to `position`: what is still needed was appended again behind it.
    package mutating func forgetPlaces(upTo position: LogPosition) {
        places = places.filter { $0.value > position }
    }
}

/// The types of records in the safety log.
package enum RecordType {
    /// A record of the replica, in its canonical encoding.
    package static let replica: UInt8 = 1
    /// A copy of a batch, as it is encoded.
    package static let batch: UInt8 = 2
    /// A batch that stays where it is once it is executed: the chain refers to it.
    package static let largeBatch: UInt8 = 3

    /// What is smaller is written twice, so that no log of votes has to be kept for its sake.
    package static let largeBatchBytes = 16 << 10

    package static func of(_ batch: Batch, largeFrom byteCount: Int = largeBatchBytes) -> UInt8 {
        batch.encoded.count >= byteCount ? largeBatch : Self.batch
    }
}

/// How far the removal of old log segments is.
///
/// Records are given up in three steps: what is still needed is appended again; every block that
/// was committed by then is executed and synced to the store; then the old segments go.
package struct LogTruncation: Sendable {
    package enum Step: Sendable {
        case idle
        /// The needed records were appended again; waits until the last is durable and the block
        /// at `height` is executed.
        case rewriting(lastRecord: UInt64, height: Height, upTo: LogPosition)
        case syncing(upTo: LogPosition)
    }
    package var step = Step.idle

    package init() {}

    /// Records of this many bytes are gathered before old ones are given up.
    package static let byteCount = 256 << 20
}
