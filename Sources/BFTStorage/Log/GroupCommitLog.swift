import BFTBase

/// A safety log with a thread of its own: records come from any thread, and all that have gathered
/// while the disk was busy become durable with one write and one sync.
///
/// A record that nobody waits for may be left lying until another one is wanted, or until enough
/// have gathered: it costs no sync of its own.
///
/// - Invariant L3: positions are reported in rising order, and only once everything up to them is
///   durable.
/// - Invariant L4: after a failure nothing is reported durable any more.
public final class GroupCommitLog: @unchecked Sendable {
    private struct Record {
        let type: UInt8
        let parts: [[UInt8]]
        let position: LogPosition
    }

    private struct State {
        var records: [Record] = []
        /// Bytes in `records` and in the group that is being written.
        var byteCount = 0
        var end: LogPosition
        var retired: LogPosition?
        var failure: StorageError?
        var isClosing = false
        var isStopped = false
        var isThreadWaiting = false
        /// Whether somebody waits for one of `records`, or there are enough to write.
        var isWanted = false
        /// Whether a record was refused since the last group became durable.
        var isFull = false

        var hasWork: Bool { isWanted || retired != nil || isClosing }

        /// Whether the thread sleeps and has to be woken; asked once.
        mutating func takeWaking() -> Bool {
            guard isThreadWaiting, hasWork else { return false }
            isThreadWaiting = false
            return true
        }
    }

    /// A group ends beyond this many bytes: the first records of a long queue are not held up by
    /// the last.
    private static let groupByteLimit = 4 << 20
    /// So many bytes are written even if nobody waits for them.
    private static let unwantedByteLimit = 256 << 10

    private let log: SafetyLog
    private let name: String
    private let payloadByteLimit: Int
    private let byteLimit: Int
    private let state: Monitor<State>
    private let onDurable: @Sendable (LogPosition) -> Void
    private let onFailure: @Sendable (StorageError) -> Void

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - log: an open log, used by nobody else from now on.
    ///   - name: the name of the thread, at most 15 bytes.
    ///   - byteLimit: the record bytes that may wait or be under way; beyond that the log is full.
    ///   - onDurable: told the position of the last record of each group once the group, and with
    ///     it every earlier record, is durable. Called on the log's thread.
    ///   - onFailure: told why the log has stopped, once. Called on the log's thread.
    public init(
        _ log: sending SafetyLog, name: String = "bft-log", byteLimit: Int = 64 << 20,
        onDurable: @escaping @Sendable (LogPosition) -> Void,
        onFailure: @escaping @Sendable (StorageError) -> Void
    ) {
        self.log = log
        self.name = name
        self.payloadByteLimit = log.payloadByteLimit
        self.byteLimit = byteLimit
        self.onDurable = onDurable
        self.onFailure = onFailure
        state = Monitor(State(end: log.end))
        start()
    }

    /// Hands a record over, and returns its position, without waiting for the disk. `nil` if the
    /// log is full, has failed or is closed; then the record is not taken.
    ///
    /// A single record above the byte limit is taken if nothing else waits.
    ///
    /// - Parameter isUrgent: whether somebody waits until it is durable. If not, it becomes durable
    ///   with the next urgent one, after `hurry`, or when enough has gathered.
    /// - Precondition: the parts together are within the payload limit of the log.
    public func append(type: UInt8, parts: [[UInt8]], isUrgent: Bool = true) -> LogPosition? {
        let payloadByteCount = parts.reduce(0) { $0 + $1.count }
        precondition(payloadByteCount <= payloadByteLimit, "a record above the payload limit")
        let byteCount = LogFormat.recordByteCount(payloadByteCount: payloadByteCount)
        let (position, wakes): (LogPosition?, Bool) = state.withLock { state in
            guard state.failure == nil, !state.isClosing else { return (nil, false) }
            guard state.byteCount == 0 || state.byteCount + byteCount <= byteLimit else {
                state.isFull = true
                state.isWanted = true
                return (nil, state.takeWaking())
            }
            let position = state.end
            state.records.append(Record(type: type, parts: parts, position: position))
            state.byteCount += byteCount
            state.end = position.advanced(by: byteCount)
            if isUrgent || state.byteCount >= Self.unwantedByteLimit { state.isWanted = true }
            return (position, state.takeWaking())
        }
        if wakes { state.notify() }
        return position
    }

    /// Has everything that was handed over written now.
    public func hurry() {
        let wakes = state.withLock { state in
            if !state.records.isEmpty { state.isWanted = true }
            return state.takeWaking()
        }
        if wakes { state.notify() }
    }

    /// Lets the thread remove the segments whose records all stand at or before `position`. What
    /// they say has to be durable elsewhere by now, for instance appended again and reported.
    public func retire(upTo position: LogPosition) {
        state.withLock { $0.retired = max($0.retired ?? .zero, position) }
        state.notify()
    }

    /// Why the log has stopped, or `nil` while it works.
    public var failure: StorageError? { state.withLock { $0.failure } }

    /// Whether a record was refused for lack of room since the last group became durable. There is
    /// room again when the next group is reported.
    public var isFull: Bool { state.withLock { $0.isFull } }

    /// The record bytes that wait or are under way.
    public var pendingByteCount: Int { state.withLock { $0.byteCount } }

    /// Makes what was handed over durable, reports it, and ends the thread. Not to be called from
    /// the callbacks. Closing twice is harmless.
    public func close() {
        state.withLock { $0.isClosing = true }
        state.notify()
        state.withLock(when: { $0.isStopped }) { _ in }
    }

    private func start() {
        _ = NamedThread(name) { [self] in run() }
    }

    /// The thread: takes what has gathered, writes it, reports, until closed or failed.
    private func run() {
        defer {
            log.close()
            state.withLock { $0.isStopped = true }
            state.notify()
        }
        while true {
            let (records, retired, isClosing) = nextWork()
            do {
                try write(records)
                if let retired { try log.retire(upTo: retired) }
            } catch {
                state.withLock { state in
                    state.failure = error
                    state.records = []
                    state.byteCount = 0
                }
                return onFailure(error)
            }
            if isClosing, records.isEmpty { return }
        }
    }

    private func nextWork() -> ([Record], LogPosition?, Bool) {
        state.withLock { $0.isThreadWaiting = !$0.hasWork }
        return state.withLock(when: { $0.hasWork }) { state in
            defer {
                state.records = []
                state.retired = nil
                state.isThreadWaiting = false
                state.isWanted = false
            }
            return (state.records, state.retired, state.isClosing)
        }
    }

    private func write(_ records: [Record]) throws(StorageError) {
        var begin = log.end
        for (number, record) in records.enumerated() {
            let position = try log.append(type: record.type, parts: record.parts)
            precondition(position == record.position, "positions are those that were promised")
            let byteCount = Int(log.end.rawValue - begin.rawValue)
            guard number == records.count - 1 || byteCount >= Self.groupByteLimit else { continue }
            try log.commit()
            state.withLock { state in
                state.byteCount -= byteCount
                state.isFull = false
            }
            onDurable(position)
            begin = log.end
        }
    }
}
