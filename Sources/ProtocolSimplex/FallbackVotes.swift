import BFTBase
import BFTCore

/// The votes of a view that somebody gave up: who abstained, and who supported what.
///
/// - Invariant S7: one vote to abstain and at most `supportLimit` votes to support for each voter.
struct FallbackVotes: Equatable, Sendable {
    private(set) var abstentions: VoteTally
    /// What each voter supported first, then second, and so on.
    private var supports: [VoteTally] = []
    private let validators: ValidatorSet

    /// The most blocks of a view that a validator supports. In one life it comes to two at most:
    /// each takes the votes of more than a third of the power, and a voter counts for one.
    static let supportLimit = 3

    init(_ validators: ValidatorSet) {
        self.validators = validators
        abstentions = VoteTally(kind: .abstain, validators: validators)
    }

    mutating func insert(_ vote: Vote, in phase: Phase) {
        guard phase == .support else {
            _ = abstentions.insert(vote)
            return
        }
        for position in supports.indices {
            guard let earlier = supports[position].statement(of: vote.voter) else {
                _ = supports[position].insert(vote)
                return
            }
            guard earlier != vote.statement else { return }
        }
        guard supports.count < Self.supportLimit else { return }
        supports.append(VoteTally(kind: .support, validators: validators))
        _ = supports[supports.count - 1].insert(vote)
    }

    /// The first vote of `voter` in `phase`.
    func vote(of voter: ValidatorIndex, in phase: Phase) -> Vote? {
        phase == .support ? supports.first?.vote(of: voter) : abstentions.vote(of: voter)
    }

    func supports(of voter: ValidatorIndex) -> [Vote] {
        supports.compactMap { $0.vote(of: voter) }
    }

    /// Whether there is room for `vote` to support, and it isn't here.
    func isNew(_ vote: Vote) -> Bool {
        let said = supports(of: vote.voter)
        return said.count < Self.supportLimit && !said.contains { $0.statement == vote.statement }
    }

    /// The certificate of all votes for `statement`, if they are enough.
    func supportCertificate(
        for statement: Statement, isEnough: (VotingPower) -> Bool
    ) -> Certificate? {
        let power = supports.reduce(VotingPower(0)) { $0 + $1.power(for: statement) }
        guard isEnough(power) else { return nil }
        let votes = validators.indices.compactMap { voter in
            supports.lazy.compactMap { $0.vote(of: voter) }.first { $0.statement == statement }
        }
        return Certificate(
            statement: statement, votes: votes, validatorCount: validators.count)
    }
}
