import BFTBase
import BFTTransport

/// What a transport tells, passed on to closures.
///
/// A transport knows its delegate by a table of methods. Those of a generic class in such a table
/// are compiled once for all protocols, and each message would be handled by that code. A closure
/// that is made where the protocol is known is compiled for that protocol.
final class TransportEvents: NetworkTransportDelegate {
    typealias Receive = (UInt8, RawSpan, ValidatorIndex) -> Void

    private let connected: (PeerIdentity) -> Void
    private let disconnected: (PeerIdentity, DisconnectReason) -> Void
    private let received: Receive

    init(
        connected: @escaping (PeerIdentity) -> Void,
        disconnected: @escaping (PeerIdentity, DisconnectReason) -> Void,
        received: @escaping Receive
    ) {
        self.connected = connected
        self.disconnected = disconnected
        self.received = received
    }

    func transport(connected peer: PeerIdentity) { connected(peer) }

    func transport(disconnected peer: PeerIdentity, reason: DisconnectReason) {
        disconnected(peer, reason)
    }

    func transport(
        received kind: UInt8, _ payload: RawSpan, lane: Lane, from peer: ValidatorIndex
    ) {
        received(kind, payload, peer)
    }
}
