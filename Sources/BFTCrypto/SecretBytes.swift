internal import COpenSSL

/// Bytes that nobody else may read: kept out of swap and core files where the system allows it,
/// wiped when the last reference goes.
///
/// The memory comes from libcrypto's secure heap: locked, with guard pages on both sides. When the
/// heap is full or the system refuses to lock memory (`RLIMIT_MEMLOCK`), the bytes live in ordinary
/// memory and are still wiped. So do the copies that libcrypto makes of a key to work with.
public final class SecretBytes: @unchecked Sendable {
    // Safe to share: the memory is written only before `init` returns.
    private let base: UnsafeMutableRawPointer
    public let count: Int

    /// `count` bytes that `fill` writes. They are zero before.
    ///
    /// - Precondition: `count` is not negative.
    public init(count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        precondition(count >= 0, "a secret has no negative size")
        SecureHeap.prepare()
        let size = max(count, 1)
        guard let base = CRYPTO_secure_zalloc(size, nil, 0) ?? CRYPTO_zalloc(size, nil, 0) else {
            preconditionFailure("out of memory")
        }
        self.base = base
        self.count = count
        fill(UnsafeMutableRawBufferPointer(start: base, count: count))
    }

    /// A copy of `bytes`. The caller's copy is the caller's to wipe.
    public convenience init(copying bytes: [UInt8]) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// A copy of `bytes`, which are zeroed. Another array that shares their memory keeps them.
    public convenience init(wiping bytes: inout [UInt8]) {
        self.init(copying: bytes)
        Wipe.bytes(&bytes)
    }

    /// A copy of `span`.
    public convenience init(copying span: RawSpan) {
        self.init(count: span.byteCount) { destination in
            span.withUnsafeBytes { destination.copyMemory(from: $0) }
        }
    }

    deinit { CRYPTO_secure_clear_free(base, max(count, 1), nil, 0) }

    /// Lends the bytes for the duration of `body`.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// The part from `offset`, `count` bytes long.
    ///
    /// - Precondition: the part lies inside.
    public func part(offset: Int, count: Int) -> SecretBytes {
        precondition(offset >= 0 && count >= 0 && offset + count <= self.count, "no such part")
        return SecretBytes(count: count) { destination in
            withUnsafeBytes {
                destination.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: $0[offset...][..<(offset + count)]))
            }
        }
    }

    /// These bytes, then those of `other`.
    public func joined(with other: SecretBytes) -> SecretBytes {
        SecretBytes(count: count + other.count) { destination in
            withUnsafeBytes { destination.copyMemory(from: $0) }
            let rest = UnsafeMutableRawBufferPointer(rebasing: destination[count...])
            other.withUnsafeBytes { rest.copyMemory(from: $0) }
        }
    }
}

extension SecretBytes: Equatable {
    /// Takes the same time wherever the first difference is.
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in ConstantTime.areEqual(left, right) }
        }
    }
}

extension SecretBytes: CustomStringConvertible, CustomReflectable {
    /// Never the bytes: a secret that is logged by mistake stays secret.
    public var description: String { "\(count) secret bytes" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// OpenSSL's locked heap, set up once for the process.
enum SecureHeap {
    /// Room for a hundred thousand 32-byte secrets, within the usual limit on locked memory.
    private static let byteCount = 4 << 20
    private static let smallestBlockByteCount = 32

    /// Whether the heap stands, whoever set it up.
    private static let isReady: Bool = {
        CRYPTO_secure_malloc_initialized() == 1
            || CRYPTO_secure_malloc_init(byteCount, smallestBlockByteCount) != 0
    }()

    static func prepare() { _ = isReady }
}

/// Overwrites memory that held a secret.
public enum Wipe {
    /// Zeroes `bytes` in a way that the optimizer keeps.
    public static func bytes(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
}

/// Comparison that says nothing by the time it takes.
public enum ConstantTime {
    /// Whether both hold the same bytes. Different lengths are unequal at once: lengths are public.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withUnsafeBytes { left in right.withUnsafeBytes { areEqual(left, $0) } }
    }

    static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        guard let left = left.baseAddress, let start = right.baseAddress else { return true }
        return CRYPTO_memcmp(left, start, right.count) == 0
    }
}
