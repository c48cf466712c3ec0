import BFTConfiguration
import BFTTestKit
import Glibc

/// A server on a free port of this machine; each connection is handed to a closure.
final class LoopbackServer: Sendable {
    let endpoint: Endpoint
    private let listener: Int32

    init(_ handle: @escaping @Sendable (Int32) -> Void) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                listen(listener, 64)
                _ = getsockname(listener, $0, &length)
            }
        }
        self.listener = listener
        endpoint = Endpoint(host: "127.0.0.1", port: UInt16(bigEndian: address.sin_port))
        TestThread.detach {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                TestThread.detach {
                    handle(connection)
                    close(connection)
                }
            }
            close(listener)
        }
    }

    /// A server that reads what a client first sends, answers with `bytes` in pieces of
    /// `pieceLength`, and closes.
    convenience init(answering bytes: [UInt8], pieceLength: Int = .max) {
        self.init { connection in
            _ = Self.receive(connection)
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(pieceLength))
                guard Self.send(connection, piece) else { return }
                rest = rest.dropFirst(piece.count)
            }
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    static func send(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    connection, $0.baseAddress! + offset, bytes.count - offset,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }

    static func receive(_ connection: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(connection, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(0, count)))
    }
}
