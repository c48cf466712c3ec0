import BFTBase
import BFTCore
import BFTLedger
import BFTStorage

/// What the executor is asked to do, in order.
enum ExecutorJob: Sendable {
    case execute(CommittedBlock)
    case query(QueryBatch)
    case judge(Block, [Batch])
    case readRun(from: Height, for: ValidatorIndex)
    case readBatches([BatchReference], for: ValidatorIndex)
    case readBlock(Height, ticket: UInt64)
    /// Make everything executed so far durable.
    case sync(ticket: UInt64)
}

/// Queries that are answered from one state.
struct QueryBatch: Sendable {
    /// Whose query each is.
    var origins: [UInt64] = []
    var requests: [UInt8] = []
    var ends: [Int] = []

    mutating func append(_ origin: UInt64, _ write: (inout [UInt8]) -> Void) {
        write(&requests)
        origins.append(origin)
        ends.append(requests.count)
    }

    var isEmpty: Bool { origins.isEmpty }
}

/// What the executor did.
enum ExecutorOutcome: Sendable {
    /// With the results of the own batches, in the order of the block's payload.
    case executed(CommittedBlock, stateRoot: Digest, results: [BatchResults])
    case answered(QueryBatch, ResultWriter)
    case judged(Digest, isValid: Bool)
    case run(CommittedRun, for: ValidatorIndex)
    case batch(Batch, for: ValidatorIndex)
    case block(Block?, Certificate?, ticket: UInt64)
    case synced(ticket: UInt64)
    /// The disk refused. Nothing more is executed.
    case failed(StorageError)
}

/// The results of one own batch.
struct BatchResults: Sendable {
    let sequence: BatchSequence
    let results: ResultWriter
}

/// The application on a thread of its own, with its part of the disk.
///
/// Jobs are done in order. Outcomes are handed back in bunches: all that a wake-up's worth of jobs
/// produced, since a wake-up of the event loop costs more than most jobs.
final class Executor<App: Application>: @unchecked Sendable {
    private struct Queue {
        var jobs: [ExecutorJob] = []
        var isClosing = false
    }

    private let queue = Monitor(Queue())
    private let store: ChainStore
    private let own: ValidatorIndex
    private let onOutcomes: @Sendable ([ExecutorOutcome]) -> Void
    /// Used by the thread alone once it runs.
    private var application: App
    private var changes = StateChanges()
    /// The bytes of batches executed since the state was saved.
    private var unsavedByteCount = 0
    private var unsavedBlockCount = 0
    private var hasFailed = false
    private var thread: NamedThread?

    init(
        application: consuming sending App, store: ChainStore, own: ValidatorIndex,
        onOutcomes: @escaping @Sendable ([ExecutorOutcome]) -> Void
    ) {
        self.application = application
        self.store = store
        self.own = own
        self.onOutcomes = onOutcomes
    }

    func start() { thread = NamedThread("bft-execute") { [self] in run() } }

    func append(_ job: ExecutorJob) {
        let wasIdle = queue.withLock { queue in
            queue.jobs.append(job)
            return queue.jobs.count == 1
        }
        if wasIdle { queue.notify() }
    }

    /// Does what was asked for, then ends the thread.
    func close() {
        queue.withLock { $0.isClosing = true }
        queue.notify()
        thread?.join()
    }

    private func run() {
        while true {
            let (jobs, isClosing) = queue.withLock(when: { !$0.jobs.isEmpty || $0.isClosing }) {
                queue in
                defer { queue.jobs = [] }
                return (queue.jobs, queue.isClosing)
            }
            var outcomes: [ExecutorOutcome] = []
            for job in jobs where !hasFailed { perform(job, into: &outcomes) }
            if !outcomes.isEmpty { onOutcomes(outcomes) }
            if isClosing, jobs.isEmpty { return saveAtEnd() }
        }
    }

    /// Saves the state, so that the next start has nothing to execute again.
    private func saveAtEnd() {
        guard !hasFailed, unsavedBlockCount > 0 else { return }
        save()
        do throws(StorageError) {
            try store.save(&changes)
        } catch {
            onOutcomes([.failed(error)])
        }
    }

    private func perform(_ job: ExecutorJob, into outcomes: inout [ExecutorOutcome]) {
        do throws(StorageError) {
            switch job {
            case .execute(let block): outcomes.append(try execute(block))
            case .query(let batch): outcomes.append(answer(batch))
            case .judge(let block, let batches):
                let context = Self.context(of: block)
                outcomes.append(
                    .judged(block.digest, isValid: application.judge(context, batches)))
            case .readRun(let height, let peer):
                if let run = try store.run(from: height) { outcomes.append(.run(run, for: peer)) }
            case .readBatches(let references, let peer):
                for reference in references {
                    if let batch = try store.batch(reference) {
                        outcomes.append(.batch(batch, for: peer))
                    }
                }
            case .readBlock(let height, let ticket):
                outcomes.append(
                    .block(
                        try store.block(at: height), try store.certificate(at: height),
                        ticket: ticket))
            case .sync(let ticket):
                try store.sync()
                outcomes.append(.synced(ticket: ticket))
            }
        } catch {
            hasFailed = true
            outcomes.append(.failed(error))
        }
    }

    private static func context(of block: Block) -> BlockContext {
        BlockContext(height: block.height, time: block.time, proposer: block.proposer)
    }

    private func execute(_ committed: CommittedBlock) throws(StorageError) -> ExecutorOutcome {
        var results: [BatchResults] = []
        var scratch = ResultWriter()
        application.begin(Self.context(of: committed.block))
        for batch in committed.batches {
            scratch.removeAll()
            batch.forEachTransaction { application.execute($0, result: &scratch) }
            if batch.author == own {
                results.append(BatchResults(sequence: batch.sequence, results: scratch))
            }
        }
        let root = application.end()
        unsavedByteCount += committed.block.payloadByteCount
        unsavedBlockCount += 1
        if isSaveDue { save() }
        try store.keep(committed, stateRoot: root, changes: &changes)
        return .executed(committed, stateRoot: root, results: results)
    }

    /// Executing again what was executed since the state was saved takes a node a second or two.
    private var isSaveDue: Bool {
        unsavedByteCount >= NodeSettings.saveBytes || unsavedBlockCount >= NodeSettings.saveBlocks
    }

    private func save() {
        application.save(into: &changes)
        changes.isSave = true
        unsavedByteCount = 0
        unsavedBlockCount = 0
    }

    private func answer(_ batch: QueryBatch) -> ExecutorOutcome {
        var answers = ResultWriter()
        let requests = batch.requests.span.bytes
        var start = 0
        for end in batch.ends {
            application.query(requests.extracting(start..<end), answer: &answers)
            start = end
        }
        return .answered(batch, answers)
    }
}
