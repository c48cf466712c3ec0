/// A 32-byte hash that names what it was computed from.
///
/// Four words instead of an array: comparing and hashing one costs no loop and no allocation.
public struct Digest: BitwiseCopyable, Hashable, Sendable {
    /// The 32 bytes as little-endian words, in order.
    public let word0: UInt64
    public let word1: UInt64
    public let word2: UInt64
    public let word3: UInt64

    public init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
        self.word0 = word0
        self.word1 = word1
        self.word2 = word2
        self.word3 = word3
    }

    /// The digest of nothing: the parent of a genesis block.
    public static let zero = Digest(0, 0, 0, 0)

    /// The number of bytes in a digest.
    public static let byteCount = 32

    /// The digest that `bytes` spell, or `nil` unless there are exactly 32.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        var words = (UInt64(0), UInt64(0), UInt64(0), UInt64(0))
        for (position, byte) in bytes.enumerated() {
            let part = UInt64(byte) << UInt64(8 * (position % 8))
            switch position / 8 {
            case 0: words.0 |= part
            case 1: words.1 |= part
            case 2: words.2 |= part
            default: words.3 |= part
            }
        }
        self.init(words.0, words.1, words.2, words.3)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(Self.byteCount)
        for word in [word0, word1, word2, word3] {
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                result.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return result
    }
}

extension Digest: Comparable {
    /// Bytewise order, as everywhere where a tie is broken by the lowest hash.
    public static func < (left: Self, right: Self) -> Bool {
        (
            left.word0.byteSwapped, left.word1.byteSwapped, left.word2.byteSwapped,
            left.word3.byteSwapped
        )
            < (
                right.word0.byteSwapped, right.word1.byteSwapped, right.word2.byteSwapped,
                right.word3.byteSwapped
            )
    }
}

extension Digest: CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    public var hex: String { Hex.encode(bytes) }

    /// The first eight hexadecimal digits: enough to tell digests apart in a log line.
    public var description: String { String(hex.prefix(8)) }
}
