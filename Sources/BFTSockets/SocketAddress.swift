import CLibUV
import Glibc

/// One end of a connection: an IP address and a port.
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 or IPv6 address without brackets or, where something is to be resolved, a name.
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// `192.0.2.1:80`, `[2001:db8::1]:80`.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// An address in the form that the system takes.
struct RawAddress {
    private var storage = sockaddr_storage()

    init() {}

    /// The address that an IPv4 or IPv6 literal spells, or `nil` if `host` is neither.
    init?(literal host: String, port: UInt16) {
        let isFour = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                uv_ip4_addr(host, Int32(port), $0) == 0
            }
        }
        if isFour { return }
        let isSix = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                uv_ip6_addr(host, Int32(port), $0) == 0
            }
        }
        if !isSix { return nil }
    }

    private init(copying address: UnsafePointer<sockaddr>, byteCount: Int) {
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(
                from: UnsafeRawBufferPointer(start: address, count: min(byteCount, $0.count)))
        }
    }

    var family: Int32 { Int32(storage.ss_family) }

    var byteCount: socklen_t {
        family == AF_INET6
            ? socklen_t(MemoryLayout<sockaddr_in6>.size) : socklen_t(MemoryLayout<sockaddr_in>.size)
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>) -> Result) -> Result {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
        }
    }

    /// Lets the system fill the address in through `body`.
    mutating func fill<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        var byteCount = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &byteCount) }
        }
    }

    /// The address as text.
    var address: SocketAddress {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN) + 1) { text in
            text.initialize(repeating: 0)
            let port = withUnsafePointer(to: storage) { storage in
                switch family {
                case AF_INET:
                    storage.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        _ = uv_ip4_name($0, text.baseAddress, text.count)
                        return UInt16(bigEndian: $0.pointee.sin_port)
                    }
                case AF_INET6:
                    storage.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        _ = uv_ip6_name($0, text.baseAddress, text.count)
                        return UInt16(bigEndian: $0.pointee.sin6_port)
                    }
                default: UInt16(0)
                }
            }
            let host = text.baseAddress.map { String(cString: $0) } ?? ""
            return SocketAddress(host: host, port: port)
        }
    }

    /// The IP addresses in a list that the resolver returned, in its order, at most 16.
    static func list(_ first: UnsafeMutablePointer<addrinfo>?) -> [RawAddress] {
        var found: [RawAddress] = []
        var next = first
        while let entry = next, found.count < 16 {
            next = entry.pointee.ai_next
            let isIP = [AF_INET, AF_INET6].contains(entry.pointee.ai_family)
            guard isIP, let source = entry.pointee.ai_addr else { continue }
            found.append(RawAddress(copying: source, byteCount: Int(entry.pointee.ai_addrlen)))
        }
        return found
    }

    /// What the resolver is asked for: addresses that a stream can connect to.
    static var streamHints: addrinfo {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        return hints
    }
}
