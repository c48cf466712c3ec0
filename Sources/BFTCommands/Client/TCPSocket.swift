import BFTConfiguration
import Glibc

/// A TCP connection as a client has it, closed when the value ends.
struct TCPSocket: ~Copyable {
    let descriptor: Int32

    /// Why a connection fails.
    enum Failure: Error, Equatable {
        case unresolvable(String)
        case refused
        case timedOut
        case closed
        case system(Int32)

        var message: String {
            switch self {
            case .unresolvable(let why): "the name is not known: \(why)"
            case .refused: "the connection was refused"
            case .timedOut: "no answer in time"
            case .closed: "the other side closed the connection"
            case .system(let code): String(cString: strerror(code))
            }
        }

        var hint: String {
            switch self {
            case .unresolvable: "check the host's name, or write its address"
            case .refused: "is the node running? 'make run' or 'bft start --home …' starts one"
            case .timedOut: "is the node stuck? look at its log; --timeout waits longer"
            case .closed: "is this a node's port? look at the node's log"
            case .system: "check the address and the network"
            }
        }
    }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Connects within `deadline`. The socket never blocks afterwards.
    static func connect(
        to endpoint: Endpoint, within deadline: Deadline
    ) throws(Failure)
        -> TCPSocket
    {
        let socket = try begin(endpoint)
        try socket.wait(for: Int16(POLLOUT), within: deadline)
        try socket.finishConnecting()
        return socket
    }

    /// Begins to connect: the socket becomes writable once it is known how that ended.
    static func begin(_ endpoint: Endpoint) throws(Failure) -> TCPSocket {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(endpoint.host, String(endpoint.port), &hints, &list)
        guard code == 0, let first = list else {
            throw .unresolvable(String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(list) }
        let descriptor = Glibc.socket(
            first.pointee.ai_family,
            Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(errno) }
        let socket = TCPSocket(descriptor: descriptor)
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(4))
        let result = Glibc.connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen)
        guard result == 0 || errno == EINPROGRESS else { throw failure(errno) }
        return socket
    }

    /// Throws unless connecting succeeded. To be asked once the socket is writable.
    func finishConnecting() throws(Failure) {
        var code: Int32 = 0
        var length = socklen_t(4)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        guard code == 0 else { throw Self.failure(code) }
    }

    private func wait(for events: Int16, within deadline: Deadline) throws(Failure) {
        while true {
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let count = poll(&entry, 1, deadline.millisecondsLeft)
            if count > 0 { return }
            guard count == 0 || errno == EINTR else { throw .system(errno) }
            guard !deadline.isOver else { throw .timedOut }
        }
    }

    /// Sends all of `bytes`.
    func send(_ bytes: [UInt8], within deadline: Deadline) throws(Failure) {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress! + offset, bytes.count - offset,
                    Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                offset += count
            } else if errno == EAGAIN {
                try wait(for: Int16(POLLOUT), within: deadline)
            } else if errno != EINTR {
                throw Self.failure(errno)
            }
        }
    }

    /// The next bytes that arrive, at most `limit`; none at the end of the stream.
    func receive(limit: Int, within deadline: Deadline) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        while true {
            // Checked each time, so that a trickle of bytes can't hold a caller for ever.
            guard !deadline.isOver else { throw .timedOut }
            let count = recv(descriptor, &bytes, limit, 0)
            if count >= 0 {
                bytes.removeLast(limit - count)
                return bytes
            }
            if errno == EAGAIN {
                try wait(for: Int16(POLLIN), within: deadline)
            } else if errno != EINTR {
                throw Self.failure(errno)
            }
        }
    }

    private static func failure(_ code: Int32) -> Failure {
        switch code {
        case ECONNREFUSED: .refused
        case ETIMEDOUT: .timedOut
        case ECONNRESET, EPIPE: .closed
        default: .system(code)
        }
    }

    /// Whether a server can listen on `endpoint` now: nobody else does.
    static func canListen(on endpoint: Endpoint) -> Bool {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(endpoint.host, String(endpoint.port), &hints, &list) == 0,
            let first = list
        else { return false }
        defer { freeaddrinfo(list) }
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(first.pointee.ai_family, type, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(4))
        return bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0
            && listen(descriptor, 1) == 0
    }
}
