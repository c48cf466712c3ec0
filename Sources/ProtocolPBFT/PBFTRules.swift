public import BFTBase
public import BFTCore

/// What this validator has said in the view it takes part in. Durable before it was said.
public struct PBFTOwnVotes: Equatable, Sendable {
    /// The view it took part in last. Earlier than the replica's while that waits for a new view.
    public internal(set) var view: View
    /// What its next block has to stand on: the block it prepared last, a later one that a quorum
    /// prepared, or what the new view begins with.
    public internal(set) var tail: BlockName
    /// Whether `tail` is what the new view begins with, and is to be prepared again itself.
    public internal(set) var isTailDue = false
    /// The block it prepared last in this view.
    public internal(set) var prepared: BlockName?

    public init(view: View, tail: BlockName) {
        self.view = view
        self.tail = tail
    }
}

/// The rules that make PBFT safe, all in one place, so that tests can put wrong ones in.
///
/// Source: Castro and Liskov, "Practical Byzantine Fault Tolerance" (OSDI 1999), sections 4.2 to
/// 4.4, for blocks that form a chain.
public protocol PBFTRules: PBFTPacing, Equatable, Sendable {
    init()
    /// Is `power` enough for a certificate, a new view or a checkpoint?
    func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool
    /// Is there somebody honest among validators of this `power`?
    func isWeakQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool
    /// May a validator in `view` that said `own` prepare `block`?
    func mayPrepare(_ block: BlockName, on parent: Digest, own: PBFTOwnVotes, in view: View) -> Bool
    /// May a validator in `view` that said `own` vote to commit `block`?
    func mayCommit(
        _ block: PBFTCertificateName, isPrepared: Bool, own: PBFTOwnVotes, in view: View
    ) -> Bool
    /// May a new block have this height above the stable checkpoint?
    func isWithinWatermarks(_ height: Height, stable: Height) -> Bool
    /// What a view change reports, of the highest certificate ever held, by a validator that has
    /// committed up to `committed`.
    func reported(_ highest: PBFTCertificateName, committed: Height) -> PBFTCertificateName?
    /// What a new view begins with, of what a quorum of view changes reports.
    func chosen(from reports: [PBFTCertificateName]) -> PBFTCertificateName?
    /// Does a new view begin with `proposed`, if its view changes come to `computed`?
    func isRecomputed(_ proposed: PBFTCertificateName?, as computed: PBFTCertificateName?) -> Bool
    /// Is a checkpoint stable that validators of this `power` have signed?
    func isStable(_ power: VotingPower, of validators: ValidatorSet) -> Bool
    /// Is a field as it has to be in its place, if the guard's `condition` says so?
    func holds(_ check: PBFTCheck, _ condition: Bool) -> Bool
}

extension PBFTRules {
    /// Just if the condition does.
    public func holds(_ check: PBFTCheck, _ condition: Bool) -> Bool { condition }
}

/// The rules of the paper, with weights.
///
/// Why two conflicting blocks are never committed: say a quorum committed `b` at height h in view
/// v. (1) Whoever prepared two blocks in one view prepared the higher one on top of the lower one,
/// so every block that a quorum prepares in v above h descends from `b` (P1, P2). (2) Everybody
/// of that quorum held the prepared certificate of `b` when it voted, and still in v (P3). Its
/// later view changes report that one or one above it (P5). (3) A view after v begins with the
/// highest report of a quorum (P6), which holds one of those: by induction over views, with `b` or
/// a descendant. The article `PBFT` has the whole argument.
public struct PBFTSoundRules: PBFTRules {
    public init() {}

    public func isQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        validators.isQuorum(power)
    }

    public func isWeakQuorum(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        validators.isWeakQuorum(power)
    }

    /// P1: at most one block at a height of a view, upwards. P2: on top of what it prepared there
    /// before. P4: nothing after asking for a later view.
    public func mayPrepare(
        _ block: BlockName, on parent: Digest, own: PBFTOwnVotes, in view: View
    ) -> Bool {
        guard own.view == view else { return false }
        if let prepared = own.prepared, block.height <= prepared.height { return false }
        if own.isTailDue { return block == own.tail }
        return parent == own.tail.digest && block.height == own.tail.height.next
    }

    /// P3: with a prepared certificate of this view only. P4: nothing after asking for a later one.
    public func mayCommit(
        _ block: PBFTCertificateName, isPrepared: Bool, own: PBFTOwnVotes, in view: View
    ) -> Bool {
        isPrepared && own.view == view && block.view == view
    }

    /// P7: at most a window above the stable checkpoint.
    public func isWithinWatermarks(_ height: Height, stable: Height) -> Bool {
        height > stable && height.rawValue - stable.rawValue <= PBFTBounds.window
    }

    /// P5: just that, whatever was committed since. Others may stand below.
    public func reported(_ highest: PBFTCertificateName, committed: Height) -> PBFTCertificateName?
    {
        highest
    }

    /// P6: the last view first, then the greatest height.
    public func chosen(from reports: [PBFTCertificateName]) -> PBFTCertificateName? {
        reports.reduce(nil) { best, report in
            guard let best else { return report }
            return report.isAbove(best) ? report : best
        }
    }

    /// P6: everybody computes it again.
    public func isRecomputed(
        _ proposed: PBFTCertificateName?, as computed: PBFTCertificateName?
    ) -> Bool {
        proposed == computed
    }

    /// P8: as many as for a certificate.
    public func isStable(_ power: VotingPower, of validators: ValidatorSet) -> Bool {
        isQuorum(power, of: validators)
    }
}
