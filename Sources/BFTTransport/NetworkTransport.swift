public import BFTBase

/// Why a peer is no longer connected.
public enum DisconnectReason: Error, Equatable, Sendable {
    case handshake(HandshakeError)
    case violation(LinkViolation)
    /// The peer took too long for the handshake.
    case handshakeTimeout
    /// The peer closed the connection, or it broke.
    case closed
    /// A newer connection to the same validator took its place.
    case superseded
    /// This node closed it: it stops, or the validator is isolated or left the set.
    case local
}

/// What a node is told about its peers, in the order in which it happens.
public protocol NetworkTransportDelegate: AnyObject {
    func transport(connected peer: PeerIdentity)
    func transport(disconnected peer: PeerIdentity, reason: DisconnectReason)

    /// A message of an authenticated validator, complete and within its lane's limit. The bytes are
    /// lent: they are gone when the call returns. Nobody vouches for what they say.
    func transport(received kind: UInt8, _ payload: RawSpan, lane: Lane, from peer: ValidatorIndex)
}

/// How a node reaches the other validators: the seam between consensus and the network.
///
/// Everything happens on the event loop's thread: the calls, and the delegate's. A transport never
/// blocks and never calls its delegate from within `send`. Messages of one lane to one peer arrive
/// in order or not at all; those of different lanes overtake each other.
public protocol NetworkTransport: AnyObject {
    var delegate: (any NetworkTransportDelegate)? { get set }

    /// The validators that a message would reach now.
    var connectedPeers: [ValidatorIndex] { get }

    /// Queues a message to one validator. `queued` promises nothing about its arrival.
    func send(
        _ kind: UInt8, _ payload: [UInt8], lane: Lane, to peer: ValidatorIndex
    ) -> SendOutcome

    /// Queues one message to every connected validator; all of them share its bytes. Returns those
    /// for which it was not simply queued.
    func broadcast(
        _ kind: UInt8, _ payload: [UInt8], lane: Lane
    ) -> [(peer: ValidatorIndex, outcome: SendOutcome)]

    /// Cuts the connection to `peer`, with the reason `local`, until it is allowed again.
    func disconnect(_ peer: ValidatorIndex)

    /// Lets a validator connect again that `disconnect` kept away.
    func allow(_ peer: ValidatorIndex)
}
