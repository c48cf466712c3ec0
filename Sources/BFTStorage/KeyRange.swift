/// The keys from `lower` up to, but not including, `upper`, in bytewise order.
public struct KeyRange: Equatable, Sendable {
    /// The first key that can be in the range.
    public let lower: [UInt8]
    /// The first key behind the range, or `nil` if there is no end.
    public let upper: [UInt8]?

    public init(from lower: [UInt8], to upper: [UInt8]? = nil) {
        self.lower = lower
        self.upper = upper
    }

    /// Every key.
    public static let all = KeyRange(from: [])

    /// The keys that begin with `prefix`.
    ///
    /// The end is the prefix with its last byte below 255 raised by one and what follows dropped;
    /// a prefix of nothing but 255 has no end.
    public static func prefix(_ prefix: [UInt8]) -> KeyRange {
        guard let last = prefix.lastIndex(where: { $0 < .max }) else {
            return KeyRange(from: prefix)
        }
        var upper = Array(prefix[...last])
        upper[last] += 1
        return KeyRange(from: prefix, to: upper)
    }
}
