public import BFTBase
public import BFTCrypto
public import BFTWire

/// Who opened the connection. The two roles sign different statements and use different keys, so
/// that nothing of one can be passed off as the other's.
public enum HandshakeRole: Sendable, Hashable {
    /// Dialled.
    case initiator
    /// Was dialled.
    case responder
}

/// The algorithms of one connection besides the signatures, which are of the validators' keys.
public struct TransportSuite: Hashable, Sendable {
    public let keyExchange: KeyExchangeID
    public let aead: AEADAlgorithm

    public init(keyExchange: KeyExchangeID, aead: AEADAlgorithm) {
        self.keyExchange = keyExchange
        self.aead = aead
    }
}

/// What both sides must have in common, and what this side is.
public struct HandshakeParameters: Sendable {
    /// The digest of the genesis: nodes of different chains never connect.
    public let chain: Digest
    /// The only keys that may connect.
    public let validators: ValidatorKeys
    public let ownKey: PublicKey
    let ownFingerprint: Digest
    /// What the initiator proposes, and the only suite that a responder accepts. There is nothing
    /// to negotiate, so there is nothing to downgrade.
    public let suite: TransportSuite
    /// How far the initiator's clock may be from the responder's.
    public let timeWindow: Interval

    /// - Precondition: this build holds the suite's key exchange.
    public init(
        chain: Digest, validators: ValidatorKeys, ownKey: PublicKey, suite: TransportSuite,
        timeWindow: Interval = .seconds(300)
    ) {
        precondition(suite.keyExchange.exchange != nil, "a key exchange that this build lacks")
        self.chain = chain
        self.validators = validators
        self.ownKey = ownKey
        self.ownFingerprint = ownKey.fingerprint
        self.suite = suite
        self.timeWindow = timeWindow
    }
}

/// The validator at the other end, proved by its signature.
public struct PeerIdentity: Hashable, Sendable {
    /// Its index in the validator set that the handshake was given. Another epoch may give the same
    /// key another index; the key is what was proved.
    public let index: ValidatorIndex
    public let key: PublicKey
    public let fingerprint: Digest

    package init(index: ValidatorIndex, key: PublicKey, fingerprint: Digest) {
        self.index = index
        self.key = key
        self.fingerprint = fingerprint
    }
}

/// Why a handshake failed. Nothing was accepted from the peer, and the connection must be closed.
public enum HandshakeError: Error, Equatable, Sendable {
    case tooLong(limit: Int, found: Int)
    case malformed(WireError)
    /// The peer speaks another protocol.
    case notAPeer
    case wrongVersion(found: UInt16)
    case unsupportedSuite(keyExchange: UInt8, aead: UInt8)
    case wrongChain(found: Digest)
    /// The clocks of the two nodes differ by more than the window, or the hello is an old one.
    case outsideTimeWindow(own: Timestamp, peer: Timestamp)
    /// The key exchange refused what the peer sent.
    case refusedShare
    /// The sealed part is not what somebody with the same secret and the same transcript sealed.
    case forged
    case unknownValidator(fingerprint: Digest)
    /// This node reached itself.
    case selfConnection
    /// Another validator answered than the one that was dialled.
    case unexpectedPeer(expected: ValidatorIndex, found: ValidatorIndex)
    case wrongSignature(ValidatorIndex)
    /// The host handed in a result that this step did not ask for.
    case outOfOrder
    /// An earlier error ended the handshake.
    case ended
}

/// Bytes that the host signs with the validator's key, on the spot or on the crypto pool.
public struct SignatureRequest: Equatable, Sendable {
    public let statement: [UInt8]

    /// Signs. The result goes to `provide(signature:into:)`.
    public func run(_ key: SigningKey) -> [UInt8] { key.sign(statement) }
}

/// A signature of the peer's that the host has checked, on the spot or on the crypto pool.
public struct SignatureCheck: Sendable {
    let key: PreparedKey
    let statement: [UInt8]
    let signature: [UInt8]

    /// About how long `run` takes.
    public var cost: Interval { key.verifyCost }

    /// Checks. The result goes to `provide(verdict:into:)`.
    public func run() -> SignatureVerdict {
        SignatureVerdict(statement: statement, isValid: key.isValid(signature, for: statement))
    }
}

/// What came of a `SignatureCheck`. Only the check makes one, so no host can skip it.
public struct SignatureVerdict: Equatable, Sendable {
    let statement: [UInt8]
    let isValid: Bool
}

/// What a handshake needs next.
public enum HandshakeStep: Sendable {
    /// More bytes from the peer.
    case awaitBytes
    /// A signature, handed to `provide(signature:into:)`.
    case sign(SignatureRequest)
    /// A verdict, handed to `provide(verdict:into:)`.
    case verify(SignatureCheck)
    /// Nothing: the peer is who it says, and `finish` gives the session.
    case finished(PeerIdentity)
}
