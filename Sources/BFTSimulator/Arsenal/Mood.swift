import BFTBase

/// What a coalition agrees upon for a while, all its members at once: one would say what another
/// conceals otherwise.
struct Mood: Sendable {
    /// The certificates of one view in so many are kept, as long as nobody else has shown them.
    /// None, if 0.
    let secrecy: Int
    /// For how many views it is kept. Then one is told.
    let patience: UInt64
    /// Who is told what is kept at once, by position.
    let confidants: UInt64
    /// Who is told nothing at all, by position.
    let leftOut: UInt64
    /// The sort of message that no member sends.
    let unsaid: Int?
    /// The how manyth latest certificate is put where one is called for, half the time.
    let rank: Int
    /// Whether nothing is said any more, for good.
    let isSilent: Bool
    /// One in so many occasions gives the coalition another mood.
    let constancy: Int
    private let salt: UInt64

    init(from random: inout SplitMix64, validatorCount: Int) {
        func one(_ random: inout SplitMix64) -> UInt64 {
            1 << UInt64(random.number(0...validatorCount - 1) % 64)
        }
        secrecy = [0, 1, 2, 2, 3, 3].randomElement(using: &random) ?? 0
        patience = [1, 2, 2, 2, 3, 8].randomElement(using: &random) ?? 2
        confidants = [0, 0, one(&random), random.next()].randomElement(using: &random) ?? 0
        leftOut =
            [0, 0, 0, one(&random), one(&random), random.next()].randomElement(using: &random) ?? 0
        unsaid = random.oneIn(3) ? random.number(1...5) : nil
        rank = [0, 1, 1, 2, 3].randomElement(using: &random) ?? 0
        isSilent = random.oneIn(16)
        constancy = [200, 800, 3_200].randomElement(using: &random) ?? 400
        salt = random.next()
    }

    /// Whether what only the coalition knows of `view` is kept.
    func isKeeping(_ view: View) -> Bool {
        guard secrecy > 0 else { return false }
        var random = SplitMix64(seed: salt &+ view.rawValue &* 0xD6E8_FEB8_6659_FD93)
        return random.oneIn(secrecy)
    }
}
