import BFTBase
import BFTCore
import BFTWrongRules
import ProtocolHotStuff

/// `2f + 1` with `f = (n - 1) / 3`, which is a quorum for n = 3f + 1 only.
struct TwiceFaultyPlusOne: WrongThreeChain {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        power >= 2 * ((validators.total - 1) / 3) + 1
    }
}

/// Against H1: votes again in a view, even in one that it gave up.
struct HotStuffVotesTwice: WrongThreeChain {
    func mayVote(in view: View, bound own: HotStuffCommitments) -> Bool { true }
}
