import BFTBase
import ProtocolSimplex

/// The sound rules but for what a mutant changes.
protocol WrongRules: VotingRules {}

extension WrongRules {
    private var sound: SoundRules { SoundRules() }
    func mayNotarize(_ own: OwnVotes) -> Bool { sound.mayNotarize(own) }
    func mayNullify(_ own: OwnVotes) -> Bool { sound.mayNullify(own) }
    func mayFinalize(_ own: OwnVotes) -> Bool { sound.mayFinalize(own) }
    func isConsistent(_ own: OwnVotes) -> Bool { true }
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        sound.isQuorum(power, of: validators)
    }
    func isJustified(parent: View, of view: View, isNullified: (View) -> Bool) -> Bool {
        sound.isJustified(parent: parent, of: view, isNullified: isNullified)
    }
}

/// Against S1: notarizes again after a restart or after giving the view up.
struct NotarizesTwice: WrongRules {
    func mayNotarize(_ own: OwnVotes) -> Bool { true }
}

/// Against S2: finalizes a view that it nullified.
struct FinalizesAfterNullify: WrongRules {
    func mayFinalize(_ own: OwnVotes) -> Bool { own.finalized == nil }
}

/// Against S2: nullifies a view that it finalized.
struct NullifiesAfterFinalize: WrongRules {
    func mayNullify(_ own: OwnVotes) -> Bool { !own.nullified }
    func mayFinalize(_ own: OwnVotes) -> Bool { own.finalized == nil }
}

/// Half of the power is a quorum.
struct HalfIsQuorum: WrongRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        2 * power >= validators.total
    }
}

/// Two thirds, rounded down, and not more than that, is a quorum.
struct TwoThirdsRoundedDown: WrongRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        power >= validators.total * 2 / 3
    }
}

/// Against S3: extends any notarized block, whatever was skipped.
struct AnyParentWillDo: WrongRules {
    func isJustified(parent: View, of view: View, isNullified: (View) -> Bool) -> Bool {
        parent < view
    }
}

/// One vote is a quorum for itself.
struct OneIsQuorum: WrongRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool { power > 0 }
}
