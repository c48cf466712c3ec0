import BFTBase
import BFTWrongRules
import ProtocolSimplex

/// Against S1: notarizes again after a restart or after giving the view up.
struct NotarizesTwice: WrongSimplexRules {
    func mayNotarize(_ own: SimplexOwnVotes) -> Bool { true }
}

/// Against S2: finalizes a view that it nullified.
struct FinalizesAfterNullify: WrongSimplexRules {
    func mayFinalize(_ own: SimplexOwnVotes) -> Bool { own.finalized == nil }
}

/// Half of the power is a quorum.
struct HalfIsQuorum: WrongSimplexRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        2 * power >= validators.total
    }
}

/// Two thirds, rounded down, and not more than that, is a quorum.
struct TwoThirdsRoundedDown: WrongSimplexRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        power >= validators.total * 2 / 3
    }
}

/// Against S3: extends any notarized block, whatever was skipped.
struct AnyParentWillDo: WrongSimplexRules {
    func isJustified(parent: View, of view: View, isNullified: (View) -> Bool) -> Bool {
        parent < view
    }
}

/// One vote is a quorum for itself.
struct OneIsQuorum: WrongSimplexRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool { power > 0 }
}

/// A third of the power, enough to hold one honest validator, is a quorum.
struct ThirdIsQuorum: WrongSimplexRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        3 * power > validators.total
    }
}

/// Two thirds are enough, where it takes more than two thirds.
struct TwoThirdsAreEnough: WrongSimplexRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        3 * power >= 2 * validators.total
    }
}

/// A quorum is everybody: safe, and stopped by one who is silent.
struct EverybodyIsQuorum: WrongSimplexRules {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        power == validators.total
    }
}

/// Against S1: notarizes a view that it gave up.
struct NotarizesAfterNullify: WrongSimplexRules {
    func mayNotarize(_ own: SimplexOwnVotes) -> Bool { own.notarized == nil }
}

/// Waits for a leader for ever.
struct NeverNullifies: WrongSimplexRules {
    func mayNullify(
        _ own: SimplexOwnVotes, opposed: VotingPower, of validators: ValidatorSet
    ) -> Bool {
        false
    }
}

/// Makes nothing final.
struct NeverFinalizes: WrongSimplexRules {
    func mayFinalize(_ own: SimplexOwnVotes) -> Bool { false }
}

/// Against S3: looks at the last of the views that a block skips, and at no other.
struct LooksAtOneSkippedView: WrongSimplexRules {
    func isJustified(parent: View, of view: View, isNullified: (View) -> Bool) -> Bool {
        guard parent < view, let last = view.previous else { return false }
        return last == parent || isNullified(last)
    }
}

/// Against S7: keeps votes for every view that anybody names.
struct KeepsFarVotes: WrongSimplexRules {
    func isNear(_ view: View, to current: View) -> Bool { true }
}

/// Against S8: nullifies what it notarized, as the paper has it, without a fast path.
struct NullifiesWithoutEvidence: WrongSimplexRules {
    func mayNullify(
        _ own: SimplexOwnVotes, opposed: VotingPower, of validators: ValidatorSet
    ) -> Bool {
        !own.nullified && own.finalized == nil
    }
}

/// Against S8: is convinced by as many as may be Byzantine.
struct ByzantineAloneConvince: WrongSimplexRules {
    func mayNullify(
        _ own: SimplexOwnVotes, opposed: VotingPower, of validators: ValidatorSet
    ) -> Bool {
        !own.nullified && own.finalized == nil
            && (own.notarized == nil || 3 * (opposed + 1) > validators.total)
    }
}

/// Against S8: supports what anybody notarized.
struct SupportsAnything: WrongSimplexRules {
    func maySupport(
        _ own: SimplexOwnVotes, backing: VotingPower, of validators: ValidatorSet
    ) -> Bool {
        own.finalized == nil && own.supported.isEmpty && backing > 0
    }
}

/// Against S2: finalizes in a view of which it supported a block.
struct FinalizesAfterSupport: WrongSimplexRules {
    func mayFinalize(_ own: SimplexOwnVotes) -> Bool { !own.nullified && own.finalized == nil }
}

/// Against S1: abstains where it notarized.
struct NotarizersAbstain: WrongSimplexRules {
    func mayAbstain(_ own: SimplexOwnVotes) -> Bool { own.nullified && !own.abstained }
}

/// A quorum is everybody, on the fast path.
struct QuorumIsUnanimous: WrongSimplexRules {
    func isUnanimous(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        validators.isQuorum(power)
    }
}

/// Has no way out of a view that it notarized in, but the leader's.
struct SupportsNothing: WrongSimplexRules {
    func maySupport(
        _ own: SimplexOwnVotes, backing: VotingPower, of validators: ValidatorSet
    ) -> Bool {
        false
    }
}

/// Never says that it notarized nothing: who did can't give the view up.
struct NeverAbstains: WrongSimplexRules {
    func mayAbstain(_ own: SimplexOwnVotes) -> Bool { false }
}
