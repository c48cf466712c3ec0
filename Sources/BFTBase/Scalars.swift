/// A counter with a meaning of its own, so that a view can't be passed where a height belongs.
public protocol Counter: Hashable, Comparable, Sendable, CustomStringConvertible {
    var rawValue: UInt64 { get }
    init(_ rawValue: UInt64)
}

extension Counter {
    /// The first value.
    public static var zero: Self { Self(0) }

    /// The value after this one. Saturates: a peer may name the largest there is.
    public var next: Self { advanced(by: 1) }

    /// The value before this one, or `nil` for the first.
    public var previous: Self? { rawValue == 0 ? nil : Self(rawValue - 1) }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    public var description: String { String(rawValue) }
}

/// One attempt of one leader; a leader may keep several in a row. View 0 holds only the genesis
/// block; the first leader leads view 1.
public struct View: Counter {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A position in the committed chain. The genesis block stands at height 0.
public struct Height: Counter {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// The span of one validator set.
public struct Epoch: Counter {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// The position of a batch among the batches of its author. The first is 1.
public struct BatchSequence: Counter {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// A place in a log: the number of record bytes before it since the log began, over all segments.
///
/// Positions rise and are never used twice, also when old segments are gone.
public struct LogPosition: Counter {
    public let rawValue: UInt64
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// The position of a validator in the validator set of an epoch, from 0.
public struct ValidatorIndex: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: Int

    /// - Precondition: `rawValue` is not negative.
    public init(_ rawValue: Int) {
        precondition(rawValue >= 0, "a validator index is not negative")
        self.rawValue = rawValue
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    public var description: String { "v\(rawValue)" }
}
