import BFTBase
import BFTCrypto
import BFTSimulator
import BFTWire

/// The product's own signatures, with keys that a seed determines.
struct RealSignatures: WorldSignatures {
    private let keys: [SigningKey]
    private let prepared: [PreparedKey]

    init(_ scheme: SignatureSchemeID, count: Int, seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        keys = try (0..<count).map { _ in
            let byteCount = scheme.scheme?.seedByteCount ?? 0
            let bytes = (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
            return try SigningKey(scheme, seed: SecretBytes(copying: bytes))
        }
        prepared = try keys.map { try PreparedKey($0.publicKey) }
    }

    func sign(_ bytes: [UInt8], as signer: ValidatorIndex) -> [UInt8] {
        keys[signer.rawValue].sign(bytes)
    }

    func holds(_ claim: SignatureClaim) -> Bool {
        guard claim.signer.rawValue < prepared.count else { return false }
        return prepared[claim.signer.rawValue].isValid(claim.signature, for: claim.statement)
    }
}
