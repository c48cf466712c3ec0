import BFTTestKit

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
    private let connection: LoopbackConnection

    init(port: Int, timeout: Duration = .seconds(5)) throws {
        connection = try LoopbackConnection(port: UInt16(port), timeout: timeout)
    }

    func call(_ words: String...) throws -> Reply {
        try connection.send(commands: [words])
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
            let connection = try LoopbackConnection(port: UInt16(port), timeout: .seconds(5))
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
