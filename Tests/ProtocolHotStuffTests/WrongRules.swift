import BFTBase
import BFTCore
import BFTWrongRules
import ProtocolHotStuff

/// Changes nothing: what kills this kills by accident.
struct UnchangedThreeChain: WrongThreeChain {}
struct UnchangedTwoChain: WrongTwoChain {}

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

/// Against H3: a view may be skipped without timeouts to show for it.
struct GapsNeedNoTimeouts: WrongTwoChain {
    func holds(_ check: HotStuffCheck, _ condition: Bool) -> Bool {
        check == .timeoutsPresence || condition
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

/// Whoever fails shows that the time is too short.
struct DoublesForEachLeader: WrongThreeChain {
    func isTooShort(failedBy power: VotingPower, of validators: ValidatorSet) -> Bool { true }
}

/// Nobody who fails shows anything.
struct NothingIsTooShort: WrongThreeChain {
    func isTooShort(failedBy power: VotingPower, of validators: ValidatorSet) -> Bool { false }
}

/// The third view of a tenure is another leader's.
struct TwoViewsPerLeader: WrongTwoChain {
    var viewsPerTenure: UInt64 { 2 }
}
