import BFTTestKit

/// A client of a node.
final class Client {
    private let connection: LoopbackConnection

    init(port: UInt16) throws { connection = try LoopbackConnection(port: port) }

    func send(_ bytes: [UInt8]) throws { try connection.send(bytes) }

    /// Sends commands, without waiting for replies.
    func send(_ commands: [[String]]) throws { try connection.send(commands: commands) }

    /// The next line, or `nil` at the end of the stream.
    func line() throws -> String? { try connection.lineIfAny() }

    /// The next reply that is no array: a text, or `nil` for none.
    func reply() throws -> String? {
        guard let line = try line() else { throw Failure("the node closed the connection") }
        guard line.hasPrefix("$") else { return line }
        return line == "$-1" ? nil : try self.line()
    }

    func call(_ words: String...) throws -> String? {
        try send([words])
        return try reply()
    }

    /// The status line and the body of a request for `path`.
    func get(_ path: String) throws -> String {
        try connection.send("GET \(path) HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
        var answer = ""
        while let line = try line() { answer += line + "\n" }
        return answer + String(decoding: try connection.rest(), as: UTF8.self)
    }
}
