import BFTBase
import BFTCore

/// The votes of a view that somebody gave up: who abstained, and who supported what.
///
/// S7 of these: of each voter, one vote to abstain and one to support each block that is known
///   to be backed, which are few; of others, at most `unbackedLimit`.
struct SimplexFallbackVotes: Equatable, Sendable {
    private(set) var abstentions: VoteTally
    /// The votes to support each block, in the order in which the first of each came.
    private var supports: [Support] = []
    private let validators: ValidatorSet

    private struct Support: Equatable, Sendable {
        let statement: Statement
        var tally: VoteTally
    }

    /// The most votes to support of one voter for blocks that are not known to be backed. An honest
    /// voter knows two backed blocks in one life at most: each takes the votes of more than a
    /// third of the power, and a voter counts for one.
    static let unbackedLimit = 2

    init(_ validators: ValidatorSet) {
        self.validators = validators
        abstentions = VoteTally(kind: .abstain, validators: validators)
    }

    /// - Parameter isBacked: whether the block of a vote to support is known to be backed.
    mutating func insert(_ vote: Vote, in phase: SimplexPhase, isBacked: Bool) {
        guard phase == .support else {
            _ = abstentions.insert(vote)
            return
        }
        guard isNew(vote, isBacked: isBacked) else { return }
        let position = supports.firstIndex { $0.statement == vote.statement }
        if position == nil {
            let tally = VoteTally(kind: .support, validators: validators)
            supports.append(Support(statement: vote.statement, tally: tally))
        }
        _ = supports[position ?? supports.count - 1].tally.insert(vote)
    }

    /// The first vote of `voter` in `phase`.
    func vote(of voter: ValidatorIndex, in phase: SimplexPhase) -> Vote? {
        guard phase == .support else { return abstentions.vote(of: voter) }
        return supports.lazy.compactMap { $0.tally.vote(of: voter) }.first
    }

    func supports(of voter: ValidatorIndex) -> [Vote] {
        supports.compactMap { $0.tally.vote(of: voter) }
    }

    /// Whether there is room for `vote` to support, and it isn't here.
    func isNew(_ vote: Vote, isBacked: Bool) -> Bool {
        var count = 0
        for support in supports where support.tally.statement(of: vote.voter) != nil {
            guard support.statement != vote.statement else { return false }
            count += 1
        }
        return isBacked || count < Self.unbackedLimit
    }

    /// The certificate of all votes for `statement`, if they are enough.
    func supportCertificate(
        for statement: Statement, isEnough: (VotingPower) -> Bool
    ) -> Certificate? {
        supports.first { $0.statement == statement }?
            .tally.certificate(for: statement, isEnough: isEnough)
    }
}
