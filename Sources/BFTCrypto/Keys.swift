public import BFTBase
public import BFTWire

/// A public key: the scheme, and exactly as many bytes as the scheme's keys have.
public struct PublicKey: Hashable, Sendable {
    public let scheme: SignatureSchemeID
    public let bytes: [UInt8]

    /// Checks the length only. Whether the bytes are a usable key shows when it is prepared.
    public init(_ scheme: SignatureSchemeID, bytes: [UInt8]) throws(KeyError) {
        guard let implementation = scheme.scheme else { throw .unsupported(scheme) }
        guard bytes.count == implementation.publicKeyByteCount else {
            throw .wrongLength(expected: implementation.publicKeyByteCount, found: bytes.count)
        }
        self.scheme = scheme
        self.bytes = bytes
    }

    /// The key that `text`, such as `ed25519:d75a98…`, spells.
    public init(text: String) throws(KeyError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let scheme = SignatureSchemeID(name: String(parts[0])),
            let bytes = Hex.decode(String(parts[1]))
        else { throw .malformedText }
        try self.init(scheme, bytes: bytes)
    }

    /// The scheme's name, a colon, the bytes in hexadecimal.
    public var text: String { "\(scheme.name):\(Hex.encode(bytes))" }

    /// A short name for the key that nobody can make another key for.
    public var fingerprint: Digest {
        Hash.sha256.digest(Array("swift-bft public key".utf8), encoded)
    }
}

extension PublicKey: CustomStringConvertible {
    /// The scheme and the first eight digits: enough to tell keys apart in a log line.
    public var description: String { "\(scheme.name):\(Hex.encode(bytes.prefix(4)))" }
}

extension PublicKey: WireCodable {
    public func encode(into writer: inout Writer) {
        writer.uint8(scheme.rawValue)
        writer.raw(bytes)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        let tag = try reader.uint8()
        guard let id = SignatureSchemeID(rawValue: tag), let scheme = id.scheme else {
            throw .unknownTag(tag)
        }
        self.scheme = id
        self.bytes = try reader.copy(byteCount: scheme.publicKeyByteCount)
    }
}

/// A public key with what its scheme computes once per key. Checks signatures from any thread.
public struct PreparedKey: Sendable {
    public let publicKey: PublicKey
    public let fingerprint: Digest
    public let signatureByteCount: Int
    public let verifyCost: Interval
    let verifier: any MessageVerifier

    /// Throws if the scheme does not admit the key.
    public init(_ publicKey: PublicKey) throws(KeyError) {
        guard let scheme = publicKey.scheme.scheme else { throw .unsupported(publicKey.scheme) }
        guard let verifier = scheme.makeVerifier(publicKey: publicKey.bytes) else {
            throw .refused(publicKey.scheme)
        }
        self.publicKey = publicKey
        self.fingerprint = publicKey.fingerprint
        self.signatureByteCount = scheme.signatureByteCount
        self.verifyCost = scheme.verifyCost
        self.verifier = verifier
    }

    /// Whether `signature` is the key holder's over `statement`.
    public func isValid(_ signature: [UInt8], for statement: [UInt8]) -> Bool {
        signature.count == signatureByteCount && verifier.isValid(signature, for: statement)
    }
}

/// A private key. The seed lives in locked memory and is wiped when the last copy goes; what the
/// scheme computes from it is the scheme's to wipe.
public struct SigningKey: Sendable {
    public let publicKey: PublicKey
    public let signatureByteCount: Int
    public let signCost: Interval
    /// What signing with this key has taken.
    public let meter = CPUMeter()
    let seed: SecretBytes
    private let signer: any MessageSigner

    /// The key that `seed` determines.
    public init(_ scheme: SignatureSchemeID, seed: SecretBytes) throws(KeyError) {
        guard let implementation = scheme.scheme else { throw .unsupported(scheme) }
        guard seed.count == implementation.seedByteCount else {
            throw .wrongLength(expected: implementation.seedByteCount, found: seed.count)
        }
        signer = implementation.makeSigner(seed: seed)
        publicKey = try PublicKey(scheme, bytes: signer.publicKeyBytes)
        signatureByteCount = implementation.signatureByteCount
        signCost = implementation.signCost
        self.seed = seed
    }

    /// A new key that nobody else has.
    public static func generate(_ scheme: SignatureSchemeID) throws(KeyError) -> SigningKey {
        guard let implementation = scheme.scheme else { throw .unsupported(scheme) }
        return try SigningKey(scheme, seed: SecureRandom.secret(implementation.seedByteCount))
    }

    /// Signs `statement`, which names its chain, epoch and kind (see `SignatureClaim`).
    public func sign(_ statement: [UInt8]) -> [UInt8] {
        meter.measure { signer.sign(statement) }
    }
}
