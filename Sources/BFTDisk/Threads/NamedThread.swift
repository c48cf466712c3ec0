import CSystemCalls
import Glibc

/// A thread with a name that a profiler shows.
package final class NamedThread: Sendable {
    private let ended = Monitor(false)

    /// Starts a thread that runs `body` once.
    ///
    /// - Parameter name: at most 15 bytes, as the kernel keeps them.
    package init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        final class Start {
            let name: String
            let body: @Sendable () -> Void
            let ended: Monitor<Bool>
            init(_ name: String, _ body: @escaping @Sendable () -> Void, _ ended: Monitor<Bool>) {
                (self.name, self.body, self.ended) = (name, body, ended)
            }
        }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Start(name, body, ended))
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                bft_name_thread(start.name)
                start.body()
                start.ended.withLock { $0 = true }
                start.ended.notify()
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            preconditionFailure("no thread for \(name): error \(code)")
        }
        pthread_detach(thread)
    }

    /// Waits until the thread's body has returned. Not to be called from that thread.
    package func join() { ended.withLock(when: { $0 }) { _ in } }
}
