import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTCrypto
import BFTLedger
import BFTStorage
import BFTTransport
import BFTWire

@testable import BFTNode

/// The parts of a node that a test holds in its hand, all on the test's thread. What is slow in a
/// node that ships ends here when the test says so; the executor is the one that ships.
enum HeldParts<App: Application>: NodeParts {
    typealias Loop = HeldLoop
    typealias Log = HeldLog
    typealias Crypto = HeldCrypto
    typealias Jobs = Executor<App>
}

/// A loop without a thread, and a clock that stands still.
final class HeldLoop: NodeLoop, @unchecked Sendable {
    final class Timer: NodeTimer {
        fileprivate(set) var deadline: Instant?
        fileprivate let action: () -> Void

        fileprivate init(_ action: @escaping () -> Void) { self.action = action }

        func schedule(at deadline: Instant) { self.deadline = deadline }
    }

    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private var posted: [@Sendable () -> Void] = []
    private var timers: [Timer] = []

    /// Some time after the genesis of a `TestChain`.
    var wallTime: Timestamp { Timestamp(milliseconds: now.nanoseconds / 1_000_000) }

    @discardableResult
    func post(_ work: @escaping @Sendable () -> Void) -> Bool {
        posted.append(work)
        return true
    }

    func makeTimer(_ action: @escaping () -> Void) -> Timer {
        let timer = Timer(action)
        timers.append(timer)
        return timer
    }

    func callback<Owner: AnyObject, Value: Sendable>(
        to owner: Owner, _ body: @escaping @Sendable (Owner, Value) -> Void
    ) -> @Sendable (Value) -> Void {
        let held = Held(owner)
        return { [self] value in post { body(held.value, value) } }
    }

    private final class Held<Value>: @unchecked Sendable {
        let value: Value
        init(_ value: Value) { self.value = value }
    }

    /// Runs what was posted. Says whether there was anything.
    func runPosted() -> Bool {
        let works = posted
        posted = []
        for work in works { work() }
        return !works.isEmpty
    }

    /// When the next timer is due.
    var deadline: Instant? { timers.compactMap(\.deadline).min() }

    /// Moves the clock to `instant`, and fires what is due then.
    func advance(to instant: Instant) {
        now = max(now, instant)
        for timer in timers {
            guard let deadline = timer.deadline, deadline <= now else { continue }
            timer.deadline = nil
            timer.action()
        }
    }
}

/// A safety log that writes and syncs at once when it is wanted or, if it is held, when the test
/// says so.
final class HeldLog: NodeLog, @unchecked Sendable {
    private let log: SafetyLog
    private let onDurable: (LogPosition) -> Void
    private let onFailure: (StorageError) -> Void
    private var pendingByteCount = 0
    private var end: LogPosition?
    private var isWanted = false
    private var failure: StorageError?

    /// Whether nothing becomes durable.
    var isHeld = false
    /// The bytes of records that may wait.
    var byteLimit = 1 << 20
    /// The records taken, not all of them durable.
    private(set) var takenCount = 0
    /// The records that it had no room for.
    private(set) var refusalCount = 0
    /// How far it was told to give records up, each time.
    private(set) var retired: [LogPosition] = []
    private(set) var durablePosition: LogPosition?

    init(
        _ log: SafetyLog, onDurable: @escaping (LogPosition) -> Void,
        onFailure: @escaping (StorageError) -> Void
    ) {
        self.log = log
        self.onDurable = onDurable
        self.onFailure = onFailure
    }

    func append(type: UInt8, parts: [[UInt8]], isUrgent: Bool) -> LogPosition? {
        let byteCount = parts.reduce(0) { $0 + $1.count }
        guard failure == nil else { return nil }
        guard pendingByteCount == 0 || pendingByteCount + byteCount <= byteLimit else {
            refusalCount += 1
            isWanted = true
            return nil
        }
        do throws(StorageError) {
            end = try log.append(type: type, parts: parts)
        } catch {
            fail(error)
            return nil
        }
        takenCount += 1
        pendingByteCount += byteCount
        if isUrgent { isWanted = true }
        return end
    }

    func requestFlush() { isWanted = true }

    func settle() -> Bool { isWanted && !isHeld && failure == nil }

    func writeHere() {
        guard settle() else { return }
        flush()
    }

    func truncate(upTo position: LogPosition) { retired.append(position) }

    /// Has everything taken so far durable, and says so.
    func flush() {
        guard failure == nil else { return }
        do throws(StorageError) {
            try log.commit()
        } catch {
            return fail(error)
        }
        isWanted = false
        pendingByteCount = 0
        guard let end, end != durablePosition else { return }
        durablePosition = end
        onDurable(end)
    }

    private func fail(_ error: StorageError) {
        failure = error
        onFailure(error)
    }
}

/// Signs and verifies at once or, if it is held, when the test says so.
final class HeldCrypto: NodeCrypto, @unchecked Sendable {
    private var jobs: [() -> Void] = []
    /// Whether nothing is finished.
    var isHeld = false
    /// Whether nothing is taken.
    var isFull = false
    private(set) var signedCount = 0
    /// How many messages were verified with each other, each time.
    private(set) var batchSizes: [Int] = []

    func sign(
        _ statement: [UInt8], with key: SigningKey,
        completion: @escaping @Sendable ([UInt8]) -> Void
    ) throws(CryptoPoolError) {
        guard !isFull else { throw .full }
        signedCount += 1
        jobs.append { completion(key.sign(statement)) }
    }

    func verify<Message: Authenticated>(
        batch: [Message], keys: ValidatorKeys,
        completion: @escaping @Sendable ([Result<Verified<Message>, VerificationError>]) -> Void
    ) throws(CryptoPoolError) {
        guard !isFull else { throw .full }
        batchSizes.append(batch.count)
        jobs.append {
            completion(
                batch.map { message in
                    Result { () throws(VerificationError) in try keys.verify(message) }
                })
        }
    }

    /// Finishes what was asked for, held or not. Says whether there was anything.
    func finish() -> Bool {
        let jobs = jobs
        self.jobs = []
        for job in jobs { job() }
        return !jobs.isEmpty
    }
}

/// A network that keeps what is sent until the test takes it.
final class HeldTransport: NetworkTransport {
    struct Sent {
        let bytes: [UInt8]
        let lane: Lane
        /// Every peer, if there is none.
        let recipient: ValidatorIndex?
    }

    weak var delegate: (any NetworkTransportDelegate)?
    var connectedPeers: [ValidatorIndex] = []
    private(set) var sent: [Sent] = []
    /// The peers whose links were cut, in that order.
    private(set) var cut: [ValidatorIndex] = []
    /// The peers that may connect again, in that order.
    private(set) var allowed: [ValidatorIndex] = []

    func send(
        _ kind: UInt8, _ payload: [UInt8], lane: Lane, to peer: ValidatorIndex
    ) -> SendOutcome {
        sent.append(Sent(bytes: payload, lane: lane, recipient: peer))
        return .queued
    }

    func broadcast(
        _ kind: UInt8, _ payload: [UInt8], lane: Lane
    ) -> [(peer: ValidatorIndex, outcome: SendOutcome)] {
        sent.append(Sent(bytes: payload, lane: lane, recipient: nil))
        return []
    }

    func disconnect(_ peer: ValidatorIndex) { cut.append(peer) }

    func allow(_ peer: ValidatorIndex) { allowed.append(peer) }

    func takeSent() -> [Sent] {
        defer { sent = [] }
        return sent
    }
}
