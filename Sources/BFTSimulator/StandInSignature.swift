public import BFTBase
public import BFTWire

/// How the validators of a world sign. The stand-in costs next to nothing; whoever wants the real
/// schemes hands them in.
public protocol WorldSignatures: Sendable {
    /// The signature of `signer`, whom the caller speaks for, over `bytes`. A scheme may draw
    /// randomness: what a world does depends on no byte of a signature, only on their number.
    func sign(_ bytes: [UInt8], as signer: ValidatorIndex) -> [UInt8]

    /// Whether the signature is the signer's over the statement. Never traps, whatever the bytes.
    func holds(_ claim: SignatureClaim) -> Bool
}

extension WorldSignatures {
    /// Whether every signature that `message` stands on holds.
    func holds(_ message: some Authenticated) -> Bool { message.claims.allSatisfy { holds($0) } }
}

/// Signatures that cost next to nothing and that only the holder of the key can make, as long as
/// nobody in the simulation looks into another's key: a keyed hash under a secret of the world.
///
/// Sound inside a simulation: an adversary signs with the keys it owns and no others.
struct StandInSignature: WorldSignatures {
    private let worldSecret: UInt64

    init(seed: UInt64) { worldSecret = seed ^ 0xA5A5_5A5A_DEAD_BEEF }

    func sign(_ bytes: [UInt8], as signer: ValidatorIndex) -> [UInt8] {
        var hash = worldSecret &+ UInt64(signer.rawValue) &* 0x9E37_79B9_7F4A_7C15
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        var mixed = SplitMix64(seed: hash)
        let word = mixed.next()
        return (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
    }

    func holds(_ claim: SignatureClaim) -> Bool {
        sign(claim.statement, as: claim.signer) == claim.signature
    }
}
