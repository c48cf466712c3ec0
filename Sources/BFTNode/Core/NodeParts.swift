import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTCrypto
import BFTDisk
import BFTLedger
import BFTSockets
import BFTStorage
import BFTWire

/// What a core works with. One that ships has threads for it, a test holds each part in its hand;
/// either way the core is compiled for its parts, and a call to one costs what any call does.
protocol NodeParts: Sendable {
    associatedtype Loop: NodeLoop
    associatedtype Log: NodeLog
    associatedtype Crypto: NodeCrypto
    associatedtype Jobs: NodeJobs
}

/// The parts of a node that ships.
enum ThreadedParts<App: Application>: NodeParts {
    typealias Loop = EventLoop
    typealias Log = GroupCommitLog
    typealias Crypto = CryptoPool
    typealias Jobs = Executor<App>
}

/// The one thread that a core lives on, and its clocks.
protocol NodeLoop: AnyObject, Sendable {
    associatedtype Timer: NodeTimer

    var now: Instant { get }
    /// Only proposals' times come from it.
    var wallTime: Timestamp { get }

    /// Runs `work` later, never within this call.
    @discardableResult
    func post(_ work: @escaping @Sendable () -> Void) -> Bool

    /// A timer with nothing scheduled yet. It does not fire once nobody holds it.
    func makeTimer(_ action: @escaping () -> Void) -> Timer

    /// What another thread may call, so that `body` runs here with `owner`.
    func callback<Owner: AnyObject, Value: Sendable>(
        to owner: Owner, _ body: @escaping @Sendable (Owner, Value) -> Void
    ) -> @Sendable (Value) -> Void
}

protocol NodeTimer: AnyObject {
    /// Fires once at `deadline`, instead of when it was scheduled before.
    func schedule(at deadline: Instant)
}

/// The safety log, as `GroupCommitLog` has it.
protocol NodeLog: AnyObject, Sendable {
    func append(type: UInt8, parts: [[UInt8]], isUrgent: Bool) -> LogPosition?
    func requestFlush()
    func settle() -> Bool
    func writeHere()
    func truncate(upTo position: LogPosition)
}

/// Who signs and verifies what takes long, as `CryptoPool` does.
protocol NodeCrypto: AnyObject, Sendable {
    func sign(
        _ statement: [UInt8], with key: SigningKey,
        completion: @escaping @Sendable ([UInt8]) -> Void
    ) throws(CryptoPoolError)

    func verify<Message: Authenticated>(
        batch: [Message], keys: ValidatorKeys,
        completion: @escaping @Sendable ([Result<Verified<Message>, VerificationError>]) -> Void
    ) throws(CryptoPoolError)
}

/// Who executes blocks and reads the store, as `Executor` does.
protocol NodeJobs: AnyObject, Sendable {
    func append(_ job: ExecutorJob)
    func took(byteCount: Int)
}

extension EventLoop: NodeLoop {
    var wallTime: Timestamp { WallClock.now }

    func makeTimer(_ action: @escaping () -> Void) -> LoopTimer { LoopTimer(loop: self, action) }

    func callback<Owner: AnyObject, Value: Sendable>(
        to owner: Owner, _ body: @escaping @Sendable (Owner, Value) -> Void
    ) -> @Sendable (Value) -> Void {
        let bound = LoopBound(owner, on: self)
        return { value in bound.loop.post { body(bound.value, value) } }
    }
}

extension LoopTimer: NodeTimer {}
extension GroupCommitLog: NodeLog {}
extension CryptoPool: NodeCrypto {}
extension Executor: NodeJobs {}
