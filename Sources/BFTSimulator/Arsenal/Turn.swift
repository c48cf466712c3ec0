import BFTBase

/// Something that an adversary draws otherwise than the seed says: at one occasion, or from it on.
///
/// Up to there a run with it is the run without it: so a search can go on from where a run came
/// to something new.
public struct Turn: Hashable, Sendable {
    /// Counts the occasions at which the coalition draws, from 1.
    public let occasion: UInt64
    /// What its draws are mixed with.
    public let salt: UInt64
    /// Whether all that follow are, too.
    public let isLasting: Bool

    public init(at occasion: UInt64, salt: UInt64, isLasting: Bool) {
        self.occasion = occasion
        self.salt = salt
        self.isLasting = isLasting
    }
}

extension Turn: CustomStringConvertible, LosslessStringConvertible {
    /// `40:7`: at occasion 40; `40+:7`: from there on.
    public var description: String { "\(occasion)\(isLasting ? "+" : ""):\(salt)" }

    public init?(_ description: String) {
        let parts = description.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let salt = UInt64(parts[1]) else { return nil }
        let isLasting = parts[0].hasSuffix("+")
        guard let occasion = UInt64(isLasting ? parts[0].dropLast() : parts[0]) else {
            return nil
        }
        self.init(at: occasion, salt: salt, isLasting: isLasting)
    }
}

/// The occasions at which a coalition draws: each has a source of its own.
struct Occasions: Sendable {
    private let seed: UInt64
    private let turns: [Turn]
    private(set) var count: UInt64 = 0

    init(seed: UInt64, turns: [Turn]) {
        self.seed = seed
        self.turns = turns
    }

    mutating func next() -> SplitMix64 {
        count += 1
        var word = seed &+ count &* 0xD6E8_FEB8_6659_FD93
        for turn in turns where turn.occasion == count || turn.isLasting && turn.occasion < count {
            word = (word ^ turn.salt) &* 0x9E37_79B9_7F4A_7C15 &+ turn.occasion
        }
        var mixed = SplitMix64(seed: word)
        return SplitMix64(seed: mixed.next())
    }
}
