public import BFTBase

/// The votes of one kind in one view, by validator index.
///
/// - Invariant T1: the first vote of a validator counts; a different one never replaces it.
public struct VoteTally: Equatable, Sendable {
    public let kind: VoteKind
    private var votes: [Vote?]

    public init(kind: VoteKind, validatorCount: Int) {
        self.kind = kind
        self.votes = Array(repeating: nil, count: validatorCount)
    }

    /// What became of a vote.
    public enum Outcome: Equatable, Sendable {
        case counted
        case duplicate
        case contradiction(Evidence)
    }

    /// The vote of `voter`, if it is here.
    public func vote(of voter: ValidatorIndex) -> Vote? {
        voter.rawValue < votes.count ? votes[voter.rawValue] : nil
    }

    /// Counts `vote`, unless its voter's vote is here already.
    ///
    /// - Precondition: the voter is a validator and the vote is of this kind.
    public mutating func insert(_ vote: Vote) -> Outcome {
        precondition(vote.statement.kind == kind, "a vote of another kind")
        guard let earlier = votes[vote.voter.rawValue] else {
            votes[vote.voter.rawValue] = vote
            return .counted
        }
        // Two signatures under one statement are one vote: a vote is what it says.
        guard earlier.statement != vote.statement else { return .duplicate }
        guard let evidence = Evidence(earlier, vote) else { return .duplicate }
        return .contradiction(evidence)
    }

    /// The power behind `statement`.
    public func power(for statement: Statement, in validators: ValidatorSet) -> VotingPower {
        var sum: VotingPower = 0
        for position in votes.indices where votes[position]?.statement == statement {
            sum += validators.powers[position]
        }
        return sum
    }

    /// The fewest votes for `statement` whose power satisfies `isEnough`, heaviest voters first, as
    /// a certificate; or `nil` if all together don't. Fewest, since each is carried by everyone
    /// who ever checks the certificate.
    public func certificate(
        for statement: Statement, in validators: ValidatorSet,
        isEnough: (VotingPower) -> Bool
    ) -> Certificate? {
        // Asked after every vote, and mostly in vain: the sum costs nothing, the rest does.
        guard isEnough(power(for: statement, in: validators)) else { return nil }
        let heaviestFirst = votes.compactMap(\.self)
            .filter { $0.statement == statement }
            .sorted { left, right in
                let (leftPower, rightPower) = (
                    validators.powers[left.voter.rawValue], validators.powers[right.voter.rawValue]
                )
                return (rightPower, left.voter) < (leftPower, right.voter)
            }
        var power: VotingPower = 0
        var chosen: [Vote] = []
        for vote in heaviestFirst where !isEnough(power) {
            power += validators.powers[vote.voter.rawValue]
            chosen.append(vote)
        }
        guard isEnough(power) else { return nil }
        chosen.sort { $0.voter < $1.voter }
        return Certificate(
            statement: statement, votes: chosen, validatorCount: validators.count)
    }
}
