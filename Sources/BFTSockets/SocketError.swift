import CLibUV

/// Why a socket can't be opened or used.
public enum SocketError: Error, Equatable, Sendable {
    /// Another socket listens on the port.
    case addressInUse(host: String, port: UInt16)
    /// The system refuses the port or the address to this user.
    case permissionDenied(host: String, port: UInt16)
    /// The text is neither an IP address nor a name that resolves.
    case badAddress(host: String)
    /// The address is none of this machine's.
    case addressNotAvailable(host: String, port: UInt16)
    /// Nobody listens at the address.
    case refused(host: String, port: UInt16)
    /// No route leads to the address.
    case unreachable(host: String, port: UInt16)
    case timedOut(host: String, port: UInt16)
    /// The other side dropped the connection.
    case reset(host: String, port: UInt16)
    /// The attempt was cancelled, or the loop ended first.
    case cancelled
    /// Any other failure: the system's code and its name.
    case other(code: Int32, name: String)

    /// The error that the libuv status `code` stands for.
    init(code: Int32, host: String, port: UInt16) {
        self =
            switch uv_errno_t(code) {
            case UV_EADDRINUSE: .addressInUse(host: host, port: port)
            case UV_EACCES, UV_EPERM: .permissionDenied(host: host, port: port)
            case UV_EADDRNOTAVAIL: .addressNotAvailable(host: host, port: port)
            case UV_ECONNREFUSED: .refused(host: host, port: port)
            case UV_ENETUNREACH, UV_EHOSTUNREACH, UV_ENETDOWN:
                .unreachable(host: host, port: port)
            case UV_ETIMEDOUT: .timedOut(host: host, port: port)
            case UV_ECONNRESET, UV_EPIPE, UV_ECONNABORTED: .reset(host: host, port: port)
            case UV_ECANCELED: .cancelled
            case UV_EAI_NONAME, UV_EAI_AGAIN, UV_EAI_FAIL, UV_EAI_NODATA, UV_EAI_ADDRFAMILY,
                UV_EAI_FAMILY, UV_EINVAL, UV_EAFNOSUPPORT:
                .badAddress(host: host)
            default: .other(code: code, name: String(cString: uv_err_name(code)))
            }
    }
}

extension SocketError: CustomStringConvertible {
    /// What failed, where, and what mends it.
    public var description: String {
        switch self {
        case .addressInUse(let host, let port):
            "\(Self.place(host, port)) is in use: stop the process that listens there or choose "
                + "another port"
        case .permissionDenied(let host, let port):
            "no permission to use \(Self.place(host, port)): ports below 1024 need a privilege, "
                + "choose a higher one"
        case .badAddress(let host):
            "'\(host)' is no address: give an IPv4 or IPv6 address or a name that resolves here"
        case .addressNotAvailable(let host, let port):
            "\(Self.place(host, port)) is not an address of this machine: give one that it has, "
                + "or 0.0.0.0 for all"
        case .refused(let host, let port): "nobody listens at \(Self.place(host, port))"
        case .unreachable(let host, let port): "no route leads to \(Self.place(host, port))"
        case .timedOut(let host, let port): "\(Self.place(host, port)) did not answer in time"
        case .reset(let host, let port): "\(Self.place(host, port)) dropped the connection"
        case .cancelled: "cancelled"
        case .other(_, let name): "the system reports \(name)"
        }
    }

    private static func place(_ host: String, _ port: UInt16) -> String {
        SocketAddress(host: host, port: port).description
    }
}
