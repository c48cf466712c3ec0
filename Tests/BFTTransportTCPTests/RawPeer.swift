import BFTBase
import BFTCrypto
import BFTTransport
import Glibc
import Testing

/// A connection made by hand, for bytes that no transport would send.
final class RawPeer {
    private var descriptor: Int32
    /// What is spoken, if this is to be a validator.
    let connection: PeerConnection?

    /// Connects to `port` of 127.0.0.1, and says nothing yet.
    init(port: UInt16, _ connection: PeerConnection? = nil) throws {
        self.connection = connection
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(status == 0)
    }

    deinit { close(descriptor) }

    /// Connects as validator `number`, and carries out the handshake.
    static func validator(
        _ number: Int, port: UInt16, limits: LinkLimits = LinkLimits()
    ) throws -> RawPeer {
        let parameters = try parameters(number)
        let random = SecureRandom.secret(Handshake.randomByteCount(.initiator, parameters.suite))
        let connection = PeerConnection(
            .initiator, parameters, limits: limits, random: random, wallClock: wallClock(),
            at: now())
        let peer = try RawPeer(port: port, connection)
        try connection.start()
        peer.flush()
        while connection.peer == nil {
            try #require(peer.read(into: connection))
            var step = try connection.receive(at: now()) { _, _, _ in }
            steps: while true {
                switch step {
                case .proceed, .established: break steps
                case .sign(let request):
                    let signature = request.run(try key(number))
                    step = try connection.provide(signature: signature, at: now())
                case .verify(let check):
                    step = try connection.provide(verdict: check.run(), at: now())
                }
            }
            peer.flush()
        }
        return peer
    }

    /// Sends all that the connection has to say, or fails if it was closed.
    @discardableResult
    func flush() -> Bool {
        guard let connection else { return false }
        while connection.hasPending {
            connection.fillOutgoing()
            let bytes = connection.outgoing.withBytes { span in
                span.withUnsafeBytes { Array($0) }
            }
            connection.outgoing.consume(bytes.count)
            guard write(bytes) else { return false }
        }
        return true
    }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(
                    descriptor, $0.baseAddress! + sent, bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Waits for bytes, and says false at the end of the stream.
    private func read(into connection: PeerConnection) -> Bool {
        let room = connection.incoming.reserve(65_536)
        let count = recv(descriptor, room.baseAddress!, room.count, 0)
        guard count > 0 else { return false }
        connection.incoming.commit(count)
        return true
    }

    /// Waits until the other side closes.
    func waitForEnd() {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while recv(descriptor, &bytes, bytes.count, 0) > 0 {}
    }
}

func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
}
