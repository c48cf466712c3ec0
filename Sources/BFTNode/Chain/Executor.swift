import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTDisk
import BFTLedger
import BFTStorage

/// What the executor is asked to do, in order.
enum ExecutorJob: Sendable {
    /// With the places of its large batches in the log.
    case execute(CommittedBlock, places: [LogPosition?])
    case query(QueryBatch)
    case judge(Block, [Batch])
    case readBlocks(SyncRequest, for: ValidatorIndex)
    case readBatches([BatchReference], for: ValidatorIndex)
    case readBlock(Height, ticket: UInt64)
    /// Make everything executed so far durable.
    case sync
    /// The snapshot of the state has been written, or the disk has refused it.
    case saved(StorageError?)
}

/// Queries that are answered from one state.
struct QueryBatch: Sendable {
    /// Whose query each is.
    var origins: [UInt64] = []
    var requests: [UInt8] = []
    var ends: [Int] = []

    /// Returns how many bytes were written.
    mutating func append(_ origin: UInt64, _ write: (inout [UInt8]) -> Void) -> Int {
        let start = requests.count
        write(&requests)
        origins.append(origin)
        ends.append(requests.count)
        return requests.count - start
    }

    var isEmpty: Bool { origins.isEmpty }
}

/// Queries with their answers.
struct AnsweredQueries: Sendable {
    var origins: [UInt64] = []
    var answers = ResultWriter()
    /// The bytes of the requests.
    var requestByteCount = 0
}

/// What the executor did.
enum ExecutorOutcome: Sendable {
    /// With the results of the own batches, in the order of the block's payload.
    case executed(CommittedBlock, stateRoot: Digest, results: [BatchResults])
    case answered(AnsweredQueries)
    case judged(Digest, isValid: Bool)
    case blocks(LedgerMessage, for: ValidatorIndex)
    case batch(Batch, for: ValidatorIndex)
    /// A part of what the peer asked for was read and, if it is here, handed back, with so many
    /// bytes more than the request seemed to be about.
    case served(ValidatorIndex, cost: Int, unclaimed: Int)
    case block(StoredBlock?, ticket: UInt64)
    case synced
    /// The disk refused. Nothing more is executed.
    case failed(StorageError)
}

extension ExecutorJob {
    /// What a peer's request costs the executor, in reads of batches; 0 for all other jobs.
    var peerCost: Int {
        switch self {
        case .readBlocks: 16
        case .readBatches(let references, _): references.count
        default: 0
        }
    }

    /// How many bytes a peer's request seems to be about: what names say, as far as that can be,
    /// and no less than what a read of nothing costs.
    var claimedByteCount: Int {
        switch self {
        case .readBatches(let references, _): references.reduce(0) { $0 + Self.claim($1) }
        default: peerCost * Self.leastRead
        }
    }

    fileprivate static func claim(_ reference: BatchReference) -> Int {
        min(max(reference.byteCount, leastRead), Batch.byteLimit)
    }

    /// How many bytes of headers `answer` has beyond that, about.
    fileprivate func unclaimed(by answer: LedgerMessage?) -> Int {
        guard case .syncResponse(let run) = answer else { return 0 }
        let byteCount = run.blocks.reduce(0) { $0 + 256 + 64 * $1.payload.count }
        return max(0, byteCount - claimedByteCount)
    }

    private static var leastRead: Int { 4_096 }

    /// The first part of a peer's request, a read or few, and the rest of it.
    fileprivate var parted: (first: ExecutorJob, rest: ExecutorJob?) {
        guard case .readBatches(let references, let peer) = self, references.count > 1 else {
            return (self, nil)
        }
        return (
            .readBatches([references[0]], for: peer),
            .readBatches(Array(references.dropFirst()), for: peer)
        )
    }
}

/// The application on a thread of its own, with its part of the disk.
///
/// Jobs are done in order. What peers want to read comes after those that wait, a batch at a time:
/// it may be large, and there may be much of it. Outcomes are delivered together: all that a
/// wake-up's worth of jobs produced, since a wake-up of the event loop costs more than most jobs.
/// Large outcomes go earlier, and the thread waits while the loop has not taken those before: a
/// short request can have a long answer.
///
/// Blocks are flushed to disk after their outcomes were delivered, several with one write: when
/// enough have gathered, when somebody wants to read them, or when there is nothing else to do.
///
/// After the disk has failed nothing more is done.
final class Executor<App: Application>: @unchecked Sendable {
    private struct Queue {
        var jobs: [ExecutorJob] = []
        /// What peers want to read, each in its turn.
        var reads = Deque<ExecutorJob>()
        var isClosing = false

