import BFTBase
import BFTCore
import ProtocolHotStuff

/// The three-chain rules but for what a mutant changes.
protocol WrongThreeChain: HotStuffRules {}

extension WrongThreeChain {
    var viewsPerTenure: UInt64 { HotStuffThreeChainRules().viewsPerTenure }
    func isSafe(_ justification: HotStuffJustification, bound own: HotStuffCommitments) -> Bool {
        HotStuffThreeChainRules().isSafe(justification, bound: own)
    }
    func lock(_ locked: View, onParent parent: View) -> View { max(locked, parent) }
    func committed(by chain: some Sequence<Block>) -> Block? {
        HotStuffThreeChainRules().committed(by: chain)
    }
}

/// The two-chain rules but for what a mutant changes.
protocol WrongTwoChain: HotStuffRules {}

extension WrongTwoChain {
    var viewsPerTenure: UInt64 { HotStuffTwoChainRules().viewsPerTenure }
    func isSafe(_ justification: HotStuffJustification, bound own: HotStuffCommitments) -> Bool {
        HotStuffTwoChainRules().isSafe(justification, bound: own)
    }
    func lock(_ locked: View, onParent parent: View) -> View { locked }
    func committed(by chain: some Sequence<Block>) -> Block? {
        HotStuffTwoChainRules().committed(by: chain)
    }
}

/// Half of the power is a quorum.
struct HotStuffHalfIsQuorum: WrongThreeChain {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        2 * power >= validators.total
    }
}

/// `2f + 1` with `f = (n - 1) / 3`, which is a quorum for n = 3f + 1 only.
struct TwiceFaultyPlusOne: WrongThreeChain {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        power >= 2 * ((validators.total - 1) / 3) + 1
    }
}

/// Against H3: votes for what any certificate justifies, as if the lock had never risen.
struct NeverLocked: WrongThreeChain {
    var viewsPerTenure: UInt64 { 1 }
    func lock(_ locked: View, onParent parent: View) -> View { locked }
}

/// Against H1: votes again in a view.
struct HotStuffVotesTwice: WrongThreeChain {
    func mayVote(in view: View, bound own: HotStuffCommitments) -> Bool { true }
}

/// Against H3: any certificate of timeouts justifies any parent.
struct AnyTimeoutsWillDo: WrongTwoChain {
    var viewsPerTenure: UInt64 { 1 }
    func isSafe(_ justification: HotStuffJustification, bound own: HotStuffCommitments) -> Bool {
        true
    }
}

/// Against J1: timeouts of any view are leave to skip certified blocks.
struct TimeoutsOfAnyView: WrongTwoChain {
    var viewsPerTenure: UInt64 { 1 }
    func holds(_ check: HotStuffCheck, _ condition: Bool) -> Bool {
        check == .timeoutsView || condition
    }
}

/// The time for a view never grows.
struct HotStuffNeverBacksOff: WrongThreeChain {
    func doublings(after failures: Int, limit: Int) -> Int { 0 }
}

/// The leader changes in every view. Slow and safe: where leaders change all the time, forks that
/// wrong rules permit come about more often, so those are hunted in this way, and compared with it.
struct OneViewPerLeader: WrongThreeChain {
    var viewsPerTenure: UInt64 { 1 }
}

/// The same for the two-chain.
struct OneViewPerLeaderOfTwoChain: WrongTwoChain {
    var viewsPerTenure: UInt64 { 1 }
}
