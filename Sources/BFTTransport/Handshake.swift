public import BFTBase
public import BFTCrypto
internal import BFTWire

/// Two validators prove to each other who they are and agree on the keys of a session.
///
/// Three messages, after SIGMA-I (Krawczyk 2003): the initiator's share; the responder's share and,
/// sealed, its identity and signature; the initiator's identity and signature, sealed. Each
/// signature covers all that was said before it. `Docs/transport.md` says what each step proves.
///
/// No I/O, no clock, no randomness and no slow cryptography of its own: the host gives bytes, time
/// and randomness, and carries out signing and checking when a step asks for it. After an error the
/// handshake is over and the connection must be closed without a word.
///
/// Not copyable: it ends in one session, whose keys must have one user.
public struct Handshake: ~Copyable {
    /// The most bytes that one message may have: an ML-DSA-87 proof and a hybrid share fit twice.
    static let messageLimit = 16_384

    public let role: HandshakeRole
    private let parameters: HandshakeParameters
    private let expected: ValidatorIndex?
    private let random: SecretBytes
    private let now: Timestamp
    private var schedule: HandshakeSchedule
    private var state: State

    private enum State {
        case ready
        case awaitingHello
        case awaitingAnswer(any KeyExchangeInitiator)
        case awaitingProof
        /// The own signature is being made: over what, and what goes before the proof.
        case signing(prefix: [UInt8], peer: PeerIdentity?)
        /// The peer's signature is being checked: over what, and what its sealed proof was.
        case verifying(statement: [UInt8], sealed: [UInt8], peer: PeerIdentity)
        case finished(PeerIdentity)
        case failed
    }

    /// A handshake in `role`. The initiator may say which validator it dialled.
    ///
    /// - Precondition: `random` has at least `randomByteCount(role, suite)` unpredictable bytes
    ///   that nothing else uses.
    public init(
        _ role: HandshakeRole, _ parameters: HandshakeParameters,
        expecting expected: ValidatorIndex? = nil, random: SecretBytes, now: Timestamp
    ) {
        self.role = role
        self.parameters = parameters
        self.expected = expected
        self.random = random
        self.now = now
        schedule = HandshakeSchedule(parameters)
        state = role == .initiator ? .ready : .awaitingHello
    }

    /// The number of random bytes that a handshake needs.
    public static func randomByteCount(_ role: HandshakeRole, _ suite: TransportSuite) -> Int {
        let exchange = suite.keyExchange.exchange
        return switch role {
        case .initiator: exchange?.initiatorRandomByteCount ?? 0
        case .responder: exchange?.responderRandomByteCount ?? 0
        }
    }

    /// Begins. The initiator's hello is appended to `output`; the responder has nothing to say yet.
    public mutating func start(into output: inout ByteQueue) throws(HandshakeError) {
        switch state {
        case .ready:
            let initiator = exchange.initiate(random: random)
            let hello = Hello(
                suite: parameters.suite, chain: parameters.chain, time: now,
                share: initiator.share)
            schedule.absorb(hello.encoded)
            state = .awaitingAnswer(initiator)
            Self.send(hello.encoded, into: &output)
        case .awaitingHello: break
        default: throw fail(.outOfOrder)
        }
    }

    /// Takes the next message from `input` if it is complete, and says what is needed next. Bytes
    /// behind the message are left: they belong to what follows.
    ///
    /// While a signature or a verdict of the host is pending nothing is taken.
    public mutating func receive(_ input: inout ByteQueue) throws(HandshakeError) -> HandshakeStep {
        switch state {
        case .awaitingHello, .awaitingAnswer, .awaitingProof: break
        case .finished(let peer): return .finished(peer)
        case .failed: throw .ended
        case .ready, .signing, .verifying: return .awaitBytes
        }
        do throws(HandshakeError) {
            guard let message = try Self.nextMessage(&input) else { return .awaitBytes }
            return try handle(message)
        } catch {
            throw fail(error)
        }
    }

    private mutating func handle(_ message: [UInt8]) throws(HandshakeError) -> HandshakeStep {
        switch state {
        case .awaitingHello: try answer(message)
        case .awaitingAnswer(let initiator): try readAnswer(message, initiator)
        case .awaitingProof: try readProof(message)
        case .ready, .signing, .verifying, .finished, .failed: throw .outOfOrder
        }
    }

    /// Message 1, at the responder: make the share of the answer and ask for the signature.
    private mutating func answer(_ message: [UInt8]) throws(HandshakeError) -> HandshakeStep {
        let hello = try Self.decode { () throws(WireError) in
            try Hello(decoding: unsafe message.span.bytes)
        }
        try hello.check(against: parameters, now: now)
        guard hello.share.count == exchange.initiatorShareByteCount,
            let response = exchange.respond(to: hello.share, random: random)
        else { throw .refusedShare }
        schedule.absorb(message)
        schedule.absorb(response.share)
        schedule.mix(response.secret)
        return sign(prefix: response.share, peer: nil)
    }

