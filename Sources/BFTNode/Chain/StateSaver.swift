import BFTChain
import BFTDisk
import BFTStorage
import Glibc

/// Writes the application's state on a thread of its own, so that execution goes on meanwhile.
///
/// The thread gives way to all others of the machine: nobody waits for it.
final class StateSaver: @unchecked Sendable {
    private struct State {
        var save: StateSave?
        var isBusy = false
        var isClosing = false
    }

    private let state = Monitor(State())
    private let store: ChainStore
    private let onDone: @Sendable (StorageError?) -> Void
    private var thread: NamedThread?

    private static let niceness: Int32 = 10

    /// - Parameter onDone: told of the end of each save, on the saver's thread.
    init(_ store: ChainStore, onDone: @escaping @Sendable (StorageError?) -> Void) {
        self.store = store
        self.onDone = onDone
    }

    func start() { thread = NamedThread("bft-save") { [self] in run() } }

    /// - Precondition: the last save is done.
    func append(_ save: StateSave) {
        state.withLock { state in
            precondition(state.save == nil && !state.isBusy, "one save at a time")
            state.save = save
        }
        state.notify()
    }

    /// Waits for the save under way, and ends the thread.
    func close() {
        state.withLock { $0.isClosing = true }
        state.notify()
        thread?.join()
    }

    private func run() {
        // For this thread alone, on Linux. If it is refused, the thread is as quick as others.
        _ = setpriority(Int32(PRIO_PROCESS.rawValue), 0, Self.niceness)
        while let save = next() {
            let failure = write(save)
            state.withLock { $0.isBusy = false }
            onDone(failure)
        }
    }

    private func next() -> StateSave? {
        state.withLock(when: { $0.save != nil || $0.isClosing }) { state in
            defer { state.save = nil }
            state.isBusy = state.save != nil
            return state.save
        }
    }

    private func write(_ save: StateSave) -> StorageError? {
        do throws(StorageError) {
            try store.write(save)
            return nil
        } catch {
            return error
        }
    }
}
