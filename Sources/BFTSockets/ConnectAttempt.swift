public import BFTBase
import CLibUV

/// An attempt to connect that has not succeeded or failed yet.
///
/// A name may have several addresses; they are tried one after the other until one answers, all
/// within one time limit.
public final class ConnectAttempt {
    private let loop: EventLoop
    private let host: String
    private let port: UInt16
    private let options: TCPOptions
    private var completion: ((Result<TCPConnection, SocketError>) -> Void)?
    private var addresses: Deque<RawAddress> = Deque()
    private var lastError: SocketError
    private var trying: TCPConnection?
    private var resolving: UnsafeMutablePointer<uv_getaddrinfo_t>?
    private var timer: LoopTimer?

    fileprivate init(
        loop: EventLoop, host: String, port: UInt16, options: TCPOptions,
        completion: @escaping (Result<TCPConnection, SocketError>) -> Void
    ) {
        self.loop = loop
        self.host = host
        self.port = port
        self.options = options
        self.completion = completion
        lastError = .badAddress(host: host)
    }

    /// Gives up: the completion is called with `.cancelled`. Harmless when it was called already.
    public func cancel() {
        guard completion != nil else { return }
        loop.preconditionOnLoop()
        fail(.cancelled)
    }

    fileprivate func start(timeout: Interval) {
        guard !loop.isEnding else { return fail(.cancelled) }
        let error = SocketError.timedOut(host: host, port: port)
        let timer = LoopTimer(loop: loop) { [unowned self] in fail(error) }
        timer.schedule(after: timeout)
        self.timer = timer
        if let literal = RawAddress(literal: host, port: port) {
            addresses.append(literal)
            tryNext()
        } else {
            resolve()
        }
    }

    /// Reports on a later occasion, so that a completion never runs within `connect`.
    private func fail(_ error: SocketError) {
        guard let completion = finish() else { return }
        loop.runLater { completion(.failure(error)) }
    }

    private func finish() -> ((Result<TCPConnection, SocketError>) -> Void)? {
        defer { completion = nil }
        timer = nil
        trying?.abort()
        trying = nil
        addresses.removeAll()
        if let resolving { uv_cancel(Self.plain(resolving)) }
        return completion
    }

    private static func plain<Request>(
        _ request: UnsafeMutablePointer<Request>
    ) -> UnsafeMutablePointer<uv_req_t> {
        UnsafeMutableRawPointer(request).assumingMemoryBound(to: uv_req_t.self)
    }

    // MARK: Resolving

    private func resolve() {
        let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
        request.pointee.data = UnsafeMutableRawPointer(Unmanaged.passRetained(self).toOpaque())
        var hints = RawAddress.streamHints
        let resolved: uv_getaddrinfo_cb = { request, status, list in
            defer { uv_freeaddrinfo(list) }
            guard let request, let data = request.pointee.data else { return }
            request.deallocate()
            let attempt = Unmanaged<ConnectAttempt>.fromOpaque(data).takeRetainedValue()
            attempt.didResolve(status, RawAddress.list(list))
        }
        let status = uv_getaddrinfo(loop.uv, request, resolved, host, String(port), &hints)
        if status == 0 {
            resolving = request
        } else {
            Unmanaged<ConnectAttempt>.fromOpaque(request.pointee.data).release()
            request.deallocate()
            fail(SocketError(code: status, host: host, port: port))
        }
    }

    private func didResolve(_ status: Int32, _ found: [RawAddress]) {
        resolving = nil
        guard completion != nil else { return }
        guard status == 0 else { return fail(SocketError(code: status, host: host, port: port)) }
        for address in found { addresses.append(address) }
        tryNext()
    }

    // MARK: Trying

    private func tryNext() {
        while !loop.isEnding, let address = addresses.popFirst() {
            let connection = TCPConnection(loop: loop, options: options)
            guard let tcp = connection.connecting else { continue }
            let trial = Trial(attempt: self, connection: connection, address: address)
            let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
            request.pointee.data = Unmanaged.passRetained(trial).toOpaque()
            let status = address.withPointer {
                uv_tcp_connect(request, tcp, $0) { request, status in
                    guard let request, let data = request.pointee.data else { return }
                    request.deallocate()
                    let trial = Unmanaged<Trial>.fromOpaque(data).takeRetainedValue()
                    trial.attempt.didTry(trial, status)
                }
            }
            if status == 0 {
                trying = connection
                return
            }
            Unmanaged<Trial>.fromOpaque(request.pointee.data).release()
            request.deallocate()
            connection.abort()
            lastError = SocketError(code: status, host: host, port: port)
        }
        fail(loop.isEnding ? .cancelled : lastError)
    }

    private func didTry(_ trial: Trial, _ status: Int32) {
        guard trying === trial.connection else { return }
        trying = nil
        guard status == 0 else {
            trial.connection.abort()
            lastError = SocketError(code: status, host: host, port: port)
            return tryNext()
        }
        trial.connection.didConnect(to: trial.address)
        finish()?(.success(trial.connection))
    }
}

/// One address of an attempt, while libuv connects to it.
private final class Trial {
    let attempt: ConnectAttempt
    let connection: TCPConnection
    let address: RawAddress

    init(attempt: ConnectAttempt, connection: TCPConnection, address: RawAddress) {
        self.attempt = attempt
        self.connection = connection
        self.address = address
    }
}

extension TCPConnection {
    /// Connects to `host`, an IPv4 or IPv6 literal or a name, and calls `completion` once, later,
    /// with the open connection or the reason why there is none.
    ///
    /// The attempt need not be held.
    ///
    /// - Precondition: called on the loop.
    @discardableResult
    public static func connect(
        loop: EventLoop, host: String, port: UInt16, timeout: Interval,
        options: TCPOptions = TCPOptions(),
        completion: @escaping (Result<TCPConnection, SocketError>) -> Void
    ) -> ConnectAttempt {
        loop.preconditionOnLoop()
        let attempt = ConnectAttempt(
            loop: loop, host: host, port: port, options: options, completion: completion)
        attempt.start(timeout: timeout)
        return attempt
    }
}
