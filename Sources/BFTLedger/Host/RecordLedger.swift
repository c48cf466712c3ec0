import BFTBase
import BFTCore

/// The records on their way to the log: which of them are durable, and which batches that frees.
///
/// Records have numbers of their own, from 1, in the order in which the replica asked for them.
/// They reach the log in that order, also if it has no room for a while, and so become durable in
/// that order.
struct RecordLedger<P: ConsensusProtocol>: Equatable, Sendable {
    /// A record that the log has taken.
    private struct Appended: Equatable, Sendable {
        let number: UInt64
        let position: LogPosition
        let batch: BatchReference?
        let isLarge: Bool
        let isRepeated: Bool
    }

    /// Not taken by the log yet.
    private var unappended = Deque<HostRecord<P>>()
    private var appended = Deque<Appended>()
    /// Whether the log had no room for the first of `unappended`.
    private var isLogFull = false
    private var lastNumber: UInt64 = 0
    /// A flush was asked for up to this record.
    private var flushNumber: UInt64 = 0
    /// Every record up to this one is durable.
    private(set) var durableNumber: UInt64 = 0
    private(set) var durablePosition = LogPosition.zero
    /// The bytes that were appended since the log was cut, or was to be cut, last.
    private(set) var appendedByteCount = 0
    /// The records of batches that are not durable yet. Never walked.
    private var pendingBatches: [BatchReference: UInt64] = [:]
    /// Where large batches stand that are durable and not executed yet. Never walked.
    private var places: [BatchReference: LogPosition] = [:]
    /// The same in the order of the log, with those that were executed since the log was cut.
    private var placed = Deque<PlacedBatch>()
    private let largeBatchBytes: Int

    /// - Parameter batches: where the large batches stand that the log held when it was opened, in
    ///   its order.
    init(placed batches: [PlacedBatch], largeBatchBytes: Int) {
        self.largeBatchBytes = largeBatchBytes
        for batch in batches { note(batch) }
    }

    private mutating func note(_ place: PlacedBatch) {
        places[place.reference] = place.position
        placed.append(place)
    }

    // MARK: On the way to the log

    /// Takes a record that is to be handed over. Returns its number.
    @discardableResult
    mutating func add(
        _ content: ReplicaRecord<P>, isUrgent: Bool = true, isRepeated: Bool = false
    ) -> UInt64 {
        lastNumber += 1
        let record = HostRecord(
            lastNumber, content, isUrgent: isUrgent, isRepeated: isRepeated,
            largeFrom: largeBatchBytes)
        if let batch = record.batch, !isRepeated { pendingBatches[batch] = lastNumber }
        unappended.append(record)
        return lastNumber
    }

    /// The record that is to be handed over next, unless there is none or no room.
    var next: HostRecord<P>? {
        guard !isLogFull, var record = unappended.first else { return nil }
        // Whoever asked for a flush when the log was full waits for it.
        if record.number <= flushNumber { record.isUrgent = true }
        return record
    }

    /// The log has taken `next`.
    mutating func noteAppended(at position: LogPosition, byteCount: Int) {
        guard let record = unappended.popFirst() else {
            preconditionFailure("the log took a record that nobody gave it")
        }
        appended.append(
            Appended(
                number: record.number, position: position, batch: record.batch,
                isLarge: record.type == RecordType.largeBatch, isRepeated: record.isRepeated))
        // What is repeated is what the last truncation left: it is no reason for the next.
        if !record.isRepeated { appendedByteCount += byteCount }
    }

    /// The log has no room for `next`. It has some when it has made something durable.
    mutating func noteFull() { isLogFull = true }

    mutating func markUrgent() { flushNumber = lastNumber }

    mutating func resetByteCount() { appendedByteCount = 0 }

    // MARK: Durable

    /// Notes that the log is durable up to `position`. Adds to the inputs that are pending for the
    /// replica: it hears of each batch that came with it.
    mutating func becameDurable(
        upTo position: LogPosition, pendingInputs: inout Deque<ReplicaInput<P>>,
        reportsBatches: Bool
    ) {
        isLogFull = false
        durablePosition = max(durablePosition, position)
        while let record = appended.first, record.position <= position {
            _ = appended.popFirst()
            durableNumber = record.number
            guard let batch = record.batch else { continue }
            if record.isLarge { note(PlacedBatch(batch, at: record.position)) }
            guard !record.isRepeated else { continue }
            if pendingBatches[batch] == record.number { pendingBatches[batch] = nil }
            if reportsBatches { pendingInputs.append(.stored(batch)) }
        }
    }

    /// The record with which the last batch of `payload` is durable, or 0 if all are.
    func lastRecord(of payload: [BatchReference]) -> UInt64 {
        guard !pendingBatches.isEmpty else { return 0 }
        return payload.reduce(0) { max($0, pendingBatches[$1] ?? 0) }
    }

    /// Where each batch of a block that is executed now stands in the log, if it is a large one.
    mutating func takePlaces(of payload: [BatchReference]) -> [LogPosition?] {
        payload.map { places.removeValue(forKey: $0) }
    }

    /// Forgets places up to `position`: what is still needed was appended again behind it.
    mutating func forgetPlaces(upTo position: LogPosition) {
        while let place = placed.first, place.position <= position {
            _ = placed.popFirst()
            if places[place.reference] == place.position { places[place.reference] = nil }
        }
    }
}
