internal import BFTBase
internal import COpenSSL

/// Ed25519 (RFC 8032), by libcrypto.
///
/// Verification is the cofactorless kind with the checks that make it unambiguous: `S` below the
/// group order, `R` compared as bytes, and here also no public key of small order and none that is
/// spelled in a second way. So all replicas agree on every signature, and nobody can register a
/// key for which one signature fits many messages. (Chalkias, Garillot, Nikolaenko, "Taming the
/// many EdDSAs", 2020.)
struct Ed25519Scheme: SignatureScheme {
    var id: SignatureSchemeID { .ed25519 }
    var seedByteCount: Int { 32 }
    var publicKeyByteCount: Int { 32 }
    var signatureByteCount: Int { 64 }
    var signCost: Interval { .microseconds(25) }
    var verifyCost: Interval { .microseconds(65) }

    func makeSigner(seed: SecretBytes) -> any MessageSigner {
        precondition(seed.count == seedByteCount, "an Ed25519 seed has 32 bytes")
        guard let key = LibcryptoKey(privateKey: seed, type: EVP_PKEY_ED25519) else {
            preconditionFailure("libcrypto failed to make a key: out of memory")
        }
        return Signer(key: key, publicKeyBytes: key.publicKeyBytes(count: publicKeyByteCount))
    }

    func makeVerifier(publicKey: [UInt8]) -> (any MessageVerifier)? {
        guard publicKey.count == publicKeyByteCount, Self.isAdmissible(publicKey),
            let key = LibcryptoKey(publicKey: publicKey, type: EVP_PKEY_ED25519)
        else { return nil }
        return Verifier(key: key)
    }

    private struct Signer: MessageSigner {
        let key: LibcryptoKey
        let publicKeyBytes: [UInt8]

        func sign(_ message: [UInt8]) -> [UInt8] {
            let context = EVP_MD_CTX_new()
            defer { EVP_MD_CTX_free(context) }
            var signature = [UInt8](repeating: 0, count: 64)
            var count = signature.count
            let done =
                EVP_DigestSignInit(context, nil, nil, nil, key.pointer) == 1
                && EVP_DigestSign(context, &signature, &count, message, message.count) == 1
            precondition(done && count == 64, "libcrypto failed to sign: out of memory")
            return signature
        }
    }

    private struct Verifier: MessageVerifier {
        let key: LibcryptoKey

        func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
            guard signature.count == 64 else { return false }
            let context = EVP_MD_CTX_new()
            defer { EVP_MD_CTX_free(context) }
            return EVP_DigestVerifyInit(context, nil, nil, nil, key.pointer) == 1
                && EVP_DigestVerify(context, signature, 64, message, message.count) == 1
        }
    }

    /// Whether the key's y coordinate is below 2²⁵⁵ − 19 and not that of a point of small order.
    ///
    /// The sign of x is left out: a point of small order stays one when mirrored. Points with
    /// x = 0, whose second spelling has the sign set, are of small order themselves.
    static func isAdmissible(_ publicKey: [UInt8]) -> Bool {
        var y = publicKey
        y[31] &= 0x7F
        let isCanonical = y.reversed().lexicographicallyPrecedes(Self.fieldPrime.reversed())
        return isCanonical && !Self.smallOrder.contains(y)
    }

    private static let fieldPrime: [UInt8] =
        [0xED] + [UInt8](repeating: 0xFF, count: 30) + [0x7F]

    /// The y coordinates of the eight points whose order divides eight.
    private static let smallOrder: [[UInt8]] = [
        [0] + [UInt8](repeating: 0, count: 31),
        [1] + [UInt8](repeating: 0, count: 31),
        [0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F],
        [
            0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4, 0x89, 0xF2, 0xEF,
            0x98, 0xF0, 0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6, 0x33, 0x39, 0xB1, 0x38, 0x02, 0x88,
            0x6D, 0x53, 0xFC, 0x05,
        ],
        [
            0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B, 0x76, 0x0D, 0x10,
            0x67, 0x0F, 0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39, 0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77,
            0x92, 0xAC, 0x03, 0x7A,
        ],
    ]
}
