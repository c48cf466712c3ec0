public import BFTBase

/// Everything that one peer can fill or wear out, bounded in one place.
public struct LinkLimits: Sendable, Hashable {
    public var consensus: LaneLimits
    public var batches: LaneLimits
    public var sync: LaneLimits

    /// What the peer may send. Beyond it the link is cut.
    public var receivedBytes: RateLimit
    public var receivedFrames: RateLimit

    /// After this long without a frame from the peer, it is asked for a sign of life.
    public var pingInterval: Interval
    /// After this long without a frame from the peer, the link is cut.
    public var silenceLimit: Interval
    /// How long one key serves to send with.
    public var rekeyInterval: Interval
    /// How long the peer may take for the handshake.
    public var handshakeLimit: Interval

    public init(
        consensus: LaneLimits = LaneLimits(
            messageCount: 65_536, byteCount: 64 << 20, messageByteCount: 4 << 20,
            overflow: .dropOldest),
        batches: LaneLimits = LaneLimits(
            messageCount: 1_024, byteCount: 64 << 20, messageByteCount: 4 << 20 | 8 << 10,
            overflow: .dropOldest),
        sync: LaneLimits = LaneLimits(
            messageCount: 256, byteCount: 32 << 20, messageByteCount: 8 << 20,
            overflow: .refuseNewest),
        receivedBytes: RateLimit = RateLimit(perSecond: 256 << 20, burst: 512 << 20),
        receivedFrames: RateLimit = RateLimit(perSecond: 500_000, burst: 1_000_000),
        pingInterval: Interval = .seconds(2), silenceLimit: Interval = .seconds(10),
        rekeyInterval: Interval = .seconds(3_600), handshakeLimit: Interval = .seconds(10)
    ) {
        self.consensus = consensus
        self.batches = batches
        self.sync = sync
        self.receivedBytes = receivedBytes
        self.receivedFrames = receivedFrames
        self.pingInterval = pingInterval
        self.silenceLimit = silenceLimit
        self.rekeyInterval = rekeyInterval
        self.handshakeLimit = handshakeLimit
    }

    subscript(lane: Lane) -> LaneLimits {
        switch lane {
        case .consensus: consensus
        case .batches: batches
        case .sync: sync
        }
    }
}

/// What a peer did that ends its link. Local and unproven: never evidence.
public enum LinkViolation: Error, Equatable, Sendable {
    case session(SessionError)
    /// A frame of no known kind, or with fields that do not fit it.
    case malformedFrame(kind: UInt8)
    case messageTooLarge(Lane, limit: Int, found: Int)
    /// A fragment where none was expected, or longer than its message.
    case strayFragment(Lane)
    case floodOfBytes
    case floodOfFrames
    /// Nothing was heard for this long.
    case silent(Interval)
}
