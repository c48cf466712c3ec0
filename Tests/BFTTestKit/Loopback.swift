package import Glibc

/// Addresses of this machine.
package enum Loopback {
    package static func withAddress(
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

    /// The first of `count` free ports in a row below those that the system gives to clients: a
    /// node that is down must not find its port taken by a connection of another one.
    package static func freePorts(_ count: Int) throws -> [UInt16] {
        for _ in 0..<100 {
            let first = UInt16.random(in: 11_000..<(32_000 - UInt16(count)))
            let ports = (0..<count).map { first + UInt16($0) }
            if ports.allSatisfy(isFree) { return ports }
        }
        throw Failure("no \(count) free ports in a row")
    }

    package static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        return withAddress(port) { bind(descriptor, $0, $1) } == 0
    }
}

/// A TCP connection to this machine, read from and written to byte by byte, whose calls end within
/// a limit of time: a test that waits for bytes which never come fails instead of hanging.
package final class LoopbackConnection {
    private let descriptor: Int32
    private var isOpen = true
    private var buffer: [UInt8] = []
    private var position = 0

    package init(port: UInt16, timeout: Duration = .seconds(20)) throws {
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
        // Not closed here: an object with all its properties ends by `deinit`, and the number may
        // be another client's by the second time.
        guard Loopback.withAddress(port, { connect(descriptor, $0, $1) }) == 0 else {
            throw Failure("can't connect to port \(port): error \(errno)")
        }
    }

    deinit { close() }

    package func close() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(descriptor)
    }

    /// Sends, and throws if the other side does not take it any more.
    package func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure("can't send: error \(errno)") }
            sent += count
        }
    }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends commands of RESP at once, without waiting for replies.
    package func send(commands: [[String]]) throws {
        try send(
            commands.map { words in
                "*\(words.count)\r\n"
                    + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
            }.joined())
    }

    /// Waits for bytes that go straight to `room`. Returns how many; 0 at the end of the stream.
    package func receive(into room: UnsafeMutableRawBufferPointer) -> Int {
        max(0, recv(descriptor, room.baseAddress!, room.count, 0))
    }

    /// Receives more. Returns `false` at the end of the stream.
    private func receive() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count < 0, errno == ECONNRESET { return false }
        guard count >= 0 else { throw Failure("no answer: error \(errno)") }
        buffer += chunk.prefix(count)
        return count > 0
    }

    /// The next line, or `nil` at the end of the stream.
    package func lineIfAny() throws -> String? {
        while true {
            if let end = buffer[position...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { position = end + 1 }
                let line = buffer[position..<end]
                return String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
            }
            guard try receive() else { return nil }
        }
    }

    package func line() throws -> String {
        guard let line = try lineIfAny() else { throw Failure("the connection was closed") }
        return line
    }

    package func bytes(_ count: Int) throws -> [UInt8] {
        let bytes = try bytes(upTo: count)
        guard bytes.count == count else { throw Failure("the connection was closed") }
        return bytes
    }

    /// Reads until `count` bytes are there, or no more come.
    package func bytes(upTo count: Int) throws -> [UInt8] {
        while buffer.count - position < count, try receive() {}
        let end = min(buffer.count, position &+ count)
        defer { position = end }
        return Array(buffer[position..<end])
    }

    /// Reads until the other side closes.
    package func rest() throws -> [UInt8] {
        while try receive() {}
        defer { position = buffer.count }
        return Array(buffer[position...])
    }
}
