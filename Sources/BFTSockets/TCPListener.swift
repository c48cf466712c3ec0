import BFTBase
import CLibUV
import Glibc

/// Accepts TCP connections on one address. One that nobody holds any more stops listening.
///
/// How many connections there may be is for the caller to say, who calls `pause()` at the cap:
/// further ones wait in the system's queue. The socket is the listener's own and libuv only
/// watches it, because libuv itself can't stop accepting, and drops the waiting connections or
/// spins when the process has no file descriptor left. This listener rests a moment instead.
public final class TCPListener: HandleOwner {
    /// The port that is listened on: the one asked for, or the one the system chose for port 0.
    public let boundPort: UInt16
    /// Called when accepting fails for want of something, at most ten times a second.
    public var onFailure: ((SocketError) -> Void)?

    private let host: String
    private let options: TCPOptions
    private let onAccept: (TCPConnection) -> Void
    let descriptor: Int32
    private var poll: UnsafeMutablePointer<uv_poll_t>?
    private var isPaused = false
    private var rest: LoopTimer?

    /// After so many connections in one turn, others have their turn.
    private static let acceptLimit = 64
    private static let restInterval = Interval.milliseconds(100)

    /// Listens on `host`, an IPv4 or IPv6 literal or a name that resolves here (to its first IPv4
    /// address, if it has one), and `port`, 0 for any free one. Each connection is handed to
    /// `onAccept`, which sets its handlers or aborts it.
    ///
    /// Resolving a name blocks the thread.
    ///
    /// - Precondition: called on the loop.
    public init(
        loop: EventLoop, host: String, port: UInt16, backlog: Int32 = 1_024,
        options: TCPOptions = TCPOptions(), onAccept: @escaping (TCPConnection) -> Void
    ) throws(SocketError) {
        loop.preconditionOnLoop()
        guard !loop.isEnding else { throw .cancelled }
        let address = try Self.resolve(host, port, on: loop)
        let opened = try Self.open(address, backlog: backlog, host: host, port: port)
        descriptor = opened.descriptor
        boundPort = opened.port
        self.host = host
        self.options = options
        self.onAccept = onAccept
        super.init(loop: loop)
        let poll = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
        let status = uv_poll_init_socket(loop.uv, poll, descriptor)
        guard status == 0 else {
            poll.deallocate()
            _ = Glibc.close(descriptor)
            throw SocketError(code: status, host: host, port: port)
        }
        poll.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        self.poll = poll
        watch()
    }

    deinit { close() }

    /// Stops listening and frees the port. Harmless when done already.
    public func close() {
        guard let poll else { return }
        loop.preconditionOnLoop()
        self.poll = nil
        rest = nil
        uv_poll_stop(poll)
        Self.dispose(poll)
        _ = Glibc.close(descriptor)
    }

    override func loopEnds() { close() }

    /// Accepts no more connections until `resume()`.
    public func pause() {
        isPaused = true
        if let poll { uv_poll_stop(poll) }
    }

    public func resume() {
        isPaused = false
        if rest?.isScheduled != true { watch() }
    }

    private func watch() {
        guard let poll, !isPaused else { return }
        uv_poll_start(poll, Int32(UV_READABLE.rawValue)) { handle, _, _ in
            HandleOwner.from(handle?.pointee.data, as: TCPListener.self)?.acceptWaiting()
        }
    }

    private func acceptWaiting() {
        for _ in 0..<Self.acceptLimit where poll != nil && !isPaused {
            var peer = RawAddress()
            let accepted = peer.fill {
                accept4(
                    descriptor, $0, $1,
                    Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue))
            }
            if accepted >= 0 {
                hand(over: accepted, peer: peer)
                continue
            }
            switch errno {
            case EAGAIN: return
            // This connection failed before it was accepted: the next may be well.
            case ECONNABORTED, EINTR, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH:
                continue
            default: return takeRest(after: -errno)
            }
        }
    }

    private func hand(over accepted: Int32, peer: RawAddress) {
        let connection = TCPConnection(loop: loop, options: options)
        if connection.adopt(descriptor: accepted, peer: peer) {
            onAccept(connection)
        } else {
            connection.abort()
            _ = Glibc.close(accepted)
        }
    }

    /// The socket stays readable while nothing can be accepted: looks away for a while.
    private func takeRest(after code: Int32) {
        if let poll { uv_poll_stop(poll) }
        let timer = rest ?? LoopTimer(loop: loop) { [unowned self] in watch() }
        timer.schedule(after: Self.restInterval)
        rest = timer
        onFailure?(SocketError(code: code, host: host, port: boundPort))
    }

    // MARK: Opening

    private static func resolve(
        _ host: String, _ port: UInt16, on loop: EventLoop
    ) throws(SocketError) -> RawAddress {
        if let literal = RawAddress(literal: host, port: port) { return literal }
        var request = uv_getaddrinfo_t()
        var hints = RawAddress.streamHints
        let status = uv_getaddrinfo(loop.uv, &request, nil, host, String(port), &hints)
        guard status == 0 else { throw SocketError(code: status, host: host, port: port) }
        defer { uv_freeaddrinfo(request.addrinfo) }
        let found = RawAddress.list(request.addrinfo)
        guard let first = found.first(where: { $0.family == AF_INET }) ?? found.first else {
            throw .badAddress(host: host)
        }
        return first
    }

    private static func open(
        _ address: RawAddress, backlog: Int32, host: String, port: UInt16
    ) throws(SocketError) -> (descriptor: Int32, port: UInt16) {
        let kind =
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else { throw SocketError(code: -errno, host: host, port: port) }
        var on: Int32 = 1
        setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        let isBound = address.withPointer { bind(descriptor, $0, address.byteCount) } == 0
        guard isBound, listen(descriptor, backlog) == 0 else {
            let code = -errno
            _ = Glibc.close(descriptor)
            throw SocketError(code: code, host: host, port: port)
        }
        var bound = RawAddress()
        _ = bound.fill { getsockname(descriptor, $0, $1) }
        return (descriptor, bound.address.port)
    }
}
