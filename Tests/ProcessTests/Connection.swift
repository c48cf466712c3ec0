import BFTTestKit
import Glibc

/// A TCP connection whose calls end within a limit of time.
final class Connection {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var position = 0

    init(port: Int, timeout: Duration = .seconds(5)) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure("no socket: error \(errno)") }
        var limit = timeval(
            tv_sec: Int(timeout.components.seconds),
            tv_usec: Int(timeout.components.attoseconds / 1_000_000_000_000))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
        var address = LoopbackAddress.make(port: port)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        // Not closed here: an object with all its properties ends by `deinit`, and the number may
        // be another client's by the second time.
        guard code == 0 else { throw Failure("can't connect to port \(port): error \(errno)") }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        var offset = 0
        while offset < bytes.count {
            let count = Glibc.send(
                descriptor, Array(bytes[offset...]), bytes.count - offset, Int32(MSG_NOSIGNAL))
            guard count > 0 else { throw Failure("can't send: error \(errno)") }
            offset += count
        }
    }

    /// Receives more. Returns `false` at the end of the stream.
    private func receive() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count >= 0 else { throw Failure("no answer: error \(errno)") }
        buffer += chunk.prefix(count)
        return count > 0
    }

    func line() throws -> String {
        while true {
            if let end = buffer[position...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                let bytes = buffer[position..<end]
                return String(decoding: bytes.last == 13 ? bytes.dropLast() : bytes, as: UTF8.self)
            }
            guard try receive() else { throw Failure("the connection was closed") }
        }
    }

    func bytes(_ count: Int) throws -> [UInt8] {
        while buffer.count - position < count {
            guard try receive() else { throw Failure("the connection was closed") }
        }
        defer { position += count }
        return Array(buffer[position..<position + count])
    }

    func rest() throws -> [UInt8] {
        while try receive() {}
        defer { position = buffer.count }
        return Array(buffer[position...])
    }
}

enum LoopbackAddress {
    static func make(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}

/// A reply of RESP2.
enum Reply: Equatable {
    case text(String)
    case integer(Int)
    case error(String)
    case null
    case array([Reply])
}

/// A client of a node's RESP port, one request at a time.
final class RESPClient {
    private let connection: Connection

    init(port: Int, timeout: Duration = .seconds(5)) throws {
        connection = try Connection(port: port, timeout: timeout)
    }

    func call(_ words: String...) throws -> Reply {
        let arguments = words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }
        try connection.send("*\(words.count)\r\n" + arguments.joined())
        return try reply()
    }

    private func reply() throws -> Reply {
        let line = try connection.line()
        let rest = String(line.dropFirst())
        switch line.first {
        case "+": return .text(rest)
        case "-": return .error(rest)
        case ":": return .integer(Int(rest) ?? 0)
        case "_": return .null
        case "$":
            guard let count = Int(rest), count >= 0 else { return .null }
            let bytes = try connection.bytes(count + 2)
            return .text(String(decoding: bytes.dropLast(2), as: UTF8.self))
        case "*":
            return .array(try (0..<(Int(rest) ?? 0)).map { _ in try reply() })
        default: throw Failure("an unknown reply: \(line)")
        }
    }
}

/// The answer to a request over HTTP.
struct HTTPAnswer {
    let status: Int
    let body: [UInt8]

    static func get(_ path: String, port: Int) throws -> HTTPAnswer {
        do {
            let connection = try Connection(port: port)
            try connection.send(
                "GET \(path) HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
            let status = try connection.line().split(separator: " ")
            while try !connection.line().isEmpty {}
            return HTTPAnswer(
                status: status.count > 1 ? Int(status[1]) ?? 0 : 0, body: try connection.rest())
        } catch {
            throw Failure("GET \(path) from port \(port): \(error)")
        }
    }
}
