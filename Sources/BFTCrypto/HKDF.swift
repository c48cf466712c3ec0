internal import COpenSSL

/// HKDF with HMAC-SHA-256 (RFC 5869).
public enum HKDF {
    /// The number of bytes that `extract` makes and `expand` takes.
    public static let keyByteCount = 32

    /// Concentrates what is unpredictable in `secret` into one key (RFC 5869, section 2.2).
    public static func extract(salt: [UInt8], secret: SecretBytes) -> SecretBytes {
        SecretBytes(count: keyByteCount) { output in
            salt.withUnsafeBytes { salt in
                secret.withUnsafeBytes { authenticate(key: salt, $0, into: output) }
            }
        }
    }

    /// `count` bytes derived from `key` for the purpose that `info` names (section 2.3).
    ///
    /// - Precondition: `count` is at most 255 · 32.
    public static func expand(_ key: SecretBytes, info: [UInt8], count: Int) -> SecretBytes {
        precondition(count <= 255 * keyByteCount, "HKDF gives at most 8,160 bytes")
        return SecretBytes(count: count) { output in
            var block: [UInt8] = []
            var made = 0
            var number: UInt8 = 1
            while made < count {
                var input = block + info
                input.append(number)
                block = [UInt8](repeating: 0, count: keyByteCount)
                block.withUnsafeMutableBytes { block in
                    input.withUnsafeBytes { input in
                        key.withUnsafeBytes { authenticate(key: $0, input, into: block) }
                    }
                }
                Wipe.bytes(&input)
                let part = min(keyByteCount, count - made)
                UnsafeMutableRawBufferPointer(rebasing: output[made..<made + part])
                    .copyBytes(from: block[..<part])
                made += part
                number &+= 1
            }
            Wipe.bytes(&block)
        }
    }

    /// HMAC-SHA-256 (RFC 2104).
    private static func authenticate(
        key: UnsafeRawBufferPointer, _ message: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) {
        // An absent key means "the key of the call before" to libcrypto; an empty one is meant.
        var empty: UInt8 = 0
        let done = withUnsafePointer(to: &empty) { empty in
            HMAC(
                HashAlgorithm.sha256.pointer, key.baseAddress ?? UnsafeRawPointer(empty),
                Int32(key.count), message.assumingMemoryBound(to: UInt8.self).baseAddress,
                message.count, output.assumingMemoryBound(to: UInt8.self).baseAddress, nil)
        }
        precondition(done != nil, "libcrypto failed to authenticate: out of memory")
    }
}
