public import BFTBase
public import BFTTransport

/// What a node shows of one other validator.
public struct PeerStatus: Sendable, Equatable {
    public let index: ValidatorIndex
    public let isConnected: Bool
    /// The other end of the connection, or where the validator is dialled while there is none.
    public let address: SocketAddress?
    /// Whether this side dialled the connection, `nil` while there is none.
    public let role: HandshakeRole?
    /// The time to the peer and back. Measured on quiet links only, so `nil` for a while.
    public let roundTrip: Interval?
    /// How often each side of the connection has replaced its key, `nil` while there is none.
    public let replacedKeys: KeyReplacements?
}

/// Why a connection of the transport ended.
public enum CutReason: Error, Equatable, Sendable {
    case peer(DisconnectReason)
    /// Too many inbound connections were in their handshakes, and this one was the oldest.
    case crowdedOut
    /// Inbound connections came faster than their handshakes may begin.
    case tooManyHandshakes
}

/// A `CutReason` without its details: the label of a metric.
public enum CutKind: String, CaseIterable, Sendable {
    case handshake
    case handshakeTimeout = "handshake_timeout"
    case crowdedOut = "crowded_out"
    case tooManyHandshakes = "too_many_handshakes"
    case format
    case flood
    case silent
    case closed
    case superseded
    case local
}

extension CutReason {
    public var kind: CutKind {
        switch self {
        case .crowdedOut: .crowdedOut
        case .tooManyHandshakes: .tooManyHandshakes
        case .peer(.handshake): .handshake
        case .peer(.handshakeTimeout): .handshakeTimeout
        case .peer(.closed): .closed
        case .peer(.superseded): .superseded
        case .peer(.local): .local
        case .peer(.violation(.floodOfBytes)), .peer(.violation(.floodOfFrames)): .flood
        case .peer(.violation(.silent)): .silent
        case .peer(.violation): .format
        }
    }
}

/// Something that a node's log should say.
public enum TransportNotice: Sendable {
    /// A connection ended. The validator is known once it has proved itself, or if it was dialled.
    case cut(ValidatorIndex?, SocketAddress, CutReason)
    case dialFailed(ValidatorIndex, SocketAddress, SocketError)
    /// Accepting failed for want of something, most likely of file descriptors.
    case acceptFailed(SocketError)
}

extension TransportNotice: CustomStringConvertible {
    public var description: String {
        switch self {
        case .cut(let peer, let address, let reason):
            "cut \(peer.map { "\($0)" } ?? "a stranger") at \(address): \(reason.text)"
        case .dialFailed(let peer, let address, let error):
            "can't reach \(peer) at \(address): \(error)"
        case .acceptFailed(let error): "can't accept connections: \(error)"
        }
    }
}

extension CutReason {
    fileprivate var text: String {
        switch self {
        case .crowdedOut: "too many others are in their handshakes"
        case .tooManyHandshakes: "connections come too fast"
        case .peer(.handshake(let error)): "handshake failed, \(error)"
        case .peer(.handshakeTimeout): "its handshake took too long"
        case .peer(.closed): "the connection was closed or broke"
        case .peer(.superseded): "another connection takes its place"
        case .peer(.local): "closed by this node"
        case .peer(.violation(.silent(let interval))): "nothing was heard for \(interval)"
        case .peer(.violation(let violation)): "it broke the protocol, \(violation)"
        }
    }
}

/// What happened to the messages of one lane, over all peers, since the start.
public struct LaneCounters: Sendable, Equatable {
    public internal(set) var received: UInt64 = 0
    /// Accepted to be sent.
    public internal(set) var queued: UInt64 = 0
    /// Accepted, and dropped later for newer ones.
    public internal(set) var displaced: UInt64 = 0
    /// Not accepted.
    public internal(set) var refused: UInt64 = 0
}

/// What happened since the start, for metrics.
public struct TransportCounters: Sendable, Equatable {
    /// Bytes that came from the system and that went to it, handshakes and encryption included.
    public internal(set) var bytesReceived: UInt64 = 0
    public internal(set) var bytesSent: UInt64 = 0
    public internal(set) var connectionsAccepted: UInt64 = 0
    public internal(set) var connectionsDialled: UInt64 = 0
    private var lanes = [LaneCounters](repeating: LaneCounters(), count: Lane.allCases.count)
    private var cuts = [UInt64](repeating: 0, count: CutKind.allCases.count)

    public internal(set) subscript(lane: Lane) -> LaneCounters {
        get { lanes[Int(lane.rawValue)] }
        _modify { yield &lanes[Int(lane.rawValue)] }
    }

    /// How many connections ended for reasons of this kind.
    public func cuts(_ kind: CutKind) -> UInt64 {
        CutKind.allCases.firstIndex(of: kind).map { cuts[$0] } ?? 0
    }

    mutating func count(_ reason: CutReason) {
        if let position = CutKind.allCases.firstIndex(of: reason.kind) { cuts[position] += 1 }
    }

    mutating func count(_ outcome: SendOutcome, in lane: Lane) {
        switch outcome {
        case .queued: self[lane].queued += 1
        case .displaced(let kinds):
            self[lane].queued += 1
            self[lane].displaced += UInt64(kinds.count)
        case .refused: self[lane].refused += 1
        }
    }
}
