public import BFTBase

/// The votes of one kind in one view, by validator index.
///
/// Taking a vote and asking whether a quorum said the same takes a time that does not depend on the
/// number of validators, unless many of them contradict each other.
///
/// - Invariant T1: the first vote of a validator counts; a different one never replaces it.
/// - Invariant T2: the power of a choice is that of the validators whose ballot it is.
public struct VoteTally: Sendable {
    public let kind: VoteKind
    private let validators: ValidatorSet
    /// What was said so far, in the order in which it was said first.
    private var choices: [Choice] = []
    /// The vote of each validator.
    private var ballots: [Ballot?]

    private struct Choice: Sendable {
        let statement: Statement
        var power: VotingPower
    }

    private struct Ballot: Sendable {
        /// The position in `choices`: statements are long, and most votes say the same.
        let choice: UInt16
        let signature: [UInt8]
    }

    public init(kind: VoteKind, validators: ValidatorSet) {
        self.kind = kind
        self.validators = validators
        self.ballots = Array(repeating: nil, count: validators.count)
    }

    /// What became of a vote.
    public enum Outcome: Equatable, Sendable {
        case counted
        case duplicate
        case contradiction(Evidence)
    }

    /// The vote of `voter`, if it is here.
    public func vote(of voter: ValidatorIndex) -> Vote? {
        guard voter.rawValue < ballots.count, let ballot = ballots[voter.rawValue] else {
            return nil
        }
        return Vote(
            statement: choices[Int(ballot.choice)].statement, voter: voter,
            signature: ballot.signature)
    }

    /// What `voter` said, if its vote is here.
    public func statement(of voter: ValidatorIndex) -> Statement? {
        guard voter.rawValue < ballots.count, let ballot = ballots[voter.rawValue] else {
            return nil
        }
        return choices[Int(ballot.choice)].statement
    }

    /// Counts `vote`, unless its voter's vote is here already.
    ///
    /// - Precondition: the voter is a validator and the vote is of this kind.
    public mutating func insert(_ vote: Vote) -> Outcome {
        precondition(vote.statement.kind == kind, "a vote of another kind")
        guard let earlier = self.vote(of: vote.voter) else {
            let position = position(of: vote.statement) ?? choices.count
            if position == choices.count {
                choices.append(Choice(statement: vote.statement, power: 0))
            }
            choices[position].power += validators.powers[vote.voter.rawValue]
            ballots[vote.voter.rawValue] = Ballot(
                choice: UInt16(position), signature: vote.signature)
            return .counted
        }
        // Two signatures under one statement are one vote: a vote is what it says.
        guard earlier.statement != vote.statement else { return .duplicate }
        guard let evidence = Evidence(earlier, vote) else { return .duplicate }
        return .contradiction(evidence)
    }

    private func position(of statement: Statement) -> Int? {
        choices.firstIndex { $0.statement == statement }
    }

    /// The power behind `statement`.
    public func power(for statement: Statement) -> VotingPower {
        position(of: statement).map { choices[$0].power } ?? 0
    }

    /// Those who said something that `isMeant`.
    public func voters(where isMeant: (Statement) -> Bool) -> Bitmap {
        let areMeant = choices.map { isMeant($0.statement) }
        var voters = Bitmap(count: ballots.count)
        for (position, ballot) in ballots.enumerated() {
            if let ballot, areMeant[Int(ballot.choice)] { voters.insert(position) }
        }
        return voters
    }

    /// What validators with enough power said, in the order in which it was said first.
    public func statements(where isEnough: (VotingPower) -> Bool) -> [Statement] {
        choices.filter { isEnough($0.power) }.map(\.statement)
    }

    /// Whether nobody has said anything.
    public var isEmpty: Bool { choices.isEmpty }

    /// The fewest votes for `statement` whose power satisfies `isEnough`, heaviest voters first, as
    /// a certificate; or `nil` if all together don't. Fewest, since each is carried by everyone
    /// who ever checks the certificate.
    public func certificate(
        for statement: Statement, isEnough: (VotingPower) -> Bool
    ) -> Certificate? {
        // Asked after every vote, and mostly in vain: the sum is at hand, the rest is not.
        guard let choice = position(of: statement), isEnough(choices[choice].power) else {
            return nil
        }
        let voters = ballots.indices.filter { ballots[$0].map { Int($0.choice) } == choice }
        guard let chosen = validators.fewest(of: voters, where: isEnough) else { return nil }
        return Certificate(
            statement: statement, votes: chosen.compactMap { vote(of: ValidatorIndex($0)) },
            validatorCount: validators.count)
    }
}

extension VoteTally: Equatable {
    /// Whether both hold the same votes, in whatever order they came.
    public static func == (left: Self, right: Self) -> Bool {
        left.kind == right.kind && left.validators == right.validators
            && left.validators.indices.allSatisfy { left.vote(of: $0) == right.vote(of: $0) }
    }
}
