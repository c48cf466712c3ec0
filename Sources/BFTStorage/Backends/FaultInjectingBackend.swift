public import BFTBase
import Synchronization

/// What goes wrong in a `FaultInjectingBackend`.
public struct StorageFaults: Sendable, Equatable {
    /// The number of the write that fails, from 1. It changes nothing.
    public var failingWrite: Int?
    /// The number of the sync that fails, from 1. What it should have saved is lost at the next
    /// power cut, also if a later sync succeeds.
    public var failingSync: Int?
    /// The number of bytes of batches for which there is room.
    public var roomByteCount: Int?

    public init(failingWrite: Int? = nil, failingSync: Int? = nil, roomByteCount: Int? = nil) {
        self.failingWrite = failingWrite
        self.failingSync = failingSync
        self.roomByteCount = roomByteCount
    }
}

/// A store in memory that fails as told, and forgets what is not synced when the power is cut.
public final class FaultInjectingBackend: StorageBackend {
    /// A batch that is not synced yet.
    private struct Pending {
        let batch: WriteBatch
        /// Whether it was written ahead.
        let isLogged: Bool
    }

    private struct State {
        var durable: StorageContents
        var current: StorageContents
        /// The batches since the last sync, in order.
        var pending: [Pending] = []
        /// Whether a failed sync has dropped batches that are still readable.
        var hasLostWrites = false
        var faults: StorageFaults
        var writeCount = 0
        var syncCount = 0
        var writtenByteCount = 0
        var isClosed = false

        /// Counts a write of so many bytes, and returns why it fails if it does.
        mutating func noteWrite(of byteCount: Int) -> StorageError? {
            writeCount += 1
            if writeCount == faults.failingWrite {
                return .io(operation: "write", path: "memory", reason: "injected fault")
            }
            if let room = faults.roomByteCount, writtenByteCount + byteCount > room {
                return .diskFull(path: "memory")
            }
            writtenByteCount += byteCount
            return nil
        }
    }

    private let state: Mutex<State>

    /// A store that holds `contents` durably.
    public init(_ contents: StorageContents = StorageContents(), faults: StorageFaults = .init()) {
        state = Mutex(State(durable: contents, current: contents, faults: faults))
    }

    /// What the store holds now, durable or not.
    public var contents: StorageContents { state.withLock { $0.current } }

    /// Goes wrong otherwise from now on. What was written so far counts as written.
    public func setFaults(_ change: (inout StorageFaults) -> Void) {
        state.withLock { change(&$0.faults) }
    }

    /// The bytes of batches written so far.
    public var writtenByteCount: Int { state.withLock { $0.writtenByteCount } }

    /// Stops this store and returns what the next start finds on its disk: what was synced, and
    /// as many of the batches since then, from the first on, as `random` says. Of those that were
    /// not written ahead it is another number: a store writes families down one by one.
    public func powerCut(_ random: inout SplitMix64) -> FaultInjectingBackend {
        let (durable, survivors) = stop(&random) { Int.random(in: 0...$0, using: &$1) }
        var contents = durable
        for pending in survivors { contents.apply(pending.batch) }
        return FaultInjectingBackend(contents)
    }

    /// Stops this store as if only the process had ended, and returns what is found then: all that
    /// was written ahead, and of the rest as many batches as `random` says. None of it is safe from
    /// a later power cut that was not before.
    public func crash(_ random: inout SplitMix64) -> FaultInjectingBackend {
        let (durable, survivors) = stop(&random) { count, _ in count }
        let next = FaultInjectingBackend(durable)
        next.state.withLock { state in
            for pending in survivors { state.current.apply(pending.batch) }
            state.pending = survivors
        }
        return next
    }

    /// Closes the store. Returns what is durable and, in order, what else survives.
    private func stop(
        _ random: inout SplitMix64, keeping loggedCount: (Int, inout SplitMix64) -> Int
    ) -> (durable: StorageContents, survivors: [Pending]) {
        let (durable, pending) = state.withLock { state in
            state.isClosed = true
            return (state.durable, state.hasLostWrites ? [] : state.pending)
        }
        var logged = loggedCount(pending.count { $0.isLogged }, &random)
        var unlogged = Int.random(in: 0...pending.count { !$0.isLogged }, using: &random)
        let survivors = pending.filter { pending in
            if pending.isLogged { logged -= 1 } else { unlogged -= 1 }
            return (pending.isLogged ? logged : unlogged) >= 0
        }
        return (durable, survivors)
    }

    /// Stops this store and returns what the next start finds if nothing unsynced survives.
    public func powerCut() -> FaultInjectingBackend {
        FaultInjectingBackend(
            state.withLock { state in
                state.isClosed = true
                return state.durable
            })
    }

    private func attempt<Value: Sendable>(
        _ body: (inout State) -> Result<Value, StorageError>
    ) throws(StorageError) -> Value {
        let result: Result<Value, StorageError> = state.withLock { state in
            state.isClosed ? .failure(.closed) : body(&state)
        }
        return try result.get()
    }

    public func write(_ batch: WriteBatch) throws(StorageError) {
        try write(batch, isLogged: true)
    }

    public func writeUnlogged(_ batch: WriteBatch) throws(StorageError) {
        try write(batch, isLogged: false)
    }

    private func write(_ batch: WriteBatch, isLogged: Bool) throws(StorageError) {
        try attempt { state -> Result<Void, StorageError> in
            if let failure = state.noteWrite(of: batch.byteCount) { return .failure(failure) }
            state.current.apply(batch)
            state.pending.append(Pending(batch: batch, isLogged: isLogged))
            return .success(())
        }
    }

    public func ingest(_ run: SortedRun, into family: ColumnFamily) throws(StorageError) {
        try attempt { state -> Result<Void, StorageError> in
            if let failure = state.noteWrite(of: run.byteCount) { return .failure(failure) }
            state.current.apply(run, to: family)
            state.durable.apply(run, to: family)
            return .success(())
        }
    }

    public func sync() throws(StorageError) {
        try attempt { state -> Result<Void, StorageError> in
            state.syncCount += 1
            if state.syncCount == state.faults.failingSync {
                state.hasLostWrites = true
                return .failure(.io(operation: "sync", path: "memory", reason: "injected fault"))
            }
            if !state.hasLostWrites {
                state.durable = state.current
                state.pending.removeAll()
            }
            return .success(())
        }
    }

    public func get(_ family: ColumnFamily, key: RawSpan) throws(StorageError) -> [UInt8]? {
        try attempt { .success($0.current) }.get(family, key: key)
    }

    public func forEach(
        in family: ColumnFamily, _ range: KeyRange, limit: Int, reverse: Bool,
        _ body: (_ key: RawSpan, _ value: RawSpan) -> Bool
    ) throws(StorageError) {
        try attempt { .success($0.current) }
            .forEach(in: family, range, limit: limit, reverse: reverse, body)
    }

    public func checkpoint(to directory: String) throws(StorageError) {
        throw .io(operation: "checkpoint", path: directory, reason: "a faulty store makes none")
    }

    public func metrics() throws(StorageError) -> StorageMetrics {
        try attempt { .success($0.current.metrics) }
    }

    public func close() { state.withLock { $0.isClosed = true } }
}
