internal import CMicroHTTP
internal import Glibc
internal import Synchronization

/// An HTTP server on a thread of its own.
///
/// It is meant for the machine itself and for networks behind a proxy: there is neither TLS nor
/// a password.
public final class HTTPServer: Sendable {
    /// The port that it listens on, also if the system chose it.
    public let port: UInt16
    private let stopRequest = StopRequest()
    private let thread: Mutex<pthread_t?>

    /// Starts to serve. Port 0 takes a free port.
    public init(
        host: String, port: UInt16, limits: HTTPLimits = HTTPLimits(), service: any HTTPService
    ) throws(ListenError) {
        let listener = try ListeningSocket(host: host, port: port)
        let loop = HTTPLoop(
            router: HTTPRouter(service: service), limits: limits, stopRequest: stopRequest)
        guard loop.start(listener) else {
            listener.close()
            throw .notServed
        }
        self.port = listener.port
        var handle = pthread_t()
        let context = Unmanaged.passRetained(loop)
        let status = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                bft_name_thread("http")
                Unmanaged<HTTPLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        thread = Mutex(status == 0 ? handle : nil)
        guard status == 0 else {
            _ = stopRequest.set()
            context.takeRetainedValue().run()
            throw .notServed
        }
    }

    deinit { stop() }

    /// Stops: takes no new connections, waits for the answers under way as long as the limits
    /// say, closes. Returns when all that has happened. Not to be called by the service.
    public func stop() {
        _ = stopRequest.set()
        let handle = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let handle { pthread_join(handle, nil) }
    }
}