        var isIdle: Bool { jobs.isEmpty && reads.isEmpty }

        /// All jobs, and a part of what peers want to read.
        mutating func takeJobs() -> [ExecutorJob] {
            defer { jobs = [] }
            guard let read = reads.popFirst() else { return jobs }
            let (first, rest) = read.parted
            if let rest { reads.append(rest) }
            return jobs + [first]
        }
        /// The bytes of outcomes that the loop has not taken yet.
        var untakenByteCount = 0
    }

    /// Outcomes that are not delivered yet, and the bytes of the large ones.
    private struct OutcomeBuffer {
        var outcomes: [ExecutorOutcome] = []
        var byteCount = 0
    }

    private let queue = Monitor(Queue())
    private let store: ChainStore
    private let onOutcomes: @Sendable (_ outcomes: [ExecutorOutcome], _ byteCount: Int) -> Void
    /// Used by the thread alone once it runs.
    private var blocks: BlockExecutor<App>
    private var failure: StorageError?
    private var buffer = OutcomeBuffer()
    private var thread: NamedThread?
    private var saver: StateSaver?
    /// Whether the loop takes outcomes while this works.
    private var isBesideLoop = false

    /// Outcomes of this many bytes are delivered without waiting for the end of the jobs.
    static var outcomeByteLimit: Int { 4 << 20 }
    /// The thread waits while this many bytes are with the loop.
    static var untakenByteLimit: Int { 32 << 20 }

    /// So many blocks, or bytes of them, are executed before they are flushed.
    private static var unflushedBlockLimit: Int { 32 }
    private static var unflushedByteLimit: Int { 1 << 20 }
    /// Blocks are flushed once nothing was asked for so long.
    private static var idleLimit: Interval { .milliseconds(20) }

    init(
        application: consuming sending App, store: ChainStore, own: ValidatorIndex,
        policy: BlockExecutor<App>.SavePolicy = NodeSettings.savePolicy(),
        onOutcomes: @escaping @Sendable (_ outcomes: [ExecutorOutcome], _ byteCount: Int) -> Void
    ) {
        self.store = store
        blocks = BlockExecutor(
            application, store: store, own: own, policy: policy)
        self.onOutcomes = onOutcomes
    }

    func start() {
        isBesideLoop = true
        let saver = StateSaver(store) { [unowned self] in append(.saved($0)) }
        saver.start()
        self.saver = saver
        thread = NamedThread("bft-execute") { [self] in run() }
    }

    func append(_ job: ExecutorJob) {
        let wasIdle = queue.withLock { queue in
            defer {
                if job.peerCost == 0 { queue.jobs.append(job) } else { queue.reads.append(job) }
            }
            return queue.isIdle
        }
        if wasIdle { queue.notify() }
    }

    /// Notes that the loop has taken outcomes of `byteCount` bytes.
    func took(byteCount: Int) {
        guard byteCount > 0 else { return }
        queue.withLock { $0.untakenByteCount -= byteCount }
        queue.notify()
    }

    /// Does what was asked for, saves the state, and ends the thread.
    ///
    /// Returns what the disk refused, now or before.
    func close() -> StorageError? {
        queue.withLock { $0.isClosing = true }
        queue.notify()
        thread?.join()
        return failure
    }

    private func run() {
        while true {
            let (jobs, isClosing) = nextJobs()
            if isClosing, jobs.isEmpty { return close(saver) }
            perform(jobs)
        }
    }

    /// Does what was asked for so far on the calling thread, and says whether there was anything:
    /// for an executor that has no thread, since it was not started.
    func workHere() -> Bool {
        let jobs = queue.withLock { $0.takeJobs() }
        perform(jobs)
        return !jobs.isEmpty
    }

    /// Does `jobs`. If there are none, there is time to flush blocks.
    private func perform(_ jobs: [ExecutorJob]) {
        for job in jobs where failure == nil { perform(job) }
        deliverOutcomes()
        if jobs.isEmpty || isFlushDue { flush() }
    }

    /// Waits for jobs, but not for long while there are blocks to flush.
    private func nextJobs() -> ([ExecutorJob], isClosing: Bool) {
        let isReady = { (queue: Queue) in !queue.isIdle || queue.isClosing }
        let take = { (queue: inout Queue) in
            // Peers are not waited for at the end.
            if queue.isClosing { queue.reads.removeAll() }
            return (queue.takeJobs(), isClosing: queue.isClosing)
        }
        guard blocks.unflushedBlockCount > 0, failure == nil else {
            return queue.withLock(when: isReady, take)
        }
        return queue.withLock(when: isReady, within: Self.idleLimit, take)
    }

