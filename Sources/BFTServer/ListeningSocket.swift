internal import CMicroHTTP
internal import Glibc

/// Why a server can't listen.
public enum ListenError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `host` is not the address of an interface in numbers, such as `127.0.0.1` or `::`.
    case badAddress(host: String)
    /// Another process, or another server of this one, listens there.
    case inUse(host: String, port: UInt16)
    /// The operating system says no. `reason` is its text.
    case refused(host: String, port: UInt16, reason: String)
    /// The HTTP library can't serve the socket.
    case notServed

    public var description: String {
        switch self {
        case .badAddress(let host):
            "'\(host)' is no numeric address to listen on: write 127.0.0.1, 0.0.0.0, ::1 or ::"
        case .inUse(let host, let port):
            "\(host) port \(port) is in use: stop what listens there, or name another port "
                + "(0 takes a free one)"
        case .refused(let host, let port, let reason):
            "can't listen on \(host) port \(port): \(reason)"
        case .notServed: "the HTTP server can't start: is the limit of open files too low?"
        }
    }
}

/// A TCP socket that listens, and does not block.
public struct ListeningSocket: Sendable {
    public let descriptor: Int32
    /// The port, also if the system chose it.
    public let port: UInt16

    /// Listens on `host`, an address in numbers. Port 0 takes a free port.
    public init(host: String, port: UInt16, backlog: Int32 = 1_024) throws(ListenError) {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let address = found else {
            throw .badAddress(host: host)
        }
        defer { freeaddrinfo(found) }
        let flags = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(address.pointee.ai_family, Int32(flags), 0)
        guard descriptor >= 0 else {
            throw .refused(host: host, port: port, reason: Self.reason())
        }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        let info = address.pointee
        guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0,
            listen(descriptor, backlog) == 0
        else {
            let error: ListenError =
                errno == EADDRINUSE
                ? .inUse(host: host, port: port)
                : .refused(host: host, port: port, reason: Self.reason())
            Glibc.close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.port = Self.localPort(descriptor)
    }

    /// Closes the socket, unless it was handed to somebody who does.
    public func close() { Glibc.close(descriptor) }

    private static func reason() -> String { String(cString: strerror(errno)) }

    private static func localPort(_ descriptor: Int32) -> UInt16 {
        var storage = sockaddr_storage()
        var count = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutableBytes(of: &storage) { bytes in
            guard let base = bytes.baseAddress else { return 0 }
            _ = getsockname(descriptor, base.assumingMemoryBound(to: sockaddr.self), &count)
            // The port stands in the same place in the addresses of both families.
            return UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        }
    }
}
