import BFTCore

/// Kinds like those that protocols make, one of each sort.
extension VoteKind {
    static let notarize = VoteKind(ballot: 0, per: .view)
    static let nullify = VoteKind(ballot: 1, choice: 0, per: .view)
    static let finalize = VoteKind(ballot: 1, choice: 1, per: .view, outcome: .commitsBlock)
    static let prepare = VoteKind(ballot: 0, per: .instance)
    static let unanimous = VoteKind(
        ballot: 0, choice: 2, per: .view, outcome: .commitsBlockIfUnanimous)
    static let support = VoteKind(ballot: 1, choice: 0, per: .block)
    static let checkpoint = VoteKind(ballot: 0, per: .height)
    static let chained = VoteKind(ballot: 0, per: .view, outcome: .commitsAncestor)
}
