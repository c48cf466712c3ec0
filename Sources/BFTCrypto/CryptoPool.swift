public import BFTBase
public import BFTWire

/// Why the crypto pool did not take a job.
public enum CryptoPoolError: Error, Equatable, Sendable {
    /// As much is waiting as may wait.
    case full
    /// The pool was shut down.
    case stopped
}

/// Named threads that sign and verify, so that the event loop does not.
///
/// Signing goes first: a validator's own vote must not wait behind a flood of other people's. A
/// batch of messages to verify is cut into slices of a fraction of a millisecond that any thread
/// may take, so a signature waits for one slice at most; a batch completes once, so it costs its
/// owner one wake-up. What waits is bounded, and refused beyond.
public final class CryptoPool: Sendable {
    private let queue: PoolQueue
    private let threads: PoolThreads
    /// The number of threads.
    public let threadCount: Int

    /// - Precondition: there is at least one thread.
    public init(threads count: Int, queueLimit: Int = 16_384) {
        precondition(count > 0, "a pool has at least one thread")
        queue = PoolQueue(limit: queueLimit)
        threadCount = count
        threads = PoolThreads(count: count, queue: queue)
    }

    deinit { shutdown() }

    /// Refuses new jobs, carries out those that wait, and returns when the threads have ended.
    ///
    /// Called by one of the pool's own threads it ends that thread after its job, without waiting.
    public func shutdown() {
        queue.stop()
        threads.join()
    }

    /// Runs `job` on one of the threads, before anything that is to be verified.
    public func submit(_ job: @escaping @Sendable () -> Void) throws(CryptoPoolError) {
        try queue.appendUrgent(job)
    }

    /// Signs `statement` and hands the signature to `completion`, on one of the pool's threads.
    public func sign(
        _ statement: [UInt8], with key: SigningKey,
        completion: @escaping @Sendable ([UInt8]) -> Void
    ) throws(CryptoPoolError) {
        try submit { completion(key.sign(statement)) }
    }

    /// Verifies `batch` on all threads and calls `completion` once, on one of them, with a result
    /// for each message in the order of the batch.
    public func verify<Message: Authenticated>(
        batch: [Message], keys: ValidatorKeys,
        completion: @escaping @Sendable ([Result<Verified<Message>, VerificationError>]) -> Void
    ) throws(CryptoPoolError) {
        try queue.append(VerificationBatch(batch, keys: keys, completion: completion))
    }
}

/// A batch of messages, verified slice by slice by whichever threads are free.
private final class VerificationBatch<Message: Authenticated>: SlicedWork {
    typealias Outcome = Result<Verified<Message>, VerificationError>
    /// How much work a thread takes at once: what a signature may have to wait for.
    private static var sliceCost: Interval { .microseconds(200) }

    let messages: [Message]
    let keys: ValidatorKeys
    let completion: @Sendable ([Outcome]) -> Void
    let sliceCount: Int
    private let sliceLength: Int
    private let progress: Guarded<(outcomes: [[Outcome]], remaining: Int)>

    init(
        _ messages: [Message], keys: ValidatorKeys,
        completion: @escaping @Sendable ([Outcome]) -> Void
    ) {
        self.messages = messages
        self.keys = keys
        self.completion = completion
        let cost = messages.first.map { keys.verificationCost(of: $0).nanoseconds } ?? 0
        sliceLength = max(1, Int(Self.sliceCost.nanoseconds / max(cost, 1_000)))
        // An empty batch still has one slice: its completion is called like any other.
        sliceCount = max(1, (messages.count + sliceLength - 1) / sliceLength)
        progress = Guarded((Array(repeating: [], count: sliceCount), sliceCount))
    }

    var weight: Int { messages.count }

    func run(slice: Int) {
        let start = min(slice * sliceLength, messages.count)
        let end = min(start + sliceLength, messages.count)
        let outcomes = keys.verify(messages: messages[start..<end])
        let finished: [[Outcome]]? = progress.withLock { progress in
            progress.outcomes[slice] = outcomes
            progress.remaining -= 1
            return progress.remaining == 0 ? progress.outcomes : nil
        }
        if let finished { completion(finished.flatMap { $0 }) }
    }
}
