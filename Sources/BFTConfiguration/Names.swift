/// The signature schemes that a chain can be founded on.
public enum SignatureSchemeName: String, CaseIterable, Sendable {
    case ed25519 = "ed25519"
    case mlDSA65 = "ml-dsa-65"
    case mlDSA87 = "ml-dsa-87"

    /// The length of a public key (RFC 8032; FIPS 204, table 2).
    public var publicKeyByteCount: Int {
        switch self {
        case .ed25519: 32
        case .mlDSA65: 1_952
        case .mlDSA87: 2_592
        }
    }

    /// The length of a signature (RFC 8032; FIPS 204, table 2).
    public var signatureByteCount: Int {
        switch self {
        case .ed25519: 64
        case .mlDSA65: 3_309
        case .mlDSA87: 4_627
        }
    }

    /// The tag in the canonical encoding.
    var tag: UInt8 {
        switch self {
        case .ed25519: 1
        case .mlDSA65: 2
        case .mlDSA87: 3
        }
    }
}

/// The consensus protocols that a chain can be founded on.
public enum ProtocolName: String, CaseIterable, Sendable {
    case simplex = "simplex"
    case pbft = "pbft"
    /// Chained HotStuff, committing on the three-chain.
    case hotstuff = "hotstuff"
    /// The two-chain variant.
    case hotstuff2 = "hotstuff2"

    /// The tag in the canonical encoding.
    var tag: UInt8 {
        switch self {
        case .simplex: 1
        case .pbft: 2
        case .hotstuff: 3
        case .hotstuff2: 4
        }
    }
}
