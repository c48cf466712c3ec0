public import BFTBase
public import BFTStorage
import Glibc

/// A safety log with a thread of its own: records come from any thread, and all that have gathered
/// while the disk was busy become durable with one write and one sync.
///
/// A record that nobody waits for may be left lying until another one is wanted, or until enough
/// have gathered: it costs no sync of its own.
///
/// An owner that hands its records over in turns may write a small group itself: where the disk
/// is quick, waking the thread and being woken by it take longer than the sync. `settle` says when.
///
/// - Invariant F3: positions are reported in rising order, and only once everything up to them is
///   durable.
/// - Invariant F4: after a failure nothing is reported durable any more.
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
        var truncation: LogPosition?
        var failure: StorageError?
        var isClosing = false
        var isStopped = false
        var isThreadWaiting = false
        /// Whether somebody waits for one of `records`, or there are enough to write.
        var isWanted = false
        /// Whether the thread is to write them.
        var isDue = false
        /// Whether a record was refused since the last group became durable.
        var isFull = false
        /// Whether a group is being written, by whomever.
        var isWriting = false
        /// How long a group takes, judged by the last ones, which count less and less.
        var commitTime = Interval.zero

        var hasWork: Bool {
            !isWriting && (isDue || truncation != nil || isClosing || failure != nil)
        }

        /// Whether the thread sleeps and has to be woken; asked once.
        mutating func takeWaking() -> Bool {
            guard isThreadWaiting, hasWork else { return false }
            isThreadWaiting = false
            return true
        }

        /// The records of the next group, which is being written from now on.
        mutating func takeGroup() -> [Record] {
            defer { records = [] }
            isWanted = false
            isDue = false
            isWriting = true
            return records
        }
    }

    /// Who begins a group.
    public enum Start: Sendable {
        /// The thread, as soon as an urgent record is handed over.
        case atOnce
        /// The owner, who calls `settle` when it has handed over what there is.
        case whenSettled
    }

    /// A group ends beyond this many bytes: the first records of a long queue are not held up by
    /// the last.
    private static let groupByteLimit = 4 << 20
    /// So many bytes are written even if nobody waits for them.
    private static let unwantedByteLimit = 256 << 10
    /// What the owner may write itself: so many bytes, if groups take no longer than that.
    private static let ownByteLimit = 64 << 10
    private static let ownTimeLimit = Interval.microseconds(500)

    private let start: Start
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
    ///   - start: who begins a group.
    ///   - onDurable: told the position of the last record of each group once the group, and with
    ///     it every earlier record, is durable. Called on the log's thread.
    ///   - onFailure: told why the log has stopped, once. Called on the log's thread.
    public init(
        _ log: sending SafetyLog, name: String = "bft-log", byteLimit: Int = 64 << 20,
        start: Start = .atOnce,
        onDurable: @escaping @Sendable (LogPosition) -> Void,
        onFailure: @escaping @Sendable (StorageError) -> Void
    ) {
        self.log = log
        self.name = name
        self.payloadByteLimit = log.payloadByteLimit
        self.byteLimit = byteLimit
        self.start = start
        self.onDurable = onDurable
        self.onFailure = onFailure
        state = Monitor(State(end: log.end))
        startThread()
    }

    /// Hands a record over, and returns its position, without waiting for the disk. `nil` if the
    /// log is full, has failed or is closed; then the record is not taken.
    ///
    /// A single record above the byte limit is taken if nothing else waits.
    ///
    /// - Parameter isUrgent: whether somebody waits until it is durable. If not, it becomes durable
    ///   with the next urgent one, after `requestFlush`, or when enough has gathered.
    /// - Precondition: the parts together are within the payload limit of the log.
    public func append(type: UInt8, parts: [[UInt8]], isUrgent: Bool = true) -> LogPosition? {
        let payloadByteCount = parts.reduce(0) { $0 + $1.count }
        precondition(payloadByteCount <= payloadByteLimit, "a record above the payload limit")
        let byteCount = LogFormat.recordByteCount(payloadByteCount: payloadByteCount)
        let (position, wakes): (LogPosition?, Bool) = state.withLock { state in
            guard state.failure == nil, !state.isClosing else { return (nil, false) }
            guard state.byteCount == 0 || state.byteCount + byteCount <= byteLimit else {
                state.isFull = true
                return (nil, want(&state))
            }
            let position = state.end
            state.records.append(Record(type: type, parts: parts, position: position))
            state.byteCount += byteCount
            state.end = position.advanced(by: byteCount)
            let isEnough = isUrgent || state.byteCount >= Self.unwantedByteLimit
            return (position, isEnough && want(&state))
        }
        if wakes { state.notify() }
        return position
    }

    /// Somebody waits for the next group. Says whether to wake the thread.
    private func want(_ state: inout State) -> Bool {
        state.isWanted = true
        if start == .atOnce { state.isDue = true }
        return state.takeWaking()
    }

    /// Has everything that was handed over written now.
    public func requestFlush() {
        let wakes = state.withLock { state in !state.records.isEmpty && want(&state) }
        if wakes { state.notify() }
    }

    /// Begins the next group if one is wanted: wakes the thread, or says `true` if the owner had
    /// better call `writeHere`, because the group is small, the thread has nothing to do and the
    /// disk has been quick.
    public func settle() -> Bool {
        let (isOwn, wakes) = state.withLock { state in
            guard state.isWanted, !state.isDue, state.failure == nil, !state.isClosing else {
                return (false, false)
            }
            if !state.isWriting, state.truncation == nil, state.byteCount <= Self.ownByteLimit,
                state.commitTime <= Self.ownTimeLimit
            {
                return (true, false)
            }
            state.isDue = true
            return (false, state.takeWaking())
        }
        if wakes { state.notify() }
        return isOwn
    }

    /// Writes what is wanted on the calling thread, and reports it like the log's own thread. Does
    /// nothing if that thread was quicker.
    public func writeHere() {
        let group = state.withLock { state in
            state.isWanted && !state.isDue && !state.isWriting && state.failure == nil
                && !state.isClosing ? state.takeGroup() : []
        }
        guard !group.isEmpty else { return }
        do {
            try write(group)
            endGroup()
        } catch {
            endGroup(error)
            onFailure(error)
        }
    }

    /// Lets the thread remove the segments whose records all stand at or before `position`. What
    /// they say has to be durable elsewhere by now, for instance appended again and reported.
    public func truncate(upTo position: LogPosition) {
        state.withLock { $0.truncation = max($0.truncation ?? .zero, position) }
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

    private func startThread() {
        _ = NamedThread(name) { [self] in run() }
    }

    /// The thread: takes what has gathered, writes it, reports, until closed or failed.
    private func run() {
        defer {
            log.close()
            state.withLock { $0.isStopped = true }
            state.notify()
        }
        while let (group, truncation, isClosing) = nextGroup() {
            do {
                try write(group)
                if let truncation { try log.truncate(upTo: truncation) }
                endGroup()
            } catch {
                endGroup(error)
                return onFailure(error)
            }
            if isClosing, group.isEmpty { return }
        }
    }

    /// Waits for the next group; `nil` if the log has failed.
    private func nextGroup() -> ([Record], truncation: LogPosition?, isClosing: Bool)? {
        state.withLock { $0.isThreadWaiting = !$0.hasWork }
        return state.withLock(when: { $0.hasWork }) { state in
            state.isThreadWaiting = false
            guard state.failure == nil else { return nil }
            defer { state.truncation = nil }
            return (state.takeGroup(), state.truncation, state.isClosing)
        }
    }

    /// Notes that the group is written, or that the log has failed with it.
    private func endGroup(_ failure: StorageError? = nil) {
        let wakes = state.withLock { state in
            state.isWriting = false
            // What has gathered in the meantime has waited long enough.
            state.isDue = state.isWanted
            if let failure {
                state.failure = failure
                state.records = []
                state.byteCount = 0
            }
            return state.takeWaking()
        }
        if wakes { state.notify() }
    }

    private func write(_ group: [Record]) throws(StorageError) {
        var begin = log.end
        var started = Self.now
        for (number, record) in group.enumerated() {
            let position = try log.append(type: record.type, parts: record.parts)
            precondition(position == record.position, "positions are those that were promised")
            let byteCount = Int(log.end.rawValue - begin.rawValue)
            guard number == group.count - 1 || byteCount >= Self.groupByteLimit else { continue }
            try log.commit()
            let ended = Self.now
            let taken = Interval(nanoseconds: ended - started)
            state.withLock { state in
                state.byteCount -= byteCount
                state.isFull = false
                // An average: one group that was slow by chance says little of the next.
                let sum = 7 * state.commitTime.nanoseconds + taken.nanoseconds
                state.commitTime = Interval(nanoseconds: sum / 8)
            }
            onDurable(position)
            begin = log.end
            started = ended
        }
    }

    /// Nanoseconds of the monotonic clock.
    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
