internal import BFTBase
internal import PostQuantum

/// ML-DSA (FIPS 204) with the hedged signatures that the standard prefers.
struct MLDSAScheme<Parameters: MLDSAParameterSet>: SignatureScheme {
    let id: SignatureSchemeID
    let publicKeyByteCount: Int
    let signatureByteCount: Int
    let signCost: Interval
    let verifyCost: Interval
    var seedByteCount: Int { 32 }

    func makeSigner(seed: SecretBytes) -> any MessageSigner {
        precondition(seed.count == seedByteCount, "an ML-DSA seed has 32 bytes")
        let privateKey = seed.withUnsafeBytes { bytes in
            try? MLDSA<Parameters>.PrivateKey(
                seedRepresentation: RawSpan(_unsafeBytes: bytes), publicKey: nil)
        }
        guard let privateKey else { preconditionFailure("32 bytes are a seed") }
        return Signer(key: MLDSA<Parameters>.SigningKey(privateKey))
    }

    func makeVerifier(publicKey: [UInt8]) -> (any MessageVerifier)? {
        guard let key = try? MLDSA<Parameters>.PublicKey(rawRepresentation: publicKey) else {
            return nil
        }
        return Verifier(verifier: MLDSA<Parameters>.Verifier(key))
    }

    /// Eight signatures share their hashing.
    func areValid(_ batch: [ClaimedSignature]) -> [Bool] {
        let members = batch.compactMap { claim in
            (claim.verifier as? Verifier).map {
                MLDSA<Parameters>.SignedMessage(
                    verifier: $0.verifier, signature: claim.signature, data: claim.message)
            }
        }
        precondition(members.count == batch.count, "verifiers of another scheme")
        return MLDSA<Parameters>.Verifier.areValid(members)
    }

    private struct Signer: MessageSigner {
        let key: MLDSA<Parameters>.SigningKey
        var publicKeyBytes: [UInt8] { key.publicKey.rawRepresentation }

        func sign(_ message: [UInt8]) -> [UInt8] {
            // One call of the system, where its generator of words takes one for every eight bytes.
            let random = SecureRandom.bytes(32)
            guard let signature = try? key.signature(for: message, randomness: .explicit(random))
            else { preconditionFailure("an empty context is never too long, 32 bytes are 32") }
            return signature
        }
    }

    private struct Verifier: MessageVerifier {
        let verifier: MLDSA<Parameters>.Verifier

        func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
            verifier.isValidSignature(signature, for: message)
        }
    }
}

/// The parameter sets in use, with the means of what `crypto-bench` and `pq-bench` measure.
enum MLDSASchemes {
    static let mldsa65 = MLDSAScheme<MLDSA65Parameters>(
        id: .mldsa65, publicKeyByteCount: 1_952, signatureByteCount: 3_309,
        signCost: cost(avx512: 28, avx2: 50, portable: 226),
        verifyCost: cost(avx512: 4, avx2: 6, portable: 26))
    static let mldsa87 = MLDSAScheme<MLDSA87Parameters>(
        id: .mldsa87, publicKeyByteCount: 2_592, signatureByteCount: 4_627,
        signCost: cost(avx512: 28, avx2: 50, portable: 243),
        verifyCost: cost(avx512: 5, avx2: 7, portable: 36))

    /// Of the three, in microseconds, the one for the instructions that this processor has.
    private static func cost(avx512: UInt64, avx2: UInt64, portable: UInt64) -> Interval {
        switch InstructionSet.current {
        case .avx512: .microseconds(avx512)
        case .avx2: .microseconds(avx2)
        case .portable: .microseconds(portable)
        }
    }
}
