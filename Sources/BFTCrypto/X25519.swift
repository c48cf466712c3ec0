internal import COpenSSL

/// A private key for X25519 (RFC 7748, section 5).
public struct X25519PrivateKey: Sendable {
    private let key: LibcryptoKey
    public let publicKey: [UInt8]

    public static let byteCount = 32

    /// The key that 32 unpredictable bytes make.
    ///
    /// - Precondition: `seed` has 32 bytes.
    public init(seed: SecretBytes) {
        guard let key = Self(ifMemory: seed) else {
            preconditionFailure("libcrypto failed to make a key: out of memory")
        }
        self = key
    }

    /// The key, or `nil` if memory is short: what strangers can bring about by connecting must not
    /// stop the process.
    init?(ifMemory seed: SecretBytes) {
        precondition(seed.count == Self.byteCount, "an X25519 key has 32 bytes")
        guard let key = LibcryptoKey(privateKey: seed, type: EVP_PKEY_X25519) else { return nil }
        self.key = key
        publicKey = key.publicKeyBytes(count: Self.byteCount)
    }

    /// The secret shared with the holder of `publicKey`, or `nil` if that is no key or one of the
    /// few points that give every private key the same secret (section 6.1).
    public func sharedSecret(with publicKey: [UInt8]) -> SecretBytes? {
        guard publicKey.count == Self.byteCount,
            let peer = LibcryptoKey(publicKey: publicKey, type: EVP_PKEY_X25519),
            let context = EVP_PKEY_CTX_new(key.pointer, nil)
        else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_derive_init(context) == 1,
            EVP_PKEY_derive_set_peer(context, peer.pointer) == 1
        else { return nil }
        var derived = false
        let secret = SecretBytes(count: Self.byteCount) { output in
            var count = Self.byteCount
            let start = output.assumingMemoryBound(to: UInt8.self).baseAddress
            derived = EVP_PKEY_derive(context, start, &count) == 1 && count == Self.byteCount
        }
        let zero = SecretBytes(count: Self.byteCount) { _ in }
        return derived && secret != zero ? secret : nil
    }
}

/// X25519 as a key exchange: each side's share is its public key.
struct X25519Exchange: KeyExchange {
    var id: KeyExchangeID { .x25519 }
    var initiatorShareByteCount: Int { X25519PrivateKey.byteCount }
    var responderShareByteCount: Int { X25519PrivateKey.byteCount }
    var initiatorRandomByteCount: Int { X25519PrivateKey.byteCount }
    var responderRandomByteCount: Int { X25519PrivateKey.byteCount }

    func initiate(random: SecretBytes) -> any KeyExchangeInitiator {
        Initiator(key: X25519PrivateKey(seed: random))
    }

    func respond(to share: [UInt8], random: SecretBytes) -> KeyExchangeResponse? {
        guard let key = X25519PrivateKey(ifMemory: random),
            let secret = key.sharedSecret(with: share)
        else { return nil }
        return KeyExchangeResponse(share: key.publicKey, secret: secret)
    }

    private struct Initiator: KeyExchangeInitiator {
        let key: X25519PrivateKey
        var share: [UInt8] { key.publicKey }

        func finish(with responderShare: [UInt8]) -> SecretBytes? {
            key.sharedSecret(with: responderShare)
        }
    }
}

/// One of libcrypto's keys of the curve 25519 kinds.
final class LibcryptoKey: @unchecked Sendable {
    // Safe to share: the key is not changed after `init`, and libcrypto locks what it caches.
    let pointer: OpaquePointer

    init?(privateKey: SecretBytes, type: Int32) {
        let made = privateKey.withUnsafeBytes {
            EVP_PKEY_new_raw_private_key(
                type, nil, $0.assumingMemoryBound(to: UInt8.self).baseAddress, $0.count)
        }
        guard let made else { return nil }
        pointer = made
    }

    init?(publicKey: [UInt8], type: Int32) {
        guard let made = EVP_PKEY_new_raw_public_key(type, nil, publicKey, publicKey.count) else {
            return nil
        }
        pointer = made
    }

    deinit { EVP_PKEY_free(pointer) }

    func publicKeyBytes(count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var size = count
        let done = EVP_PKEY_get_raw_public_key(pointer, &bytes, &size)
        precondition(done == 1 && size == count, "libcrypto failed to give a public key")
        return bytes
    }
}
