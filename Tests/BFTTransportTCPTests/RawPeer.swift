import BFTBase
import BFTCrypto
import BFTTestKit
import BFTTransport
import Glibc
import Testing

/// A connection made by hand, for bytes that no transport would send.
final class RawPeer {
    private let socket: LoopbackConnection
    /// What is spoken, if this is to be a validator.
    let connection: PeerConnection?

    /// Connects to `port` of 127.0.0.1, and says nothing yet.
    init(port: UInt16, _ connection: PeerConnection? = nil) throws {
        self.connection = connection
        socket = try LoopbackConnection(port: port)
    }

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
        (try? socket.send(bytes)) != nil
    }

    /// Waits for bytes, and says false at the end of the stream.
    private func read(into connection: PeerConnection) -> Bool {
        let room = connection.incoming.reserve(65_536)
        let count = socket.receive(into: UnsafeMutableRawBufferPointer(room))
        guard count > 0 else { return false }
        connection.incoming.commit(count)
        return true
    }

    /// Waits until the other side closes.
    func waitForEnd() { _ = try? socket.rest() }
}

func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
}
