import Glibc

/// A TCP connection that a test writes to and reads from byte by byte.
struct RawClient {
    struct CannotConnect: Error {}
    private let socket: Int32

    init(port: UInt16) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        // A test that waits for bytes which never come fails instead of hanging.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw CannotConnect() }
    }

    /// Sends, and returns whether the other side still took it.
    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Reads until `count` bytes are there, or no more come.
    func receive(untilCount count: Int) -> String {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while all.count < count {
            let received = recv(socket, &chunk, min(chunk.count, count - all.count), 0)
            guard received > 0 else { break }
            all += chunk[..<received]
        }
        return String(decoding: all, as: UTF8.self)
    }

    /// Reads until the other side closes.
    func receiveAll() -> String { receive(untilCount: .max) }

    func close() { Glibc.close(socket) }
}
