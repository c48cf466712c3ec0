public import BFTApplication
public import BFTBase
public import BFTCore
public import BFTLedger
public import BFTStorage

/// The results of one own batch, those of its last transactions left out if they are too large to
/// keep together.
public struct BatchResults: Sendable {
    public let reference: BatchReference
    public let results: ResultWriter
}

/// What executing one block gave.
public struct ExecutedBlock: Sendable {
    public let stateRoot: Digest
    /// Those of the own batches, in the order of the block's payload.
    public let results: [BatchResults]
    /// The bytes of the results.
    public let byteCount: Int
}

/// The application at the head of its chain: executes the next block, and keeps what it executed.
///
/// Results may be told before the block is flushed. What makes a command durable is the safety log
/// of a quorum, with its batch and the votes for its block; the store is synced now and then only,
/// and a crash always could take its last blocks. They are committed again from the logs.
///
/// Used by one thread at a time.
public struct BlockExecutor<App: Application> {
    /// When the application's state is written down.
    public struct SavePolicy: Sendable {
        /// After this many bytes of executed batches, or this many blocks.
        public var byteCount: Int
        public var blockCount: Int
        /// More bytes are executed between two saves if the last one was large: this many times
        /// its own, up to `byteCountLimit`.
        public var factor = 0
        public var byteCountLimit = Int.max
        /// Validators save their state in so many turns: those that save hold nothing up while a
        /// quorum goes on.
        public var turns = 1

        public init(byteCount: Int, blockCount: Int) {
            self.byteCount = byteCount
            self.blockCount = blockCount
        }
    }

    public private(set) var application: App
    private let store: ChainStore
    private let own: ValidatorIndex
    private let policy: SavePolicy
    private var changes = ChainChanges()
    /// The snapshot that is to be written as soon as the block that it is of is flushed.
    private var save: StateSave?
    private var isSaveUnderWay = false
    private var lastHeight = Height.zero
    /// How many blocks were executed and not flushed yet.
    public private(set) var unflushedBlockCount = 0
    /// The bytes of batches executed since the state was saved.
    private var unsavedByteCount: Int
    private var unsavedBlockCount = 0
    /// After how many of them it is saved next.
    private var saveByteLimit: Int

    /// The results of one own batch are kept up to this many bytes and those of one transaction.
    public static var resultByteLimit: Int { 32 << 20 }

    /// - Parameter application: as the last block in `store` left it.
    public init(
        _ application: consuming App, store: ChainStore, own: ValidatorIndex, policy: SavePolicy
    ) {
        self.application = application
        self.store = store
        self.own = own
        self.policy = policy
        saveByteLimit = policy.byteCount
        unsavedByteCount = own.rawValue % policy.turns * policy.byteCount / policy.turns
    }

    public static func context(of block: Block) -> BlockContext {
        BlockContext(height: block.height, time: block.time, proposer: block.proposer)
    }

    /// Executes the block that follows the last, and takes a snapshot of the state if that is due.
    ///
    /// - Parameter places: where its large batches stand in the log.
    public mutating func execute(
        _ committed: CommittedBlock, at places: [LogPosition?]
    ) -> ExecutedBlock {
        var results: [BatchResults] = []
        var byteCount = 0
        var scratch = ResultWriter()
        application.begin(Self.context(of: committed.block))
        for batch in committed.batches {
            // What nobody here waits for is not kept: a small batch can have large results.
            var kept = ResultWriter()
            let limit = batch.author == own ? Self.resultByteLimit : 0
            batch.forEachTransaction { transaction in
                if kept.bytes.count < limit {
                    application.execute(transaction, result: &kept)
                } else {
                    application.execute(transaction, result: &scratch)
                    scratch.removeAll()
                }
            }
            guard batch.author == own else { continue }
            byteCount += kept.bytes.count
            results.append(BatchResults(reference: batch.reference, results: kept))
        }
        let root = application.end()
        unsavedByteCount += committed.block.payloadByteCount
        unsavedBlockCount += 1
        lastHeight = committed.block.height
        if isSaveDue { snapshotState() }
        store.add(committed, at: places, stateRoot: root, to: &changes)
        unflushedBlockCount += 1
        return ExecutedBlock(stateRoot: root, results: results, byteCount: byteCount)
    }

    /// The bytes that `flush` would write.
    public var unflushedByteCount: Int { changes.byteCount }

    /// Writes every block that was executed to the store.
    public mutating func flush() throws(StorageError) {
        guard unflushedBlockCount > 0 else { return }
        try store.write(&changes)
        unflushedBlockCount = 0
    }

    /// The snapshot to be written, if there is one and its block is flushed. The host writes it to
    /// the store, beside everything else, and says so with `noteSaved`: only then is the next one
    /// taken.
    public mutating func takeSave() -> StateSave? {
        guard unflushedBlockCount == 0, let save else { return nil }
        self.save = nil
        isSaveUnderWay = true
        return save
    }

    public mutating func noteSaved() { isSaveUnderWay = false }

    /// Flushes and saves everything, so that the next start has nothing to execute again.
    ///
    /// - Precondition: no save is under way.
    public mutating func saveOnClose() throws(StorageError) {
        try flush()
        // The snapshot there is, and what changed since.
        if let save = takeSave() { try store.write(save) }
        guard unsavedBlockCount > 0 else { return }
        snapshotState()
        if let save = takeSave() { try store.write(save) }
    }

    /// Executing again what was executed since the state was saved takes a node a second or two for
    /// each 512 MiB.
    private var isSaveDue: Bool {
        save == nil && !isSaveUnderWay
            && (unsavedByteCount >= saveByteLimit || unsavedBlockCount >= policy.blockCount)
    }

    private mutating func snapshotState() {
        var save = StateSave(height: lastHeight)
        application.save(into: &save)
        saveByteLimit = min(
            max(policy.byteCount, policy.factor * save.byteCount), policy.byteCountLimit)
        self.save = save
        unsavedByteCount = 0
        unsavedBlockCount = 0
    }
}

extension BlockExecutor: Sendable where App: Sendable {}
