import Synchronization

/// What a store holds, as a value: two of them can be compared, and a copy is cheap.
public struct StorageContents: Sendable, Equatable {
    private var families = Array(repeating: SortedEntries(), count: ColumnFamily.allCases.count)

    /// Nothing.
    public init() {}

    /// Applies the operations of `batch` in order.
    public mutating func apply(_ batch: WriteBatch) {
        batch.forEach { kind, family, key, second in
            switch kind {
            case .put: families[family.index].set(key, to: second)
            case .delete: families[family.index].remove(key)
            case .deleteRange: families[family.index].removeRange(from: key, to: second)
            }
        }
    }

    /// Applies the changes of `run`.
    public mutating func apply(_ run: SortedRun, to family: ColumnFamily) {
        try? run.forEach { key, value throws(StorageError) in
            if let value {
                families[family.index].set(key, to: value)
            } else {
                families[family.index].remove(key)
            }
        }
    }

    public func get(_ family: ColumnFamily, key: RawSpan) -> [UInt8]? {
        families[family.index].value(of: key)
    }

    public func forEach(
        in family: ColumnFamily, _ range: KeyRange, limit: Int, reverse: Bool,
        _ body: (_ key: RawSpan, _ value: RawSpan) -> Bool
    ) {
        families[family.index].forEach(range, limit: limit, reverse: reverse, body)
    }

    public var metrics: StorageMetrics {
        StorageMetrics(
            families: families.map {
                .init(keyCount: UInt64($0.count), byteCount: UInt64($0.byteCount))
            }, bufferedByteCount: 0, pendingCompactionByteCount: 0)
    }
}

/// A store in memory, for tests and the simulator. The same calls give the same contents.
public final class MemoryBackend: StorageBackend {
    private struct State {
        var contents: StorageContents
        var checkpoints: [String: StorageContents] = [:]
        var isClosed = false
    }

    private let state: Mutex<State>

    /// A store that holds `contents`.
    public init(_ contents: StorageContents = StorageContents()) {
        state = Mutex(State(contents: contents))
    }

    /// What the store holds now. Stays as it is while the store goes on.
    public var contents: StorageContents { state.withLock { $0.contents } }

    /// The checkpoint that was made in `directory`, or `nil`: this backend keeps them in memory.
    public func checkpoint(at directory: String) -> StorageContents? {
        state.withLock { $0.checkpoints[directory] }
    }

    private func open() throws(StorageError) -> StorageContents {
        let contents = state.withLock { $0.isClosed ? nil : $0.contents }
        guard let contents else { throw .closed }
        return contents
    }

    public func get(_ family: ColumnFamily, key: RawSpan) throws(StorageError) -> [UInt8]? {
        try open().get(family, key: key)
    }

    public func ingest(_ run: SortedRun, into family: ColumnFamily) throws(StorageError) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.contents.apply(run, to: family) }
            return state.isClosed
        }
        if isClosed { throw .closed }
    }

    public func write(_ batch: WriteBatch) throws(StorageError) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.contents.apply(batch) }
            return state.isClosed
        }
        if isClosed { throw .closed }
    }

    public func sync() throws(StorageError) { _ = try open() }

    public func forEach(
        in family: ColumnFamily, _ range: KeyRange, limit: Int, reverse: Bool,
        _ body: (_ key: RawSpan, _ value: RawSpan) -> Bool
    ) throws(StorageError) {
        try open().forEach(in: family, range, limit: limit, reverse: reverse, body)
    }

    public func checkpoint(to directory: String) throws(StorageError) {
        let contents = try open()
        let isNew = state.withLock { state in
            guard state.checkpoints[directory] == nil else { return false }
            state.checkpoints[directory] = contents
            return true
        }
        guard isNew else {
            throw .io(operation: "checkpoint", path: directory, reason: "it exists already")
        }
    }

    public func metrics() throws(StorageError) -> StorageMetrics { try open().metrics }

    public func close() { state.withLock { $0.isClosed = true } }
}