    /// Message 2, at the initiator: agree on the secret, open the proof and ask for its check.
    private mutating func readAnswer(
        _ message: [UInt8], _ initiator: any KeyExchangeInitiator
    ) throws(HandshakeError) -> HandshakeStep {
        let shareByteCount = exchange.responderShareByteCount
        guard message.count >= shareByteCount else {
            throw .malformed(.truncated(needed: shareByteCount, remaining: message.count))
        }
        let share = Array(message[..<shareByteCount])
        guard let secret = initiator.finish(with: share) else { throw .refusedShare }
        schedule.absorb(share)
        schedule.mix(secret)
        return try verify(Array(message[shareByteCount...]), by: .responder)
    }

    /// Message 3, at the responder: open the proof and ask for its check.
    private mutating func readProof(_ message: [UInt8]) throws(HandshakeError) -> HandshakeStep {
        try verify(message, by: .initiator)
    }

    private mutating func sign(prefix: [UInt8], peer: PeerIdentity?) -> HandshakeStep {
        state = .signing(prefix: prefix, peer: peer)
        let statement = schedule.statement(
            by: role, own: parameters.ownFingerprint, peer: peer?.fingerprint)
        return .sign(SignatureRequest(statement: statement))
    }

    private mutating func verify(
        _ sealed: [UInt8], by signer: HandshakeRole
    ) throws(HandshakeError) -> HandshakeStep {
        let proof = try schedule.open(sealed, by: signer)
        guard proof.fingerprint != parameters.ownFingerprint else { throw .selfConnection }
        guard let index = parameters.validators.index(of: proof.fingerprint),
            let key = parameters.validators[index]
        else { throw .unknownValidator(fingerprint: proof.fingerprint) }
        if let expected, expected != index {
            throw .unexpectedPeer(expected: expected, found: index)
        }
        let statement = schedule.statement(
            by: signer, own: proof.fingerprint,
            peer: signer == .initiator ? parameters.ownFingerprint : nil)
        let peer = PeerIdentity(index: index, key: key.publicKey, fingerprint: key.fingerprint)
        state = .verifying(statement: statement, sealed: sealed, peer: peer)
        return .verify(
            SignatureCheck(key: key, statement: statement, signature: proof.signature))
    }

    /// Takes the signature that the last step asked for, and sends it.
    public mutating func provide(
        signature: [UInt8], into output: inout ByteQueue
    ) throws(HandshakeError) -> HandshakeStep {
        guard case .signing(let prefix, let peer) = state else { throw fail(.outOfOrder) }
        let proof = Proof(fingerprint: parameters.ownFingerprint, signature: signature)
        let sealed = schedule.seal(proof, by: role)
        schedule.absorb(sealed)
        Self.send(prefix + sealed, into: &output)
        guard let peer else {
            state = .awaitingProof
            return .awaitBytes
        }
        state = .finished(peer)
        return .finished(peer)
    }

    /// Takes the verdict that the last step asked for.
    public mutating func provide(
        verdict: SignatureVerdict
    ) throws(HandshakeError) -> HandshakeStep {
        guard case .verifying(let statement, let sealed, let peer) = state,
            verdict.statement == statement
        else { throw fail(.outOfOrder) }
        guard verdict.isValid else { throw fail(.wrongSignature(peer.index)) }
        schedule.absorb(sealed)
        if role == .initiator { return sign(prefix: [], peer: peer) }
        state = .finished(peer)
        return .finished(peer)
    }

    /// The session, once the last step was `finished`; `nil` before.
    public consuming func finish() -> Session? {
        guard case .finished = state else { return nil }
        return Session(schedule.sessionSecrets(for: role))
    }

    private mutating func fail(_ error: HandshakeError) -> HandshakeError {
        state = .failed
        return error
    }

    private var exchange: any KeyExchange {
        guard let exchange = parameters.suite.keyExchange.exchange else {
            preconditionFailure("checked when the parameters were made")
        }
        return exchange
    }
}

extension Handshake {
    private static func decode<Value>(
        _ body: () throws(WireError) -> Value
    ) throws(HandshakeError) -> Value {
        do throws(WireError) {
            return try body()
        } catch {
            throw .malformed(error)
        }
    }

    private static func send(_ message: [UInt8], into output: inout ByteQueue) {
        output.append(UInt32(message.count))
        output.append(message)
    }

    /// Takes one message off `input`, or returns `nil` while it is incomplete. The length is held
    /// against the limit before anything waits for the bytes.
    private static func nextMessage(_ input: inout ByteQueue) throws(HandshakeError) -> [UInt8]? {
        guard let length = input.peekLength() else { return nil }
        guard length <= messageLimit else { throw .tooLong(limit: messageLimit, found: length) }
        guard input.count >= 4 + length else { return nil }
        let message = input.withBytes { bytes in
            unsafe bytes.extracting(4..<4 + length).withUnsafeBytes { unsafe Array($0) }
        }
        input.consume(4 + length)
        return message
    }
}
