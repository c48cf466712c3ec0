// Sums and products of numbers that a peer may have named: the largest there is, if they don't fit.

extension UInt64 {
    public func addingSaturating(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    public func multipliedSaturating(by other: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}

extension Counter {
    /// The value `count` after this one. Saturates.
    public func advanced(by count: UInt64) -> Self { Self(rawValue.addingSaturating(count)) }
}
