internal import BFTBase
internal import CMicroHTTP
internal import Glibc
internal import Synchronization

/// The thread of an HTTP server: libmicrohttpd does the protocol, and after each of its rounds
/// the loop cuts whoever takes too long.
///
/// libmicrohttpd's own timeout counts from the last byte, so a client that sends one byte now and
/// then would hold a connection for ever. These count from the start of the request.
final class HTTPLoop {
    /// A connection, for as long as it is open. Only the loop's thread touches it.
    final class Connection {
        enum Phase {
            case reading
            case waiting
            case writing
        }

        let socket: Int32
        var phase = Phase.reading
        var since: Instant
        var request: Request?
        var isCut = false

        init(socket: Int32, since: Instant) {
            self.socket = socket
            self.since = since
        }
    }

    /// A request that is being read or answered.
    final class Request {
        var content: HTTPRequest
        var droppedByteCount = 0
        var exchange: HTTPExchange?
        var isRefused = false

        init(_ content: HTTPRequest) { self.content = content }
    }

    private let router: HTTPRouter
    private let limits: HTTPLimits
    private let stopRequest: StopRequest
    private var daemon: OpaquePointer?
    private var connections: [ObjectIdentifier: Connection] = [:]
    private var isDraining = false

    init(router: HTTPRouter, limits: HTTPLimits, stopRequest: StopRequest) {
        self.router = router
        self.limits = limits
        self.stopRequest = stopRequest
    }

    /// Starts to serve `listener`, which belongs to the loop from now on if it can.
    func start(_ listener: ListeningSocket) -> Bool {
        var options = bft_mhd_options()
        options.listener = listener.descriptor
        options.connection_limit = UInt32(clamping: limits.connectionCount)
        options.connection_limit_per_address = UInt32(clamping: limits.connectionCountPerAddress)
        let longest = max(limits.requestTimeout, limits.responseTimeout, limits.answerTimeout)
        options.idle_timeout_seconds = UInt32(clamping: longest.nanoseconds / 1_000_000_000 + 1)
        options.connection_memory = limits.headerBytes
        options.context = Unmanaged.passUnretained(self).toOpaque()
        options.on_request = onRequest
        options.on_completed = onCompleted
        options.on_connection = onConnection
        daemon = bft_mhd_start(&options)
        return daemon != nil
    }

    /// Serves until it is told to stop, then ends in good order.
    func run() {
        guard let daemon else { return }
        while !stopRequest.isSet {
            MHD_run_wait(daemon, 50)
            sweep(Self.now())
        }
        drain(daemon)
        MHD_stop_daemon(daemon)
    }

    /// Takes no new connections, and lets the requests that are under way come to their end.
    private func drain(_ daemon: OpaquePointer) {
        isDraining = true
        let listener = MHD_quiesce_daemon(daemon)
        if listener >= 0 { Glibc.close(listener) }
        let deadline = Self.now().advanced(by: limits.drainTimeout)
        while connections.values.contains(where: { $0.phase != .reading }), Self.now() < deadline {
            MHD_run_wait(daemon, 10)
            sweep(Self.now())
        }
        // No connection may be suspended when the daemon stops.
        for connection in connections.values {
            connection.request?.exchange?.fail(.unavailable("the node stops"))
        }
        let last = Self.now().advanced(by: .milliseconds(500))
        while connections.values.contains(where: { $0.phase != .reading }), Self.now() < last {
            MHD_run_wait(daemon, 10)
        }
    }

    /// Ends what takes too long.
    private func sweep(_ now: Instant) {
        for connection in connections.values where !connection.isCut {
            guard limits.isOver(connection.phase, after: now.since(connection.since)) else {
                continue
            }
            guard connection.phase == .waiting else {
                cut(connection)
                continue
            }
            connection.request?.exchange?.fail(
                HTTPFailure(
                    status: 504, reason: "no answer in time: what was asked may still happen"))
        }
    }

