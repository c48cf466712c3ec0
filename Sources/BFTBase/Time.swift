/// A point on the host's monotonic clock, in nanoseconds since a point of the host's choosing.
///
/// The core is told the time and never asks for it, so that a run can be repeated.
public struct Instant: Hashable, Comparable, Sendable {
    public let nanoseconds: UInt64

    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    /// This instant moved later by `interval`. Saturates at the end of time.
    public func advanced(by interval: Interval) -> Self {
        Self(nanoseconds: nanoseconds.addingSaturating(interval.nanoseconds))
    }

    /// The time from `earlier` to here, or zero if `earlier` is later.
    public func since(_ earlier: Self) -> Interval {
        Interval(
            nanoseconds: nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0)
    }
}

/// A length of time, in nanoseconds.
public struct Interval: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let nanoseconds: UInt64

    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static let zero = Self(nanoseconds: 0)
    public static func microseconds(_ count: UInt64) -> Self { Self(nanoseconds: count * 1_000) }
    public static func milliseconds(_ count: UInt64) -> Self {
        Self(nanoseconds: count * 1_000_000)
    }
    public static func seconds(_ count: UInt64) -> Self { Self(nanoseconds: count * 1_000_000_000) }

    public static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    /// This interval `factor` times. Saturates.
    public func scaled(by factor: UInt64) -> Self {
        Self(nanoseconds: nanoseconds.multipliedSaturating(by: factor))
    }

    public var description: String { "\(nanoseconds / 1_000_000) ms" }
}

/// Agreed time, in milliseconds since 1970-01-01T00:00:00Z. Proposed in a block, judged by the
/// validators that vote for it, and the only time that replicated state may depend on.
public struct Timestamp: Hashable, Comparable, Sendable {
    public let milliseconds: UInt64

    public init(milliseconds: UInt64) { self.milliseconds = milliseconds }

    public static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }
}
