import BFTBase
import BFTCore

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
    /// Whether members keep their votes in those views as well, for a while: what only they can
    /// certify is not certified by others meanwhile.
    let isHoarding: Bool
    /// Who is told nothing at all, by position.
    let leftOut: UInt64
    /// What those are told who are cut off.
    let diet: Diet?
    /// Whether members say nothing that makes a block final.
    let isNoncommittal: Bool
    /// Who was cut off when it began, by position.
    let secluded: UInt64
    /// The sort of message that no member sends.
    let unsaid: Int?
    /// The how manyth latest certificate is put where one is called for, half the time.
    let rank: Int
    /// Whether nothing is said any more, for good.
    let isSilent: Bool
    /// One in so many occasions gives the coalition another mood.
    let constancy: Int
    private let salt: UInt64

    /// Which votes and certificates somebody hears of: of one kind only, or all but one.
    enum Diet: Sendable {
        case only(VoteKind)
        case without(VoteKind)
    }

    /// Whether it is played on those who are cut off, or on one if nobody is: they are left out,
    /// everything stays undecided, and one of them is told at once what the coalition alone can
    /// certify, which nobody else knows for a while. Nothing else is made up then.
    let isEclipse: Bool

    /// - Parameters:
    ///   - secluded: who is cut off. Mostly, just those are left out: they know only what they are
    ///     told.
    ///   - kinds: of the certificates that are known.
    ///   - repertoire: what the run has of all this.
    init(
        from random: inout SplitMix64, validatorCount: Int, secluded: UInt64, kinds: [VoteKind],
        _ repertoire: Repertoire
    ) {
        func one(_ random: inout SplitMix64) -> UInt64 {
            1 << UInt64(random.number(0...validatorCount - 1) % 64)
        }
        isEclipse = random.oneIn(secluded == 0 ? 6 : 2) && repertoire.has(.eclipses)
        let secrecies = isEclipse ? [2, 3, 4, 6] : [0, 1, 2, 2, 3, 3]
        let drawn = secrecies.randomElement(using: &random) ?? 0
        secrecy = isEclipse || repertoire.has(.secrets) ? drawn : 0
        let patiences: [UInt64] = isEclipse ? [0] : [0, 1, 2, 2, 2, 3, 8]
        patience = patiences.randomElement(using: &random) ?? 2
        let trusted: UInt64 =
            [0, 0, one(&random), random.next()].randomElement(using: &random) ?? 0
        confidants = isEclipse ? 0 : trusted
        let others: UInt64 =
            [0, 0, 0, one(&random), one(&random), random.next()].randomElement(using: &random) ?? 0
        self.secluded = secluded
        let alone = secluded == 0 ? one(&random) : secluded
        let ignored = isEclipse || secluded != 0 && random.oneIn(2) ? alone : others
        let isFed = random.oneIn(2) && repertoire.has(.diets) && !isEclipse && secluded != 0
        diet = isFed ? Diet(from: &random, kinds) : nil
        let silenced = isEclipse || repertoire.has(.leavingOut) ? ignored : 0
        leftOut = diet == nil ? silenced : silenced & ~secluded
        isNoncommittal = random.oneIn(4) && repertoire.has(.openEnds) || isEclipse
        isHoarding = random.oneIn(2) && repertoire.has(.hoarding) || isEclipse
        let sort = random.oneIn(3) && !isEclipse ? random.number(1...5) : nil
        unsaid = repertoire.has(.unsaid) ? sort : nil
        rank = [0, 1, 1, 2, 3].randomElement(using: &random) ?? 0
        isSilent = random.oneIn(16) && repertoire.has(.silence)
        constancy = [200, 800, 3_200].randomElement(using: &random) ?? 400
        salt = random.next()
    }

    /// Whether `validator` is told anything at all.
    func isTalking(to validator: ValidatorIndex) -> Bool {
        !isSilent && !leftOut.contains(validator)
    }

    /// Whether those who are cut off hear only of some kinds of votes and certificates, and
    /// `validator` is one of them.
    func isOnDiet(_ validator: ValidatorIndex) -> Bool {
        diet != nil && secluded.contains(validator)
    }

    /// Whether nothing of `kind` is told `validator`.
    func isWithheld(_ kind: VoteKind, from validator: ValidatorIndex) -> Bool {
        guard let diet, secluded.contains(validator) else { return false }
        return switch diet {
        case .only(let told): kind != told
        case .without(let untold): kind == untold
        }
    }

    /// Whether what only the coalition knows of `view` is kept.
    func isKeeping(_ view: View) -> Bool {
        guard secrecy > 0 else { return false }
        var random = SplitMix64(seed: salt &+ view.rawValue &* 0xD6E8_FEB8_6659_FD93)
        return random.oneIn(secrecy)
    }
}

extension Mood.Diet {
    init?(from random: inout SplitMix64, _ kinds: [VoteKind]) {
        guard let kind = kinds.randomElement(using: &random) else { return nil }
        self = random.oneIn(3) ? .without(kind) : .only(kind)
    }
}
