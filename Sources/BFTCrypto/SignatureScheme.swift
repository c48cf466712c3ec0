public import BFTBase

/// The signature schemes that this protocol knows. The number is part of the wire format.
public enum SignatureSchemeID: UInt8, Sendable, CaseIterable {
    /// Ed25519 (RFC 8032).
    case ed25519 = 1
    /// ML-DSA-65 (FIPS 204).
    case mldsa65 = 2
    /// ML-DSA-87 (FIPS 204).
    case mldsa87 = 3

    /// The name in key files, genesis files and the configuration.
    public var name: String {
        switch self {
        case .ed25519: "ed25519"
        case .mldsa65: "ml-dsa-65"
        case .mldsa87: "ml-dsa-87"
        }
    }

    public init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    /// What carries it out, or `nil` if this build does not hold it.
    public var scheme: (any SignatureScheme)? {
        switch self {
        case .ed25519: Ed25519Scheme()
        case .mldsa65: MLDSASchemes.mldsa65
        case .mldsa87: MLDSASchemes.mldsa87
        }
    }
}

/// One way to sign. The seam at which a scheme is added: one file, and a line in
/// `SignatureSchemeID.scheme`.
public protocol SignatureScheme: Sendable {
    var id: SignatureSchemeID { get }
    var seedByteCount: Int { get }
    var publicKeyByteCount: Int { get }
    var signatureByteCount: Int { get }

    /// What one signature and one check cost on a common machine. Decides whether work is done on
    /// the spot or on the crypto pool, and nothing else.
    var signCost: Interval { get }
    var verifyCost: Interval { get }

    /// The signer that `seed` determines.
    ///
    /// - Precondition: `seed` has `seedByteCount` bytes.
    func makeSigner(seed: SecretBytes) -> any MessageSigner

    /// A verifier with all that can be computed from the key alone already computed, or `nil` if
    /// `publicKey` is not a key that this scheme admits. Never traps: keys come from the network.
    func makeVerifier(publicKey: [UInt8]) -> (any MessageVerifier)?

    /// Whether each signature is valid: what the verifiers say, one by one. A scheme that checks
    /// several faster together does so here.
    ///
    /// - Precondition: every verifier was made by this scheme.
    func areValid(_ batch: [ClaimedSignature]) -> [Bool]
}

extension SignatureScheme {
    public func areValid(_ batch: [ClaimedSignature]) -> [Bool] {
        batch.map { $0.verifier.isValid($0.signature, for: $0.message) }
    }
}

/// A signature, what it is said to cover, and whose it is said to be.
public struct ClaimedSignature: Sendable {
    public let verifier: any MessageVerifier
    public let signature: [UInt8]
    public let message: [UInt8]

    public init(verifier: any MessageVerifier, signature: [UInt8], message: [UInt8]) {
        self.verifier = verifier
        self.signature = signature
        self.message = message
    }
}

/// Signs with one private key, from any thread.
public protocol MessageSigner: Sendable {
    var publicKeyBytes: [UInt8] { get }
    func sign(_ message: [UInt8]) -> [UInt8]
}

/// Checks signatures of one public key, from any thread.
public protocol MessageVerifier: Sendable {
    /// Whether `signature` is the holder's over `message`. Never traps, whatever the bytes.
    func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool
}

/// Why bytes are not a key.
public enum KeyError: Error, Equatable, Sendable {
    /// This build does not hold the scheme.
    case unsupported(SignatureSchemeID)
    case wrongLength(expected: Int, found: Int)
    /// The scheme does not admit this key: it is malformed, or anybody could sign for it.
    case refused(SignatureSchemeID)
    /// Not of the form `scheme:hexadecimal`.
    case malformedText
}

extension KeyError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unsupported(let id): "this build has no \(id.name)"
        case .wrongLength(let expected, let found): "the key has \(found) bytes, not \(expected)"
        case .refused(let id): "not a usable \(id.name) key"
        case .malformedText: "a public key reads as scheme:hexadecimal, such as ed25519:d75a98…"
        }
    }
}
