import BFTBase
import BFTDisk
import BFTStorage

/// A store that does not take the state of an application: each save waits until it is released,
/// and is refused.
final class RefusingBackend: StorageBackend {
    private struct State {
        var isSaving = false
        var isReleased = false
    }

    private let store = MemoryBackend()
    private let state = Monitor(State())

    /// Waits until a save is under way.
    func waitForSave() { state.withLock(when: { $0.isSaving }) { _ in } }

    func release() {
        state.withLock { $0.isReleased = true }
        state.notify()
    }

    func ingest(_ run: SortedRun, into family: ColumnFamily) throws(StorageError) {
        state.withLock { $0.isSaving = true }
        state.notify()
        state.withLock(when: { $0.isReleased }) { _ in }
        throw .diskFull(path: "memory")
    }

    func get(_ family: ColumnFamily, key: RawSpan) throws(StorageError) -> [UInt8]? {
        try store.get(family, key: key)
    }

    func write(_ batch: WriteBatch) throws(StorageError) { try store.write(batch) }

    func writeUnlogged(_ batch: WriteBatch) throws(StorageError) {
        try store.writeUnlogged(batch)
    }

    func sync() throws(StorageError) { try store.sync() }

    func forEach(
        in family: ColumnFamily, _ range: KeyRange, limit: Int, reverse: Bool,
        _ body: (_ key: RawSpan, _ value: RawSpan) -> Bool
    ) throws(StorageError) {
        try store.forEach(in: family, range, limit: limit, reverse: reverse, body)
    }

    func checkpoint(to directory: String) throws(StorageError) {
        try store.checkpoint(to: directory)
    }

    func metrics() throws(StorageError) -> StorageMetrics { try store.metrics() }

    func close() { store.close() }
}
