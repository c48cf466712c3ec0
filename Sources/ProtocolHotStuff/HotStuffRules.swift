public import BFTBase
public import BFTCore

/// What this validator is bound by. Durable before it is acted upon.
public struct HotStuffCommitments: Equatable, Sendable {
    /// The view of its last vote. Zero before the first.
    public internal(set) var votedView = View.zero
    /// The last view that it gave up. Zero before the first.
    public internal(set) var timedOutView = View.zero
    /// The view below whose certificates it votes for nothing.
    public internal(set) var lockedView = View.zero

    public init() {}
}

/// The rules that make HotStuff safe, all in one place: the two variants, and what tests put in
/// their stead.
public protocol HotStuffRules: HotStuffPacing, Equatable, Sendable {
    init()
    /// May a validator bound by `own` vote in `view`?
    func mayVote(in view: View, bound own: HotStuffCommitments) -> Bool
    /// May a validator bound by `own` vote for a block that comes with this?
    func isSafe(_ justification: HotStuffJustification, bound own: HotStuffCommitments) -> Bool
    /// May a validator bound by `own` give `view` up?
    func mayTimeOut(_ view: View, bound own: HotStuffCommitments) -> Bool
    /// Where a validator locked at `locked` is locked once it knows a certified block whose parent
    /// is of view `parent`.
    func lock(_ locked: View, onParent parent: View) -> View
    /// Which of `chain` is committed by a quorum of votes for its last, if any. Blocks by parent,
    /// the last first; the genesis is the last of all.
    func committed(by chain: some Sequence<Block>) -> Block?
    /// What a vote says that it commits, computed from the chain here, beside what the leader says.
    func ancestor(computed: BlockName?, proposed: BlockName?) -> BlockName?
    /// Is `power` enough for a certificate?
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool
    /// Does a timeout of view `timedOut` count towards giving `view` up?
    func doesCount(timeoutOf timedOut: View, toward view: View) -> Bool
    /// Does a timeout that claims a certificate of `claimed` count, where the highest known is of
    /// `known`?
    func isBacked(claimed: View, known: View) -> Bool
    /// Does `check` of what a message carries hold, where `condition` says whether it does?
    func holds(_ check: HotStuffCheck, _ condition: Bool) -> Bool
}

/// What both variants have in common.
extension HotStuffRules {
    /// H1, H2: one vote in a view, in rising views, and none in a view that is given up.
    public func mayVote(in view: View, bound own: HotStuffCommitments) -> Bool {
        view > own.votedView && view > own.timedOutView
    }

    /// One timeout for a view, in rising views.
    public func mayTimeOut(_ view: View, bound own: HotStuffCommitments) -> Bool {
        view > own.timedOutView
    }

    /// H5: never the leader's word.
    public func ancestor(computed: BlockName?, proposed: BlockName?) -> BlockName? { computed }

    public func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        validators.isQuorum(power)
    }

    /// H7: those of one view alone.
    public func doesCount(timeoutOf timedOut: View, toward view: View) -> Bool { timedOut == view }

    /// Only a certificate that is here can justify what comes after.
    public func isBacked(claimed: View, known: View) -> Bool { claimed <= known }

    public func holds(_ check: HotStuffCheck, _ condition: Bool) -> Bool { condition }

    /// The last of `count` blocks of consecutive views, each the parent of the one before, if it
    /// is not the genesis.
    func lastOfConsecutive(_ count: Int, in chain: some Sequence<Block>) -> Block? {
        var previous: Block?
        var seen = 0
        for block in chain {
            if let previous, previous.view != block.view.next { return nil }
            previous = block
            seen += 1
            if seen == count { return block.height == .zero ? nil : block }
        }
        return nil
    }
}

/// The rules of chained HotStuff: lock on the two-chain, commit on the three-chain.
///
/// Source: Yin et al., "HotStuff: BFT Consensus with Linearity and Responsiveness" (PODC 2019),
/// section 5 (Chained HotStuff).
///
/// Why two conflicting blocks are never committed: say a quorum committed `b` of view v by voting
/// for `b''` of v+2, on `b'` of v+1. Each of them knew the certificate of `b'`, whose parent is
/// `b`, and so was locked at v from then on (H3). Take the first view w > v+2 with a certified
/// block that does not descend from `b`. Two quorums share an honest validator, and it voted in w
/// after v+2 (H1), locked: so the parent's certificate is of a view from v to w-1. In v, v+1 and
/// v+2 nothing but `b`, `b'`, `b''` is certified (H1), and later it descends from `b` as w is the
/// first. So the block of w descends from `b`, too.
public struct HotStuffThreeChainRules: HotStuffRules {
    public init() {}

    /// H3. A certificate of the locked view itself is the one that it is locked on.
    public func isSafe(
        _ justification: HotStuffJustification, bound own: HotStuffCommitments
    ) -> Bool {
        justification.parentView >= own.lockedView
    }

    public func lock(_ locked: View, onParent parent: View) -> View { max(locked, parent) }

    /// H4: three blocks of consecutive views.
    public func committed(by chain: some Sequence<Block>) -> Block? {
        lastOfConsecutive(3, in: chain)
    }
}

/// The two-chain rules: no lock, but what skips a view has to show what a quorum knew.
///
/// Source: Gelashvili et al., "Jolteon and Ditto" (FC 2022), section 3; the same rule stands in
/// Malkhi and Nayak, "HotStuff-2" (2023).
///
/// Why two conflicting blocks are never committed: say a quorum committed `b` of view v by voting
/// for `b'` of v+1. Take the first view w > v+1 with a certified block that does not descend from
/// `b`. If its parent is of w-1, the parent descends from `b` (or is `b'`), as w is the first.
/// Otherwise a quorum gave w-1 up, this view and no earlier one (J1). It shares an honest
/// validator with the one that voted in v+1, which did so before it gave any view from v+1 on up
/// (H2), and knew the certificate of `b` by then: the timeouts show a certificate of v or later,
/// and so is the parent's (H3). It descends from `b` or is `b`, as w is the first.
public struct HotStuffTwoChainRules: HotStuffRules {
    public init() {}

    /// H3: the view before was certified, or a quorum knew nothing higher when it gave that up.
    public func isSafe(
        _ justification: HotStuffJustification, bound own: HotStuffCommitments
    ) -> Bool {
        justification.parentView >= justification.leastParentView
    }

    public func lock(_ locked: View, onParent parent: View) -> View { locked }

    /// H4: two blocks of consecutive views.
    public func committed(by chain: some Sequence<Block>) -> Block? {
        lastOfConsecutive(2, in: chain)
    }
}
