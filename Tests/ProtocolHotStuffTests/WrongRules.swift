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

/// Changes nothing: what kills this kills by accident.
struct UnchangedThreeChain: WrongThreeChain {}
struct UnchangedTwoChain: WrongTwoChain {}

/// Against H3: the lock stays where it was.
struct LockNeverRises: WrongThreeChain {
    func lock(_ locked: View, onParent parent: View) -> View { locked }
}

/// Against H3: votes whatever it is locked on.
struct VotesBelowLock: WrongThreeChain {
    func isSafe(_ justification: HotStuffJustification, bound own: HotStuffCommitments) -> Bool {
        true
    }
}

/// Against H1: votes again in a view.
struct VotesTwice: WrongThreeChain {
    func mayVote(in view: View, bound own: HotStuffCommitments) -> Bool { view > own.timedOutView }
}

/// Against H2: votes in a view that it gave up.
struct VotesAfterTimeout: WrongTwoChain {
    func mayVote(in view: View, bound own: HotStuffCommitments) -> Bool { view > own.votedView }
}

/// Against H2: gives a view up again, knowing more.
struct TimesOutTwice: WrongTwoChain {
    func mayTimeOut(_ view: View, bound own: HotStuffCommitments) -> Bool { true }
}

/// Against H3: any certificate of timeouts justifies any parent.
struct AnyTimeoutsJustify: WrongTwoChain {
    func isSafe(_ justification: HotStuffJustification, bound own: HotStuffCommitments) -> Bool {
        true
    }
}

/// Against H3: a view may be skipped without timeouts to show for it.
struct GapsNeedNoTimeouts: WrongTwoChain {
    func holds(_ check: HotStuffCheck, _ condition: Bool) -> Bool {
        check == .timeoutsPresence || condition
    }
}

/// Against J1: timeouts of any view are leave to skip certified blocks.
struct TimeoutsOfAnyView: WrongTwoChain {
    func holds(_ check: HotStuffCheck, _ condition: Bool) -> Bool {
        check == .timeoutsView || condition
    }
}

/// Against H4: three blocks of any views commit.
struct CommitsAcrossGaps: WrongThreeChain {
    func committed(by chain: some Sequence<Block>) -> Block? {
        chain.dropFirst(2).first { $0.height > .zero }
    }
}

/// Against H4: two blocks of any views commit.
struct CommitsPairsAcrossGaps: WrongTwoChain {
    func committed(by chain: some Sequence<Block>) -> Block? {
        chain.dropFirst().first { $0.height > .zero }
    }
}

/// Against H4: commits by the other variant's rule, which this one's lock does not carry.
struct CommitsTooEarly: WrongThreeChain {
    func committed(by chain: some Sequence<Block>) -> Block? {
        HotStuffTwoChainRules().committed(by: chain)
    }
}

/// Against H5: names as committed what the leader says.
struct BelievesLeader: WrongThreeChain {
    func ancestor(computed: BlockName?, proposed: BlockName?) -> BlockName? { proposed }
}

/// Against H7: counts timeouts whatever their view.
struct CountsAllTimeouts: WrongThreeChain {
    func doesCount(timeoutOf timedOut: View, toward view: View) -> Bool { true }
}

/// Takes a claim of a certificate for the certificate.
struct BelievesClaims: WrongThreeChain {
    func isBacked(claimed: View, known: View) -> Bool { true }
}

/// The time for a view never grows.
struct NeverBacksOff: WrongThreeChain {
    func doublings(after failures: Int, limit: Int) -> Int { 0 }
}

/// Whoever fails shows that the time is too short.
struct DoublesForEachLeader: WrongThreeChain {
    func isTooShort(failedBy power: VotingPower, of validators: ValidatorSet) -> Bool { true }
}

/// Nobody who fails shows anything.
struct NothingIsTooShort: WrongThreeChain {
    func isTooShort(failedBy power: VotingPower, of validators: ValidatorSet) -> Bool { false }
}

/// The leader changes in every view.
struct OneViewPerLeader: WrongThreeChain {
    var viewsPerTenure: UInt64 { 1 }
}

/// The third view of a tenure is another leader's.
struct TwoViewsPerLeader: WrongTwoChain {
    var viewsPerTenure: UInt64 { 2 }
}

/// Half of the power is a quorum.
struct HalfIsQuorum: WrongThreeChain {
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        2 * power >= validators.total
    }
}
