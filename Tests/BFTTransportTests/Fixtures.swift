import BFTBase
import BFTCrypto
import Testing

@testable import BFTTransport

/// The key of a scheme that the number determines.
func key(_ number: Int, _ scheme: SignatureSchemeID = .ed25519) throws -> SigningKey {
    let seed = [UInt8](repeating: UInt8(number), count: 32)
    return try SigningKey(scheme, seed: SecretBytes(copying: seed))
}

/// The keys numbered 0 to 3.
let validators: ValidatorKeys = {
    do {
        return try ValidatorKeys(epoch: .zero, (0..<4).map { try key($0).publicKey })
    } catch {
        preconditionFailure("four keys make a set: \(error)")
    }
}()

let suite = TransportSuite(keyExchange: .x25519, aead: .aes256GCM)

extension TransportSuite {
    /// Every suite that this build holds.
    static let all = KeyExchangeID.allCases.flatMap { exchange in
        AEADAlgorithm.allCases.map { TransportSuite(keyExchange: exchange, aead: $0) }
    }
}

let noon = Timestamp(milliseconds: 1_800_000_000_000)

func seconds(_ count: Double) -> Instant {
    Instant(nanoseconds: UInt64(count * 1_000_000_000))
}

/// Bytes that the number determines.
func randomness(_ number: UInt64, count: Int = 32) -> SecretBytes {
    var random = SplitMix64(seed: number)
    return SecretBytes(count: count) { buffer in
        for position in 0..<buffer.count {
            buffer[position] = UInt8.random(in: 0...255, using: &random)
        }
    }
}

/// What a node is in a handshake under test.
struct Party {
    var number: Int
    var scheme: SignatureSchemeID
    var chain = Digest(1, 2, 3, 4)
    var keys: ValidatorKeys
    var suite = BFTTransportTests.suite
    var now = noon
    var seed: UInt64 = 0
    var expecting: Int?

    init(_ number: Int, seed: UInt64 = 0, expecting: Int? = nil) {
        self.number = number
        scheme = .ed25519
        keys = validators
        self.seed = seed
        self.expecting = expecting
    }

    /// A party with a key of `scheme` among four such.
    init(_ number: Int, _ scheme: SignatureSchemeID, _ suite: TransportSuite) throws {
        self.init(number)
        self.scheme = scheme
        self.suite = suite
        keys = try ValidatorKeys(epoch: .zero, (0..<4).map { try key($0, scheme).publicKey })
    }

    func handshake(_ role: HandshakeRole) throws -> Handshake {
        let parameters = HandshakeParameters(
            chain: chain, validators: keys, ownKey: try key(number, scheme).publicKey,
            suite: suite)
        return Handshake(
            role, parameters, expecting: expecting.map { ValidatorIndex($0) },
            random: randomness(
                seed &+ UInt64(number) &+ (role == .initiator ? 100 : 200),
                count: Handshake.randomByteCount(role, suite)),
            now: now)
    }
}

/// One side of a handshake under test: takes and gives whole flights as arrays.
struct Side: ~Copyable {
    var handshake: Handshake
    let signingKey: SigningKey
    private(set) var peer: PeerIdentity?

    init(_ party: Party, _ role: HandshakeRole) throws {
        let signingKey = try key(party.number, party.scheme)
        let handshake = try party.handshake(role)
        self.signingKey = signingKey
        self.handshake = handshake
    }

    mutating func start() throws(HandshakeError) -> [UInt8] {
        var output = ByteQueue()
        try handshake.start(into: &output)
        return output.array
    }

    /// Feeds bytes, does what the steps ask for, and returns what is to be sent.
    mutating func take(_ bytes: [UInt8]) throws(HandshakeError) -> [UInt8] {
        var input = ByteQueue()
        var output = ByteQueue()
        input.append(bytes)
        var step = try handshake.receive(&input)
        while true {
            switch step {
            case .awaitBytes: return output.array
            case .finished(let peer):
                self.peer = peer
                return output.array
            case .sign(let request):
                step = try handshake.provide(signature: request.run(signingKey), into: &output)
            case .verify(let check): step = try handshake.provide(verdict: check.run())
            }
        }
    }

    consuming func session() -> Session {
        handshake.finish()!
    }
}

extension ByteQueue {
    var array: [UInt8] { withBytes { span in span.withUnsafeBytes { Array($0) } } }

    init(_ bytes: [UInt8]) {
        self.init()
        append(bytes)
    }
}

/// The three flights of an undisturbed handshake.
struct Flights {
    let first: [UInt8]
    let second: [UInt8]
    let third: [UInt8]

    init(_ initiator: Party, _ responder: Party) throws {
        var initiating = try Side(initiator, .initiator)
        var responding = try Side(responder, .responder)
        first = try initiating.start()
        second = try responding.take(first)
        third = try initiating.take(second)
        #expect(try responding.take(third).isEmpty)
        #expect(initiating.peer?.index == ValidatorIndex(responder.number))
        #expect(responding.peer?.index == ValidatorIndex(initiator.number))
    }
}

/// Secrets such as a handshake ends with, for one side or the other.
func sessionSecrets(
    _ role: HandshakeRole, _ algorithm: AEADAlgorithm = .aes256GCM
)
    -> SessionSecrets
{
    let isInitiator = role == .initiator
    return SessionSecrets(
        algorithm: algorithm, sending: randomness(isInitiator ? 1 : 2),
        receiving: randomness(isInitiator ? 2 : 1))
}

func session(_ role: HandshakeRole, rekeyByteCount: UInt64 = 1 << 32) -> Session {
    Session(sessionSecrets(role), rekeyByteCount: rekeyByteCount)
}

func link(_ role: HandshakeRole, _ limits: LinkLimits = LinkLimits()) -> PeerLink {
    PeerLink(session(role), limits: limits, at: seconds(0))
}

/// A message as it arrived.
struct Arrival: Equatable {
    let lane: Lane
    let kind: UInt8
    let payload: [UInt8]
}

extension PeerLink {
    /// All messages that are complete in `input`.
    mutating func arrivals(
        _ input: inout ByteQueue, at now: Instant = seconds(0)
    ) throws(LinkViolation) -> [Arrival] {
        var arrivals: [Arrival] = []
        while let message = try next(&input, at: now) {
            let payload = message.withPayload(in: input) { $0.withUnsafeBytes { Array($0) } }
            arrivals.append(Arrival(lane: message.lane, kind: message.kind, payload: payload))
        }
        return arrivals
    }
}
