public import BFTBase

/// How much of something may come: `burst` at once, and `perSecond` in the long run.
public struct RateLimit: Sendable, Hashable {
    public let perSecond: UInt64
    public let burst: UInt64

    /// - Precondition: both are above zero and below 2³⁴, so that billionths fit in 64 bits.
    public init(perSecond: UInt64, burst: UInt64) {
        precondition((1..<1 << 34).contains(perSecond) && (1..<1 << 34).contains(burst))
        self.perSecond = perSecond
        self.burst = burst
    }
}

/// A bucket that fills steadily and is emptied by what arrives.
///
/// Whole numbers only, in billionths of a token: however small the steps, no token is lost or made.
public struct TokenBucket: Sendable, Equatable {
    private let limit: RateLimit
    private var billionths: UInt64
    private var filledAt: Instant

    private static let scale: UInt64 = 1_000_000_000

    /// A full bucket.
    public init(_ limit: RateLimit, at now: Instant) {
        self.limit = limit
        billionths = limit.burst * Self.scale
        filledAt = now
    }

    /// Takes `amount` tokens if there are as many at `now`, and says whether there were.
    public mutating func take(_ amount: UInt64, at now: Instant) -> Bool {
        fill(at: now)
        let (wanted, overflow) = amount.multipliedReportingOverflow(by: Self.scale)
        guard !overflow, wanted <= billionths else { return false }
        billionths -= wanted
        return true
    }

    private mutating func fill(at now: Instant) {
        let elapsed = now.since(filledAt).nanoseconds
        filledAt = max(filledAt, now)
        let (gained, overflow) = elapsed.multipliedReportingOverflow(by: limit.perSecond)
        let room = limit.burst * Self.scale - billionths
        billionths += overflow ? room : min(gained, room)
    }
}
