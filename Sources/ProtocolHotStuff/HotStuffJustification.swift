public import BFTBase
public import BFTCore

/// What lets a block of one view be proposed: what certifies its parent and, unless the parent is
/// of the view before, the timeouts of a quorum for the view before.
///
/// It names the view that it is good for. The rules are asked with the one that came with a block,
/// checked, and never with whatever else is at hand: the timeouts of any other view say nothing of
/// what was known when this one began.
///
/// - Invariant J1: the parent is of a lower view, and `timeouts` are of the view before `view`, and
///   there if and only if the parent is not.
public struct HotStuffJustification: Equatable, Sendable {
    /// The view of the block that it justifies.
    public let view: View
    /// What certifies the block's parent. Only the genesis has nothing.
    public let certificate: Certificate?
    /// What ended the view before, unless `certificate` did.
    public let timeouts: HotStuffTimeoutCertificate?

    /// - Precondition: both certificates were checked: chain, epoch, kind and signers.
    init(
        of view: View, certificate: Certificate?, timeouts: HotStuffTimeoutCertificate?,
        by rules: some HotStuffRules
    ) throws(Rejection) {
        let parentView = certificate?.statement.view ?? .zero
        try rules.require(.certifiedView, parentView < view, .malformedBlock)
        let isOfViewBefore = view.previous == parentView
        try rules.require(
            .timeoutsPresence, isOfViewBefore == (timeouts == nil), .malformedBlock)
        try rules.require(
            .timeoutsView, timeouts == nil || timeouts?.view == view.previous, .malformedBlock)
        self.view = view
        self.certificate = certificate
        self.timeouts = timeouts
    }

    /// The view of the certified parent.
    public var parentView: View { certificate?.statement.view ?? .zero }

    /// The lowest view of a parent that leaves out nothing which a quorum knew to be certified when
    /// it gave the view before up.
    public var leastParentView: View { timeouts?.highestView ?? .zero }
}

extension HotStuffRules {
    /// Throws `rejection` unless `check` holds.
    func require(
        _ check: HotStuffCheck, _ condition: Bool, _ rejection: @autoclosure () -> Rejection
    ) throws(Rejection) {
        guard holds(check, condition) else { throw rejection() }
    }
}
