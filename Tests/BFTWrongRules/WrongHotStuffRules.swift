public import BFTBase
public import BFTCore
public import ProtocolHotStuff

/// The three-chain rules but for what a mutant changes.
public protocol WrongThreeChain: HotStuffRules {}

extension WrongThreeChain {
    public var viewsPerTenure: UInt64 { HotStuffThreeChainRules().viewsPerTenure }
    public func isSafe(
        _ justification: HotStuffJustification, bound own: HotStuffCommitments
    ) -> Bool {
        HotStuffThreeChainRules().isSafe(justification, bound: own)
    }
    public func lock(_ locked: View, onParent parent: View) -> View { max(locked, parent) }
    public func committed(by chain: some Sequence<Block>) -> Block? {
        HotStuffThreeChainRules().committed(by: chain)
    }
}

/// The two-chain rules but for what a mutant changes.
public protocol WrongTwoChain: HotStuffRules {}

extension WrongTwoChain {
    public var viewsPerTenure: UInt64 { HotStuffTwoChainRules().viewsPerTenure }
    public func isSafe(
        _ justification: HotStuffJustification, bound own: HotStuffCommitments
    ) -> Bool {
        HotStuffTwoChainRules().isSafe(justification, bound: own)
    }
    public func lock(_ locked: View, onParent parent: View) -> View { locked }
    public func committed(by chain: some Sequence<Block>) -> Block? {
        HotStuffTwoChainRules().committed(by: chain)
    }
}

/// Against H3: the lock stays where it was.
public struct LockNeverRises: WrongThreeChain {
    public init() {}
    public func lock(_ locked: View, onParent parent: View) -> View { locked }
}

/// Against H3: any certificate of timeouts justifies any parent.
public struct AnyTimeoutsJustify: WrongTwoChain {
    public init() {}
    public func isSafe(
        _ justification: HotStuffJustification, bound own: HotStuffCommitments
    ) -> Bool {
        true
    }
}

/// Against J1: timeouts of any view are leave to skip certified blocks.
public struct TimeoutsOfAnyView: WrongTwoChain {
    public init() {}
    public func holds(_ check: HotStuffCheck, _ condition: Bool) -> Bool {
        check == .timeoutsView || condition
    }
}

/// The time for a view never grows.
public struct NeverBacksOff: WrongThreeChain {
    public init() {}
    public func doublings(after failures: Int, limit: Int) -> Int { 0 }
}

/// Half of the power is a quorum.
public struct HotStuffHalfIsQuorum: WrongThreeChain {
    public init() {}
    public func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        2 * power >= validators.total
    }
}

/// Those rules with another leader in each view. Slow and safe: where leaders change all the time,
/// forks that wrong rules permit come about more often.
public struct OneViewPerLeader<Rules: HotStuffRules>: HotStuffRules {
    private let rules = Rules()

    public init() {}

    public var viewsPerTenure: UInt64 { 1 }
    public func isTooShort(failedBy power: VotingPower, of validators: ValidatorSet) -> Bool {
        rules.isTooShort(failedBy: power, of: validators)
    }
    public func doublings(after failures: Int, limit: Int) -> Int {
        rules.doublings(after: failures, limit: limit)
    }
    public func mayVote(in view: View, bound own: HotStuffCommitments) -> Bool {
        rules.mayVote(in: view, bound: own)
    }
    public func isSafe(
        _ justification: HotStuffJustification, bound own: HotStuffCommitments
    ) -> Bool {
        rules.isSafe(justification, bound: own)
    }
    public func mayTimeOut(_ view: View, bound own: HotStuffCommitments) -> Bool {
        rules.mayTimeOut(view, bound: own)
    }
    public func lock(_ locked: View, onParent parent: View) -> View {
        rules.lock(locked, onParent: parent)
    }
    public func committed(by chain: some Sequence<Block>) -> Block? { rules.committed(by: chain) }
    public func ancestor(computed: BlockName?, proposed: BlockName?) -> BlockName? {
        rules.ancestor(computed: computed, proposed: proposed)
    }
    public func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        rules.isQuorum(power, of: validators)
    }
    public func doesCount(timeoutOf timedOut: View, toward view: View) -> Bool {
        rules.doesCount(timeoutOf: timedOut, toward: view)
    }
    public func isBacked(claimed: View, known: View) -> Bool {
        rules.isBacked(claimed: claimed, known: known)
    }
    public func holds(_ check: HotStuffCheck, _ condition: Bool) -> Bool {
        rules.holds(check, condition)
    }
}
