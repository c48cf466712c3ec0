import Glibc
import Synchronization

/// Threads that do the same work until there is no more.
final class Workers: Sendable {
    private let body: @Sendable () -> Void
    private let running: Mutex<Int>

    private init(count: Int, body: @escaping @Sendable () -> Void) {
        self.body = body
        running = Mutex(count)
    }

    /// Runs `body` on `count` threads, and `meanwhile` on this one now and then until all have
    /// returned.
    static func run(
        count: Int, _ body: @escaping @Sendable () -> Void, meanwhile: () -> Void
    ) throws(CommandFailure) {
        let workers = Workers(count: count, body: body)
        for started in 0..<count {
            guard workers.start() else {
                workers.running.withLock { $0 -= count - started }
                if started > 0 { break }
                throw CommandFailure("the system gives no thread", hint: "lower --jobs")
            }
        }
        while workers.running.withLock({ $0 > 0 }) {
            usleep(50_000)
            meanwhile()
        }
    }

    private func start() -> Bool {
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let workers = Unmanaged<Workers>.fromOpaque(context).takeRetainedValue()
                workers.body()
                workers.running.withLock { $0 -= 1 }
                return nil
            }, context.toOpaque())
        guard status == 0 else {
            context.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
