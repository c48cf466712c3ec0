/// What a vote says of its block or view, in one byte that explains itself.
///
/// A protocol makes its own kinds. From the byte alone anybody can tell, whatever the protocol,
/// which two votes contradict each other and what a quorum of them commits. So evidence and commit
/// certificates are checked by one piece of code for all of them.
public struct VoteKind: Hashable, Sendable {
    /// Within what an honest validator casts a ballot once.
    public enum Scope: UInt8, Sendable {
        case view = 0
        /// One height of one view: several heights are agreed upon at a time.
        case instance = 1
        /// One height, whatever the view.
        case height = 2
        /// One block of one view: a validator may vote for several.
        case block = 3
    }

    /// What becomes final once a quorum has voted.
    public enum Outcome: UInt8, Sendable {
        case nothing = 0
        /// The block that is voted for, with its ancestors.
        case commitsBlock = 1
        /// The ancestor that the statement names, if it names one, with that one's ancestors.
        case commitsAncestor = 2
        /// The block that is voted for, with its ancestors, once all validators have voted: a
        /// quorum is not enough.
        case commitsBlockIfUnanimous = 3
    }

    public let scope: Scope
    public let outcome: Outcome
    /// Which question is voted on: of two votes on one ballot, an honest validator casts one.
    /// A vote with scope `block` excludes those with scope `view` whose choice differs.
    public let ballot: UInt8
    /// Which answer is given to it.
    public let choice: UInt8

    /// - Precondition: `ballot` and `choice` are below 4.
    public init(ballot: UInt8, choice: UInt8 = 0, per scope: Scope, outcome: Outcome = .nothing) {
        precondition(ballot < 4 && choice < 4, "a kind that does not fit into a byte")
        self.scope = scope
        self.outcome = outcome
        self.ballot = ballot
        self.choice = choice
    }
}

extension VoteKind: RawRepresentable {
    /// Two bits each: outcome, scope, ballot, choice.
    public var rawValue: UInt8 {
        outcome.rawValue << 6 | scope.rawValue << 4 | ballot << 2 | choice
    }

    public init?(rawValue: UInt8) {
        guard let outcome = Outcome(rawValue: rawValue >> 6),
            let scope = Scope(rawValue: rawValue >> 4 & 3)
        else { return nil }
        self.init(ballot: rawValue >> 2 & 3, choice: rawValue & 3, per: scope, outcome: outcome)
    }
}
