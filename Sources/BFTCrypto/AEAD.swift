internal import COpenSSL

/// Authenticated encryption with a 256-bit key, a 96-bit nonce and a 128-bit tag.
public enum AEADAlgorithm: UInt8, Sendable, CaseIterable {
    /// AES-256 in Galois/Counter Mode (NIST SP 800-38D): the fastest where the CPU has AES.
    case aes256GCM = 1
    /// ChaCha20-Poly1305 (RFC 8439): for CPUs without.
    case chaCha20Poly1305 = 2

    public static let keyByteCount = 32
    public static let tagByteCount = 16
}

/// The 96 bits that must differ between any two messages under one key.
public struct AEADNonce: Sendable, Equatable {
    let prefix: UInt32
    let counter: UInt64

    /// Four bytes of `prefix`, eight of `counter`, both little-endian.
    public init(prefix: UInt32 = 0, counter: UInt64) {
        self.prefix = prefix
        self.counter = counter
    }

    func withBytes<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(byteCount: 12, alignment: 8) { buffer in
            buffer.storeBytes(of: prefix.littleEndian, as: UInt32.self)
            buffer.storeBytes(of: counter.littleEndian, toByteOffset: 4, as: UInt64.self)
            guard let start = buffer.assumingMemoryBound(to: UInt8.self).baseAddress else {
                preconditionFailure("a temporary buffer is never empty")
            }
            return body(start)
        }
    }
}

/// A key that seals. Its schedule is computed once; a message costs only its nonce and its bytes.
///
/// Not copyable, so that no copy can seal a second message with a nonce that was used.
public struct SealingKey: ~Copyable {
    private let context: CipherContext

    /// - Precondition: `key` has `AEADAlgorithm.keyByteCount` bytes.
    public init(_ algorithm: AEADAlgorithm, key: SecretBytes) {
        context = CipherContext(algorithm, key: key, isSealing: true)
    }

    deinit { context.free() }

    /// Seals `first` followed by `second`, and writes the ciphertext and then the tag to
    /// `destination`. `associated` is authenticated and not written.
    ///
    /// - Precondition: `nonce` was never used with this key; `destination` has room for both parts
    ///   and the tag, exactly; it overlaps neither part, unless it begins where the only part does.
    public mutating func seal(
        nonce: AEADNonce, associated: RawSpan = RawSpan(), _ first: RawSpan,
        _ second: RawSpan = RawSpan(), into destination: inout MutableRawSpan
    ) {
        let body = first.byteCount + second.byteCount
        precondition(
            destination.byteCount == body + AEADAlgorithm.tagByteCount, "no room for the message")
        var succeeded = context.begin(nonce)
        succeeded = succeeded && context.authenticate(associated)
        destination.withUnsafeMutableBytes { destination in
            guard let start = destination.baseAddress else { return }
            succeeded = succeeded && context.update(first, to: start)
            succeeded = succeeded && context.update(second, to: start + first.byteCount)
            succeeded = succeeded && context.finish(at: start + body)
            succeeded = succeeded && context.copyTag(to: start + body)
        }
        precondition(succeeded, "libcrypto failed to seal")
    }
}

/// A key that opens what the `SealingKey` of the same bytes sealed.
public struct OpeningKey: ~Copyable {
    private let context: CipherContext

    /// - Precondition: `key` has `AEADAlgorithm.keyByteCount` bytes.
    public init(_ algorithm: AEADAlgorithm, key: SecretBytes) {
        context = CipherContext(algorithm, key: key, isSealing: false)
    }

    deinit { context.free() }

    /// Opens `sealed` (ciphertext, then tag) where it stands, and says whether it is authentic.
    ///
    /// When it is, the plaintext stands before the tag. When it is not, the bytes are worthless
    /// and must not be looked at.
    public mutating func open(
        nonce: AEADNonce, associated: RawSpan = RawSpan(), inPlace sealed: inout MutableRawSpan
    ) -> Bool {
        let body = sealed.byteCount - AEADAlgorithm.tagByteCount
        guard body >= 0 else { return false }
        guard context.begin(nonce), context.authenticate(associated) else { return false }
        return sealed.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return false }
            guard context.setTag(from: start + body) else { return false }
            let ciphertext = RawSpan(_unsafeStart: UnsafeRawPointer(start), byteCount: body)
            return context.update(ciphertext, to: start) && context.finish(at: start + body)
        }
    }
}

