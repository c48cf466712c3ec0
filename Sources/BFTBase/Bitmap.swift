/// A fixed number of bits, one for each validator.
public struct Bitmap: Hashable, Sendable {
    /// The number of bits.
    public let count: Int
    private var words: [UInt64]

    /// All bits clear.
    ///
    /// - Precondition: `count` is not negative.
    public init(count: Int) {
        precondition(count >= 0, "a bitmap has no negative size")
        self.count = count
        self.words = Array(repeating: 0, count: (count + 63) / 64)
    }

    /// Whether bit `position` is set. A position outside the bitmap reads as clear.
    public subscript(position: Int) -> Bool {
        guard position >= 0, position < count else { return false }
        return words[position / 64] & (1 << UInt64(position % 64)) != 0
    }

    /// Sets bit `position`, and says whether it was clear before.
    ///
    /// - Precondition: `position` is inside the bitmap.
    @discardableResult
    public mutating func insert(_ position: Int) -> Bool {
        precondition(position >= 0 && position < count, "no such bit")
        guard !self[position] else { return false }
        words[position / 64] |= 1 << UInt64(position % 64)
        return true
    }

    /// The number of bits that are set.
    public var population: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// The positions of the set bits, in rising order.
    public var positions: [Int] { (0..<count).filter { self[$0] } }

    /// The bits as bytes, the first bit lowest in the first byte.
    public var bytes: [UInt8] {
        (0..<(count + 7) / 8).map {
            UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(8 * ($0 % 8)))
        }
    }

    /// The bitmap of `count` bits that `bytes` spell, or `nil` if there are too many or too few
    /// bytes or a bit beyond `count` is set: one value, one spelling.
    public init?(count: Int, bytes: some Collection<UInt8>) {
        guard count >= 0, bytes.count == (count + 7) / 8 else { return nil }
        self.init(count: count)
        for (position, byte) in bytes.enumerated() {
            words[position / 8] |= UInt64(byte) << UInt64(8 * (position % 8))
        }
        let spare = UInt64(words.count * 64 - count)
        if spare > 0, let last = words.last, last >> (64 - spare) != 0 { return nil }
    }
}
