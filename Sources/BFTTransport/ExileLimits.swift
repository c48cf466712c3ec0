public import BFTBase

/// How long a validator that misbehaved is kept away.
public struct ExileLimits: Sendable, Hashable {
    /// The time for a first offence, and for one that nobody can prove.
    public var shortest = Interval.seconds(10)
    /// How many times as long each further offence takes.
    public var growth: UInt64 = 4
    /// The time that no offence goes beyond.
    public var longest = Interval.seconds(640)
    /// For each such time without an offence, one is forgotten.
    public var cleanInterval = Interval.seconds(600)

    public init() {}
}