    private var isFlushDue: Bool {
        blocks.unflushedBlockCount >= Self.unflushedBlockLimit
            || blocks.unflushedByteCount >= Self.unflushedByteLimit
    }

    private func flush() {
        guard failure == nil else { return }
        do throws(StorageError) {
            try blocks.flush()
            if let save = blocks.takeSave() { saver?.append(save) }
        } catch {
            failure = error
            add(.failed(error))
            deliverOutcomes()
        }
    }

    private func deliverOutcomes() {
        guard !buffer.outcomes.isEmpty else { return }
        let full = buffer
        buffer = OutcomeBuffer()
        queue.withLock { $0.untakenByteCount += full.byteCount }
        onOutcomes(full.outcomes, full.byteCount)
    }

    /// Adds an outcome of so many bytes, and delivers what has gathered if that is much.
    private func add(_ outcome: ExecutorOutcome, byteCount: Int = 0) {
        buffer.outcomes.append(outcome)
        buffer.byteCount += byteCount
        guard buffer.byteCount >= Self.outcomeByteLimit else { return }
        deliverOutcomes()
        guard isBesideLoop else { return }
        queue.withLock(when: { $0.untakenByteCount < Self.untakenByteLimit || $0.isClosing }) {
            _ in
        }
    }

    /// Saves the state, so that the next start has nothing to execute again.
    private func close(_ saver: StateSaver?) {
        saver?.close()
        let last = queue.withLock { queue in
            defer { queue.jobs = [] }
            return queue.jobs
        }
        for job in last where failure == nil { perform(job) }
        guard failure == nil else { return }
        do throws(StorageError) {
            try blocks.saveOnClose()
        } catch {
            failure = error
        }
    }

    private func perform(_ job: ExecutorJob) {
        do throws(StorageError) {
            switch job {
            case .execute(let block, let places): execute(block, places)
            case .query(let batch): answer(batch)
            case .judge(let block, let batches):
                let context = BlockExecutor<App>.context(of: block)
                add(.judged(block.digest, isValid: blocks.application.judge(context, batches)))
            case .readBlocks(let request, let peer):
                try blocks.flush()
                let answer = try store.answer(request)
                if let answer {
                    add(.blocks(answer, for: peer), byteCount: LedgerLimits.syncByteLimit)
                }
                add(.served(peer, cost: job.peerCost, unclaimed: job.unclaimed(by: answer)))
            case .readBatches(let references, let peer):
                for reference in references {
                    let batch = try batch(reference)
                    let byteCount = batch?.encoded.count ?? 0
                    if let batch { add(.batch(batch, for: peer), byteCount: byteCount) }
                    let unclaimed = max(0, byteCount - ExecutorJob.claim(reference))
                    add(.served(peer, cost: 1, unclaimed: unclaimed))
                }
            case .readBlock(let height, let ticket):
                try blocks.flush()
                add(.block(try store.storedBlock(at: height), ticket: ticket))
            case .sync:
                try blocks.flush()
                try store.sync()
                add(.synced)
            case .saved(let failure):
                blocks.noteSaved()
                if let failure { throw failure }
            }
        } catch {
            failure = error
            add(.failed(error))
        }
    }

    /// A batch of an executed block. Blocks gather before they are flushed, also while peers read.
    private func batch(_ reference: BatchReference) throws(StorageError) -> Batch? {
        if let batch = try store.batch(reference) { return batch }
        guard blocks.unflushedBlockCount > 0 else { return nil }
        try blocks.flush()
        return try store.batch(reference)
    }

    private func execute(_ committed: CommittedBlock, _ places: [LogPosition?]) {
        let executed = blocks.execute(committed, at: places)
        add(
            .executed(committed, stateRoot: executed.stateRoot, results: executed.results),
            byteCount: executed.byteCount)
    }

    private func answer(_ batch: QueryBatch) {
        var answered = AnsweredQueries()
        let requests = batch.requests.span.bytes
        var start = 0
        for (origin, end) in zip(batch.origins, batch.ends) {
            blocks.application.query(requests.extracting(start..<end), answer: &answered.answers)
            answered.origins.append(origin)
            answered.requestByteCount += end - start
            start = end
            guard answered.answers.bytes.count >= Self.outcomeByteLimit else { continue }
            add(.answered(answered), byteCount: answered.answers.bytes.count)
            answered = AnsweredQueries()
        }
        guard !answered.origins.isEmpty else { return }
        add(.answered(answered), byteCount: answered.answers.bytes.count)
    }
}