    /// Makes the other side of libmicrohttpd's socket look closed, so that it closes it.
    private func cut(_ connection: Connection) {
        connection.isCut = true
        shutdown(connection.socket, Int32(SHUT_RDWR))
    }

    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }

    // MARK: What libmicrohttpd calls

    func opened(_ handle: OpaquePointer) -> Connection {
        let connection = Connection(socket: bft_mhd_socket(handle), since: Self.now())
        connections[ObjectIdentifier(connection)] = connection
        return connection
    }

    func closed(_ connection: Connection) {
        connections[ObjectIdentifier(connection)] = nil
    }

    /// The header is there. Returns `.NO` to close the connection.
    func begin(_ handle: OpaquePointer, _ request: Request) -> MHD_Result {
        let declared = Self.header(handle, "Content-Length").flatMap { UInt64($0) } ?? 0
        guard declared > UInt64(limits.bodyBytes) else { return .YES }
        // Nothing of the body is read, so the connection ends with this answer.
        request.isRefused = true
        return queue(handle, tooLarge)
    }

    private var tooLarge: HTTPExchange.Response {
        .failure(
            HTTPFailure(status: 413, reason: "a body has at most \(limits.bodyBytes) bytes"))
    }

    /// A part of the body is there.
    func collect(_ request: Request, _ part: UnsafeRawBufferPointer) -> MHD_Result {
        let room = limits.bodyBytes - request.content.body.count
        guard part.count > room || request.droppedByteCount > 0 else {
            request.content.body.append(contentsOf: part)
            return .YES
        }
        // A body without a declared length only turns out to be too large. As much again is read,
        // so that its sender sees the answer; not without end. (One part is at most as large as
        // the memory of the connection.)
        request.content.body = []
        request.droppedByteCount += part.count
        return request.droppedByteCount > limits.bodyBytes + limits.headerBytes ? .NO : .YES
    }

    /// The whole request is there, or its answer is.
    func complete(
        _ handle: OpaquePointer, _ connection: Connection, _ request: Request
    ) -> MHD_Result {
        guard !request.isRefused else { return .YES }
        guard request.droppedByteCount == 0 else { return queue(handle, tooLarge) }
        if request.exchange == nil {
            let exchange = HTTPExchange()
            request.exchange = exchange
            connection.request = request
            connection.phase = .waiting
            connection.since = Self.now()
            if isDraining {
                exchange.fail(.unavailable("the node stops"))
            } else {
                router.route(request.content, exchange)
            }
            request.content.body = []
        }
        guard let response = request.exchange?.take(orSuspend: handle) else { return .YES }
        connection.phase = .writing
        connection.since = Self.now()
        return queue(handle, response)
    }

    /// The request is over, however it went.
    func finished(_ connection: Connection?, _ request: Request) {
        request.exchange?.abandon()
        connection?.request = nil
        connection?.phase = .reading
        connection?.since = Self.now()
    }

    private func queue(_ handle: OpaquePointer, _ answer: HTTPExchange.Response) -> MHD_Result {
        let response = answer.body.withUnsafeBytes { bytes in
            MHD_create_response_from_buffer(
                bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress),
                .RESPMEM_MUST_COPY)
        }
        guard let response else { return .NO }
        defer { MHD_destroy_response(response) }
        MHD_add_response_header(response, "Content-Type", answer.contentType)
        MHD_add_response_header(response, "Cache-Control", "no-store")
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff")
        if isDraining { MHD_add_response_header(response, "Connection", "close") }
        for (name, value) in answer.headers { MHD_add_response_header(response, name, value) }
        return MHD_queue_response(handle, UInt32(answer.status), response)
    }

    static func header(_ handle: OpaquePointer, _ name: String) -> String? {
        MHD_lookup_connection_value(handle, .HEADER_KIND, name).map { String(cString: $0) }
    }

    /// The type of the body, in lower case and without parameters.
    static func contentType(_ handle: OpaquePointer) -> String {
        let value = header(handle, "Content-Type") ?? ""
        let type = value.prefix { $0 != ";" }
        return type.lowercased().filter { $0 != " " && $0 != "\t" }
    }
}

extension HTTPLimits {
    /// Whether a connection has been in `phase` for longer than it may.
    func isOver(_ phase: HTTPLoop.Connection.Phase, after age: Interval) -> Bool {
        switch phase {
        case .reading: requestTimeout < age
        case .waiting: answerTimeout < age
        case .writing: responseTimeout < age
        }
    }
}

/// How any thread tells the loop to stop.
final class StopRequest: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .acquiring) }
    /// Returns whether it was set before.
    func set() -> Bool { flag.exchange(true, ordering: .acquiringAndReleasing) }
}

// The calls of libmicrohttpd, all on the thread of the loop that `context` is.

private func onConnection(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
    _ event: MHD_ConnectionNotificationCode
) {
    guard let context, let handle, let slot else { return }
    let loop = Unmanaged<HTTPLoop>.fromOpaque(context).takeUnretainedValue()
    if event == .CONNECTION_NOTIFY_STARTED {
        slot.pointee = Unmanaged.passRetained(loop.opened(handle)).toOpaque()
    } else if let opaque = slot.pointee {
        slot.pointee = nil
        loop.closed(Unmanaged<HTTPLoop.Connection>.fromOpaque(opaque).takeRetainedValue())
    }
}

private func onRequest(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?, _ path: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?,
    _ part: UnsafePointer<CChar>?, _ partByteCount: UnsafeMutablePointer<Int>?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let handle, let path, let method, let partByteCount, let slot,
        let opaque = bft_mhd_context(handle)
    else { return .NO }
    let loop = Unmanaged<HTTPLoop>.fromOpaque(context).takeUnretainedValue()
    let connection = Unmanaged<HTTPLoop.Connection>.fromOpaque(opaque).takeUnretainedValue()
    guard let known = slot.pointee else {
        let request = HTTPLoop.Request(
            HTTPRequest(
                method: String(cString: method), path: String(cString: path),
                contentType: HTTPLoop.contentType(handle)))
        slot.pointee = Unmanaged.passRetained(request).toOpaque()
        return loop.begin(handle, request)
    }
    let request = Unmanaged<HTTPLoop.Request>.fromOpaque(known).takeUnretainedValue()
    guard partByteCount.pointee > 0 else { return loop.complete(handle, connection, request) }
    defer { partByteCount.pointee = 0 }
    return loop.collect(
        request, UnsafeRawBufferPointer(start: part, count: partByteCount.pointee))
}

private func onCompleted(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?,
    _ slot: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ reason: MHD_RequestTerminationCode
) {
    guard let context, let handle, let slot, let known = slot.pointee else { return }
    slot.pointee = nil
    let loop = Unmanaged<HTTPLoop>.fromOpaque(context).takeUnretainedValue()
    let request = Unmanaged<HTTPLoop.Request>.fromOpaque(known).takeRetainedValue()
    let connection = bft_mhd_context(handle).map {
        Unmanaged<HTTPLoop.Connection>.fromOpaque($0).takeUnretainedValue()
    }
    loop.finished(connection, request)
}
