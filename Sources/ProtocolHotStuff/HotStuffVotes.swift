public import BFTCore

extension VoteKind {
    /// The one vote of HotStuff. Its statement names the block, and the ancestor that a quorum of
    /// these votes commits, if there is one: so every certificate says itself what it commits.
    public static let vote = VoteKind(ballot: 0, per: .view, outcome: .commitsAncestor)
}
