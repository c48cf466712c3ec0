public import BFTBase
public import BFTCrypto

/// What a connection wants from its host after it took in bytes or a result.
public enum ConnectionStep: Sendable {
    /// Nothing but more bytes.
    case proceed
    /// The own signature over a statement: `provide(signature:)`.
    case sign(SignatureRequest)
    /// The verdict on the peer's signature: `provide(verdict:)`.
    case verify(SignatureCheck)
    /// The host decides by its `ConnectionRule` whether this connection stays, and calls `receive`
    /// again for what the peer has sent behind its handshake.
    case established(PeerIdentity)
}

/// One connection from its first byte to its last, without its socket: handshake, then link.
///
/// What a host on sockets does, and all it does:
///
/// 1. connected or accepted: make one, `start`, write `outgoing`;
/// 2. bytes came: put them into `incoming`, call `receive`, carry out the step, on the spot or on
///    the crypto pool; then write. While a step waits for a result, stop reading: what comes in
///    the meantime would only pile up in `incoming`;
/// 3. write: `fillOutgoing`, give `outgoing` to the socket, `consume` what it took; again when it
///    takes more;
/// 4. every half second: `tick`;
/// 5. an error from any of these: close the socket.
///
/// A class, so that a callback of the socket finds it; used from one thread.
public final class PeerConnection {
    public let role: HandshakeRole
    /// Bytes that came from the socket and are not processed yet.
    public var incoming = ByteQueue()
    /// Bytes for the socket.
    public var outgoing = ByteQueue()
    /// The peer, once it has proved itself.
    public private(set) var peer: PeerIdentity?

    private var handshake: Handshake?
    private var link: PeerLink?
    private let limits: LinkLimits
    private let begun: Instant

    /// - Precondition: `random` is fresh and has `Handshake.randomByteCount` bytes.
    public init(
        _ role: HandshakeRole, _ parameters: HandshakeParameters,
        expecting expected: ValidatorIndex? = nil, limits: LinkLimits = LinkLimits(),
        random: SecretBytes, wallClock: Timestamp, at now: Instant
    ) {
        self.role = role
        self.limits = limits
        begun = now
        handshake = Handshake(
            role, parameters, expecting: expected, random: random, now: wallClock)
    }

    /// Puts the first message, if this side speaks first, into `outgoing`.
    public func start() throws(DisconnectReason) {
        guard var handshake = handshake.take() else { return }
        do throws(HandshakeError) {
            try handshake.start(into: &outgoing)
        } catch {
            throw .handshake(error)
        }
        self.handshake = consume handshake
    }

    /// Processes `incoming` as long as `isInTurn` says so. Before the handshake ends nothing is
    /// delivered.
    ///
    /// `deliver` may `enqueue` and `fillOutgoing`; it leaves `incoming` alone.
    public func receive(
        at now: Instant, while isInTurn: () -> Bool = { true },
        _ deliver: (_ lane: Lane, _ kind: UInt8, _ payload: RawSpan) -> Void
    ) throws(DisconnectReason) -> ConnectionStep {
        guard link == nil else {
            try receiveOnLink(at: now, while: isInTurn, deliver)
            return .proceed
        }
        return try advance(at: now) { handshake throws(HandshakeError) in
            try handshake.receive(&incoming)
        }
    }

    /// Takes the signature that a step asked for.
    public func provide(
        signature: [UInt8], at now: Instant
    ) throws(DisconnectReason) -> ConnectionStep {
        try advance(at: now) { handshake throws(HandshakeError) in
            try handshake.provide(signature: signature, into: &outgoing)
        }
    }

    /// Takes the verdict that a step asked for.
    public func provide(
        verdict: SignatureVerdict, at now: Instant
    ) throws(DisconnectReason) -> ConnectionStep {
        try advance(at: now) { handshake throws(HandshakeError) in
            try handshake.provide(verdict: verdict)
        }
    }

    private func receiveOnLink(
        at now: Instant, while isInTurn: () -> Bool, _ deliver: (Lane, UInt8, RawSpan) -> Void
    ) throws(DisconnectReason) {
        while isInTurn(), let message = try nextMessage(at: now, while: isInTurn) {
            message.withPayload(in: incoming) { deliver(message.lane, message.kind, $0) }
        }
    }

    private func nextMessage(
        at now: Instant, while isInTurn: () -> Bool
    ) throws(DisconnectReason) -> ReceivedMessage? {
        do throws(LinkViolation) {
            guard let message = try link?.next(&incoming, at: now, while: isInTurn) else {
                return nil
            }
            return message
        } catch {
            throw .violation(error)
        }
    }

    /// Moves the handshake on by `body`; when it is finished, the link takes its place.
    private func advance(
        at now: Instant, _ body: (inout Handshake) throws(HandshakeError) -> HandshakeStep
    ) throws(DisconnectReason) -> ConnectionStep {
        guard var handshake = handshake.take() else { throw .handshake(.ended) }
        let step: HandshakeStep
        do throws(HandshakeError) {
            step = try body(&handshake)
        } catch {
            throw .handshake(error)
        }
        switch step {
        case .finished(let peer):
            guard let session = handshake.finish() else { throw .handshake(.outOfOrder) }
            link = PeerLink(session, limits: limits, at: now)
            self.peer = peer
            return .established(peer)
        case .awaitBytes:
            self.handshake = consume handshake
            return .proceed
        case .sign(let request):
            self.handshake = consume handshake
            return .sign(request)
        case .verify(let check):
            self.handshake = consume handshake
            return .verify(check)
        }
    }
}

extension PeerConnection {
    /// Queues a message, and says what became of it.
    public func enqueue(_ lane: Lane, kind: UInt8, _ payload: [UInt8]) -> SendOutcome {
        link?.enqueue(lane, kind: kind, payload) ?? .refused(.notConnected)
    }

    /// Seals what waits into `outgoing` until that holds `byteCount` bytes. See `PeerLink.drain`.
    public func fillOutgoing(upTo byteCount: Int = 256 << 10) {
        link?.drain(into: &outgoing, upTo: byteCount)
    }

    /// Whether there is something to write now.
    public var hasPending: Bool { !outgoing.isEmpty || link?.hasPending == true }

    /// Cuts a peer that is silent, or that takes too long for the handshake.
    public func tick(at now: Instant) throws(DisconnectReason) {
        guard link != nil else {
            guard now.since(begun) < limits.handshakeLimit else { throw .handshakeTimeout }
            return
        }
        do throws(LinkViolation) {
            try link?.tick(at: now)
        } catch {
            throw .violation(error)
        }
    }

    /// How long nothing was heard of the peer, for the `ConnectionRule`.
    public func quietTime(at now: Instant) -> Interval { now.since(link?.lastHeard ?? begun) }

    /// The time that a frame takes to the peer and back, once it was measured.
    public var roundTrip: Interval? { link?.roundTrip ?? nil }

    /// How often each side has replaced the key that it sends with, once there is a session.
    public var replacedKeys: KeyReplacements? { link?.replacedKeys }
}
