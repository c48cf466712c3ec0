internal import COpenSSL
internal import Glibc

/// Randomness from the operating system.
public enum SecureRandom {
    /// `count` bytes that nobody can predict, from `getrandom(2)`.
    public static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            fill(UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
    }

    /// `count` unpredictable bytes that are wiped after use.
    public static func secret(_ count: Int) -> SecretBytes {
        SecretBytes(count: count) { fill($0) }
    }

    /// - Postcondition: `buffer` is full. A system without randomness stops the process: nothing
    ///   that this module does is safe without it.
    private static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        var filled = 0
        while filled < buffer.count {
            let got = getrandom(
                buffer.baseAddress.map { $0 + filled }, buffer.count - filled, 0)
            if got > 0 {
                filled += got
            } else {
                precondition(got < 0 && errno == EINTR, "the system gives no random bytes")
            }
        }
    }
}
