public import BFTBase
internal import COpenSSL

/// A 32-byte hash function.
public enum Hash: Sendable {
    /// SHA-256 (FIPS 180-4): the handshake's transcript and its key derivation.
    case sha256
    /// SHA3-256 (FIPS 202).
    case sha3_256

    /// The hash of `parts`, one after the other, with nothing between them.
    ///
    /// The caller sees to it that two different lists of parts can't read as the same bytes.
    public func digest(_ parts: [UInt8]...) -> Digest {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var succeeded = EVP_DigestInit_ex(context, algorithm.pointer, nil) == 1
        for part in parts {
            succeeded = succeeded && EVP_DigestUpdate(context, part, part.count) == 1
        }
        var output = [UInt8](repeating: 0, count: Digest.byteCount)
        succeeded = succeeded && EVP_DigestFinal_ex(context, &output, nil) == 1
        guard succeeded, let digest = Digest(bytes: output) else {
            preconditionFailure("libcrypto failed to hash: out of memory")
        }
        return digest
    }

    var algorithm: HashAlgorithm {
        switch self {
        case .sha256: .sha256
        case .sha3_256: .sha3_256
        }
    }
}

/// A hash function that libcrypto looked up once: looking it up per call costs more than hashing.
struct HashAlgorithm: @unchecked Sendable {
    // Safe to share: libcrypto's algorithm objects are immutable and counted atomically.
    let pointer: OpaquePointer

    private init(_ name: String) {
        guard let pointer = EVP_MD_fetch(nil, name, nil) else {
            preconditionFailure("libcrypto has no \(name)")
        }
        self.pointer = pointer
    }

    static let sha256 = HashAlgorithm("SHA2-256")
    static let sha3_256 = HashAlgorithm("SHA3-256")
}
