import BFTTestKit
import Glibc

/// A client's TCP connection to this machine, whose calls end within some seconds.
final class Client {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure("no socket: error \(errno)") }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        guard Self.withAddress(port, { connect(descriptor, $0, $1) }) == 0 else {
            throw Failure("can't connect to port \(port): error \(errno)")
        }
    }

    deinit { close(descriptor) }

    static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return withAddress(port) { bind(descriptor, $0, $1) } == 0
    }

    private static func withAddress(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    func send(_ bytes: [UInt8]) throws {
        var offset = 0
        while offset < bytes.count {
            let count = Glibc.send(
                descriptor, Array(bytes[offset...]), bytes.count - offset, Int32(MSG_NOSIGNAL))
            guard count > 0 else { throw Failure("can't send: error \(errno)") }
            offset += count
        }
    }

    /// Sends commands, without waiting for replies.
    func send(_ commands: [[String]]) throws {
        var bytes: [UInt8] = []
        for words in commands {
            bytes += Array("*\(words.count)\r\n".utf8)
            for word in words { bytes += Array("$\(word.utf8.count)\r\n\(word)\r\n".utf8) }
        }
        try send(bytes)
    }

    /// The next line, or `nil` at the end of the stream.
    func line() throws -> String? {
        while true {
            if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer.removeFirst(end + 1) }
                let line = buffer[..<end]
                return String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
            }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return nil }
            guard count > 0 else { throw Failure("no answer: error \(errno)") }
            buffer += chunk.prefix(count)
        }
    }

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
        try send(Array("GET \(path) HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n".utf8))
        var answer = ""
        while let line = try line() { answer += line + "\n" }
        return answer + String(decoding: buffer, as: UTF8.self)
    }
}