/// A libcrypto cipher context with its key set. Freed by the key that owns it.
private struct CipherContext {
    private let pointer: OpaquePointer

    init(_ algorithm: AEADAlgorithm, key: SecretBytes, isSealing: Bool) {
        precondition(key.count == AEADAlgorithm.keyByteCount, "an AEAD key has 32 bytes")
        guard let pointer = EVP_CIPHER_CTX_new() else { preconditionFailure("out of memory") }
        let cipher = CipherAlgorithm.of(algorithm)
        let done = key.withUnsafeBytes {
            EVP_CipherInit_ex(
                pointer, cipher.pointer, nil, $0.assumingMemoryBound(to: UInt8.self).baseAddress,
                nil, isSealing ? 1 : 0)
        }
        precondition(done == 1, "libcrypto failed to set a key")
        self.pointer = pointer
    }

    func free() { EVP_CIPHER_CTX_free(pointer) }

    func begin(_ nonce: AEADNonce) -> Bool {
        nonce.withBytes { EVP_CipherInit_ex(pointer, nil, nil, nil, $0, -1) == 1 }
    }

    func authenticate(_ associated: RawSpan) -> Bool {
        guard associated.byteCount > 0 else { return true }
        return associated.withUnsafeBytes {
            var written: Int32 = 0
            let start = $0.assumingMemoryBound(to: UInt8.self).baseAddress
            return EVP_CipherUpdate(pointer, nil, &written, start, Int32($0.count)) == 1
        }
    }

    func update(_ part: RawSpan, to destination: UnsafeMutableRawPointer) -> Bool {
        guard part.byteCount > 0 else { return true }
        return part.withUnsafeBytes {
            var written: Int32 = 0
            let start = $0.assumingMemoryBound(to: UInt8.self).baseAddress
            return EVP_CipherUpdate(
                pointer, destination.assumingMemoryBound(to: UInt8.self), &written, start,
                Int32($0.count)) == 1
        }
    }

    /// Ends a message. Both modes are stream ciphers: nothing is written to `end`.
    func finish(at end: UnsafeMutableRawPointer) -> Bool {
        var written: Int32 = 0
        return EVP_CipherFinal_ex(pointer, end.assumingMemoryBound(to: UInt8.self), &written) == 1
    }

    func copyTag(to destination: UnsafeMutableRawPointer) -> Bool {
        let count = Int32(AEADAlgorithm.tagByteCount)
        return EVP_CIPHER_CTX_ctrl(pointer, EVP_CTRL_AEAD_GET_TAG, count, destination) == 1
    }

    func setTag(from source: UnsafeMutableRawPointer) -> Bool {
        let count = Int32(AEADAlgorithm.tagByteCount)
        return EVP_CIPHER_CTX_ctrl(pointer, EVP_CTRL_AEAD_SET_TAG, count, source) == 1
    }
}

/// A cipher that libcrypto looked up once.
private struct CipherAlgorithm: @unchecked Sendable {
    // Safe to share: libcrypto's algorithm objects are immutable and counted atomically.
    let pointer: OpaquePointer

    private init(_ name: String) {
        guard let pointer = EVP_CIPHER_fetch(nil, name, nil) else {
            preconditionFailure("libcrypto has no \(name)")
        }
        self.pointer = pointer
    }

    private static let aes256GCM = CipherAlgorithm("AES-256-GCM")
    private static let chaCha20Poly1305 = CipherAlgorithm("ChaCha20-Poly1305")

    static func of(_ algorithm: AEADAlgorithm) -> CipherAlgorithm {
        switch algorithm {
        case .aes256GCM: aes256GCM
        case .chaCha20Poly1305: chaCha20Poly1305
        }
    }
}
