/// Counts of latencies in buckets whose width grows with the value.
///
/// Values below 256 have a bucket each; above, every power of two is cut in 128 buckets, so that a
/// percentile is at most 1/128 (0.8 %) above the exact one and never below it. Recording costs a
/// shift and an addition, whatever was recorded before.
struct LatencyHistogram: Equatable {
    private static let bits = 7
    private static let perPower = 1 << bits

    private var counts = [UInt64](repeating: 0, count: (64 - bits + 1) * perPower)
    private(set) var count: UInt64 = 0
    private(set) var maximum: UInt64 = 0
    /// Saturates.
    private var sum: UInt64 = 0

    /// The mean of the exact values, or 0 if there are none.
    var mean: Double { count == 0 ? 0 : Double(sum) / Double(count) }

    private static func bucket(of value: UInt64) -> Int {
        guard value >= UInt64(perPower) else { return Int(value) }
        let power = 63 - value.leadingZeroBitCount - bits
        // The top bits of the value, the highest of which is always set.
        return power * perPower + Int(truncatingIfNeeded: value >> UInt64(power))
    }

    /// The largest value that falls into a bucket.
    private static func upperBound(of bucket: Int) -> UInt64 {
        guard bucket >= 2 * perPower else { return UInt64(bucket) }
        let power = UInt64(bucket / perPower - 1)
        let top = UInt64(bucket % perPower + perPower)
        return (top << power) | ((1 << power) - 1)
    }

    mutating func record(_ value: UInt64) {
        counts[Self.bucket(of: value)] &+= 1
        count &+= 1
        maximum = max(maximum, value)
        let (total, overflow) = sum.addingReportingOverflow(value)
        sum = overflow ? .max : total
    }

    /// The smallest value that at least `share` of all values (0 to 1) do not exceed, rounded up
    /// to the end of its bucket but not above the maximum. 0 if there are no values.
    func percentile(_ share: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        let rank = min(count, max(1, UInt64((share * Double(count)).rounded(.up))))
        var seen: UInt64 = 0
        for (bucket, number) in counts.enumerated() where number > 0 {
            seen += number
            if seen >= rank { return min(Self.upperBound(of: bucket), maximum) }
        }
        return maximum
    }
}
