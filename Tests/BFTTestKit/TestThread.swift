import Glibc

/// A thread of its own, for what may block.
package struct TestThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let handle: pthread_t

    package init(_ run: @escaping @Sendable () -> Void) {
        var handle = pthread_t()
        let status = pthread_create(
            &handle, nil,
            { body in
                if let body { Unmanaged<Body>.fromOpaque(body).takeRetainedValue().run() }
                return nil
            }, Unmanaged.passRetained(Body(run)).toOpaque())
        precondition(status == 0, "no thread")
        self.handle = handle
    }

    /// Waits for its end.
    package func join() { pthread_join(handle, nil) }

    /// Lets it end alone.
    package static func detach(_ run: @escaping @Sendable () -> Void) {
        pthread_detach(TestThread(run).handle)
    }
}
