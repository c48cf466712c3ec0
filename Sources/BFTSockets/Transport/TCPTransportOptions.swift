public import BFTBase
public import BFTCrypto
public import BFTTransport

/// What a `TCPTransport` is, whom it reaches where, and what it puts up with.
public struct TCPTransportOptions: Sendable {
    public let parameters: HandshakeParameters
    /// The key behind `parameters.ownKey`.
    public let signingKey: SigningKey
    /// Where to listen: an IP address or a name of this machine, and a port, 0 for any free one.
    public let listen: SocketAddress
    /// Where to dial the other validators: IP addresses or names. One that is missing can only
    /// dial in.
    public let peers: [ValidatorIndex: SocketAddress]
    public var limits = LinkLimits()

    /// Where the random waits between two attempts to dial come from.
    public var seed: UInt64
    /// The shortest and the longest of these waits. See `ReconnectBackoff`.
    public var shortestWait = Interval.milliseconds(100)
    public var longestWait = Interval.seconds(30)
    /// How much longer than the other side the validator waits that does not dial first.
    public var patience = Interval.seconds(2)
    /// How long a dialled address may take to accept.
    public var connectLimit = Interval.seconds(5)

    /// How many inbound connections may be in their handshakes at once. One more pushes out the
    /// oldest: a handshake takes a few round trips, and one that waits for long is held up by a
    /// stranger.
    public var halfOpenLimit = 64
    /// How many inbound connections may begin a handshake, which costs this node a signature. What
    /// this node dials is not counted, so a flood can't keep it from its peers.
    public var inboundHandshakes = RateLimit(perSecond: 256, burst: 512)
    /// How often silent peers and slow handshakes are looked for.
    public var tickInterval = Interval.milliseconds(500)
    /// A signature or a check of a handshake that takes longer is made by the crypto pool. Handing
    /// it over costs about as much.
    public var costOnLoop = Interval.microseconds(50)
    /// How long the messages of one peer are handled in a turn of the loop. What they cost is up to
    /// the delegate and what they are up to the peer, so neither timers nor other peers wait until
    /// one has nothing more to say.
    public var turnLimit = Interval.milliseconds(2)
    /// How much is encrypted at once, and can't be overtaken by a vote.
    public var sealedByteCount = 128 << 10
    /// How much may wait in the system's send buffer, where it can't be overtaken either.
    public var unsentLimit: Int32 = 256 << 10

    /// - Precondition: the handshake's own key is `signingKey`'s and one of the validators'.
    public init(
        parameters: HandshakeParameters, signingKey: SigningKey, listen: SocketAddress,
        peers: [ValidatorIndex: SocketAddress], seed: UInt64
    ) {
        precondition(parameters.ownKey == signingKey.publicKey, "not the key of the handshake")
        precondition(
            parameters.validators.index(of: parameters.ownKey.fingerprint) != nil,
            "the own key is no validator's")
        self.parameters = parameters
        self.signingKey = signingKey
        self.listen = listen
        self.peers = peers
        self.seed = seed
    }
}
