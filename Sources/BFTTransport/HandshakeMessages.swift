internal import BFTBase
internal import BFTCrypto
internal import BFTWire

/// The first message, in the clear: what the initiator wants to speak, and its share of the secret.
struct Hello: Equatable {
    var magic: UInt32 = Self.magicExpected
    var version: UInt16 = Self.versionExpected
    let keyExchange: UInt8
    let aead: UInt8
    let chain: Digest
    let time: Timestamp
    /// The rest of the message. Its length is the key exchange's to judge.
    let share: [UInt8]

    /// "sBFT" when written.
    static let magicExpected: UInt32 = 0x5446_4273
    static let versionExpected: UInt16 = 1

    init(suite: TransportSuite, chain: Digest, time: Timestamp, share: [UInt8]) {
        keyExchange = suite.keyExchange.rawValue
        aead = suite.aead.rawValue
        self.chain = chain
        self.time = time
        self.share = share
    }

    var encoded: [UInt8] {
        var writer = Writer()
        writer.uint32(magic)
        writer.uint16(version)
        writer.uint8(keyExchange)
        writer.uint8(aead)
        chain.encode(into: &writer)
        time.encode(into: &writer)
        writer.raw(share)
        return writer.bytes
    }

    init(decoding bytes: RawSpan) throws(WireError) {
        var reader = Reader(bytes)
        magic = try reader.uint32()
        version = try reader.uint16()
        keyExchange = try reader.uint8()
        aead = try reader.uint8()
        chain = try Digest(from: &reader)
        time = try Timestamp(from: &reader)
        share = try reader.copy(byteCount: reader.remaining)
    }

    /// Holds each field against what this side speaks, so that the error says which one differs.
    func check(against parameters: HandshakeParameters, now: Timestamp) throws(HandshakeError) {
        guard magic == Self.magicExpected else { throw .notAPeer }
        guard version == Self.versionExpected else { throw .wrongVersion(found: version) }
        let suite = parameters.suite
        guard keyExchange == suite.keyExchange.rawValue, aead == suite.aead.rawValue else {
            throw .unsupportedSuite(keyExchange: keyExchange, aead: aead)
        }
        guard chain == parameters.chain else { throw .wrongChain(found: chain) }
        let difference = max(now, time).milliseconds - min(now, time).milliseconds
        guard difference <= parameters.timeWindow.nanoseconds / 1_000_000 else {
            throw .outsideTimeWindow(own: now, peer: time)
        }
    }
}

/// The sealed part of the second and the third message: who sends it, and its proof.
struct Proof: WireCodable, Equatable {
    let fingerprint: Digest
    let signature: [UInt8]

    /// More than any signature scheme of this protocol needs (ML-DSA-87: 4,627).
    static let signatureLimit = 8_192

    init(fingerprint: Digest, signature: [UInt8]) {
        self.fingerprint = fingerprint
        self.signature = signature
    }

    func encode(into writer: inout Writer) {
        fingerprint.encode(into: &writer)
        writer.bytes(signature)
    }

    @_lifetime(reader: copy reader)
    init(from reader: inout Reader) throws(WireError) {
        fingerprint = try Digest(from: &reader)
        signature = try reader.bytes(limit: Self.signatureLimit)
    }
}

/// What has been said so far, as one hash, and the keys that follow from it.
struct HandshakeSchedule {
    private(set) var transcript: Digest
    private var secret: SecretBytes?
    private let parameters: HandshakeParameters

    init(_ parameters: HandshakeParameters) {
        self.parameters = parameters
        transcript = Hash.sha256.digest(Array("swift-bft handshake 1".utf8))
    }

    /// Adds a message, or a part of one, in the order of the wire. Each part is hashed behind the
    /// hash of all before it, so no two conversations give one transcript.
    mutating func absorb(_ bytes: [UInt8]) {
        transcript = Hash.sha256.digest(transcript.bytes, bytes)
    }

    /// Takes in the secret that the key exchange gave, bound to all that was said.
    mutating func mix(_ exchanged: SecretBytes) {
        secret = HKDF.extract(salt: transcript.bytes, secret: exchanged)
    }

    /// The statement by which the holder of `own` proves its part in this handshake. The initiator
    /// also names the responder, which it knows by then.
    func statement(by role: HandshakeRole, own: Digest, peer: Digest?) -> [UInt8] {
        var writer = Writer()
        writer.text(role == .initiator ? "swift-bft initiator 1" : "swift-bft responder 1")
        parameters.chain.encode(into: &writer)
        transcript.encode(into: &writer)
        own.encode(into: &writer)
        writer.optional(peer) { $1.encode(into: &$0) }
        return writer.bytes
    }

    /// Seals the proof of `role`. Its key serves for this one message.
    func seal(_ proof: Proof, by role: HandshakeRole) -> [UInt8] {
        var key = SealingKey(parameters.suite.aead, key: derive(Self.proofLabel(role)))
        let plaintext = proof.encoded
        var sealed = [UInt8](repeating: 0, count: plaintext.count + AEADAlgorithm.tagByteCount)
        var span = sealed.mutableSpan
        var destination = unsafe span.mutableBytes
        let associated = transcript.bytes
        key.seal(
            nonce: AEADNonce(counter: 0), associated: unsafe associated.span.bytes,
            unsafe plaintext.span.bytes, into: &destination)
        return sealed
    }

    func open(_ sealed: [UInt8], by role: HandshakeRole) throws(HandshakeError) -> Proof {
        var key = OpeningKey(parameters.suite.aead, key: derive(Self.proofLabel(role)))
        var plaintext = sealed
        var span = plaintext.mutableSpan
        var bytes = unsafe span.mutableBytes
        let associated = transcript.bytes
        let isAuthentic = key.open(
            nonce: AEADNonce(counter: 0), associated: unsafe associated.span.bytes, inPlace: &bytes)
        guard isAuthentic else { throw .forged }
        plaintext.removeLast(AEADAlgorithm.tagByteCount)
        do throws(WireError) {
            return try Proof(decoding: plaintext)
        } catch {
            throw .malformed(error)
        }
    }

    /// The secrets of the session that follows on the whole conversation.
    func sessionSecrets(for role: HandshakeRole) -> SessionSecrets {
        let ofInitiator = derive("swift-bft traffic of initiator")
        let ofResponder = derive("swift-bft traffic of responder")
        return SessionSecrets(
            algorithm: parameters.suite.aead,
            sending: role == .initiator ? ofInitiator : ofResponder,
            receiving: role == .initiator ? ofResponder : ofInitiator)
    }

    private static func proofLabel(_ role: HandshakeRole) -> StaticString {
        switch role {
        case .initiator: "swift-bft proof of initiator"
        case .responder: "swift-bft proof of responder"
        }
    }

    /// A key for one purpose, bound to the transcript as it stands.
    private func derive(_ label: StaticString) -> SecretBytes {
        guard let secret else { preconditionFailure("a key before the key exchange") }
        let info = Array("\(label)".utf8) + transcript.bytes
        return HKDF.expand(secret, info: info, count: AEADAlgorithm.keyByteCount)
    }
}
