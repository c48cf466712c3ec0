import BFTBase
import BFTCore

// What was said in a view: what is worth hearing, what contradicts, what adds up.
extension SimplexRound {
    /// Whether `vote` would change anything here, asked before its signature is checked.
    func isUseful(_ vote: Vote, in phase: SimplexPhase) -> Bool {
        let isAccused = accused[vote.voter.rawValue]
        if phase != .support, let earlier = statement(of: vote.voter, in: phase) {
            return earlier != vote.statement && !isAccused
        }
        if !isAccused, phase.opposites.contains(where: { statement(of: vote.voter, in: $0) != nil })
        {
            return true
        }
        // A late vote for what is certified already adds nothing.
        return switch phase {
        case .notarize: finalization == nil
        case .nullify: nullification == nil
        case .finalize: finalization?.statement.block != vote.statement.block
        case .abstain: !isOver
        case .support:
            !supports.contains { $0.statement == vote.statement }
                && fallback?.isNew(vote, isBacked: isBacked(vote.statement)) ?? true
        }
    }

    /// Whether the block of a vote to support is known to be backed by more than a third, in this
    /// life or an earlier one.
    private func isBacked(_ support: Statement) -> Bool {
        let name = support.blockName
        if own.supported.contains(name) { return true }
        return notarizes.statements(where: { validators.isWeakQuorum($0) })
            .contains { $0.block == name.digest && $0.height == name.height }
    }

    /// Whether `certificate` would add anything here.
    func isUseful(_ certificate: Certificate, in phase: SimplexPhase) -> Bool {
        switch phase {
        case .notarize:
            notarization == nil
                || finalization == nil && certificate.signers.population == validators.count
        case .nullify: nullification == nil
        case .finalize: finalization == nil
        case .support: !supports.contains { $0.statement == certificate.statement }
        case .abstain: false
        }
    }

    /// The certificate for `statement`, if there is none of this phase yet and enough say so.
    func newCertificate(
        for statement: Statement, in phase: SimplexPhase, isEnough: (VotingPower) -> Bool
    ) -> Certificate? {
        switch phase {
        case .notarize where notarization == nil:
            notarizes.certificate(for: statement, isEnough: isEnough)
        case .nullify where nullification == nil:
            nullifies.certificate(for: statement, isEnough: isEnough)
        case .finalize where finalization == nil:
            finalizes.certificate(for: statement, isEnough: isEnough)
        case .support where !supports.contains { $0.statement == statement }:
            fallback?.supportCertificate(for: statement, isEnough: isEnough)
        default: nil
        }
    }

    /// The power of those who said in this view that they did not notarize `digest`: they
    /// abstained, or notarized another block.
    func opposition(to digest: Digest) -> VotingPower {
        var power: VotingPower = 0
        for voter in validators.indices {
            let notarized = notarizes.statement(of: voter)
            if notarized.map({ $0.block != digest }) ?? false
                || fallback?.vote(of: voter, in: .abstain) != nil
            {
                power += validators.powers[voter.rawValue]
            }
        }
        return power
    }

    /// Counts a vote. Returns evidence the first time that the voter contradicts itself.
    ///
    /// - Precondition: the vote is one of this phase.
    mutating func insert(_ vote: Vote, in phase: SimplexPhase) -> Evidence? {
        let evidence = contradiction(with: vote, in: phase)
        switch phase {
        case .notarize: _ = notarizes.insert(vote)
        case .nullify: _ = nullifies.insert(vote)
        case .finalize: _ = finalizes.insert(vote)
        case .abstain, .support:
            if fallback == nil { fallback = SimplexFallbackVotes(validators) }
            let isBacked = phase == .support && isBacked(vote.statement)
            fallback?.insert(vote, in: phase, isBacked: isBacked)
        }
        guard let evidence, accused.insert(vote.voter.rawValue) else { return nil }
        return evidence
    }

    /// The evidence that `vote` makes with an earlier one.
    private func contradiction(with vote: Vote, in phase: SimplexPhase) -> Evidence? {
        if let earlier = self.vote(of: vote.voter, in: phase),
            let evidence = Evidence(earlier, vote)
        {
            return evidence
        }
        for opposite in phase.opposites {
            if let earlier = self.vote(of: vote.voter, in: opposite),
                let evidence = Evidence(earlier, vote)
            {
                return evidence
            }
        }
        return nil
    }

    private func statement(of voter: ValidatorIndex, in phase: SimplexPhase) -> Statement? {
        switch phase {
        case .notarize: notarizes.statement(of: voter)
        case .nullify: nullifies.statement(of: voter)
        case .finalize: finalizes.statement(of: voter)
        case .abstain, .support: fallback?.vote(of: voter, in: phase)?.statement
        }
    }

    /// What `voter` said. Asked of the tally where it stands: a copy that is alive while the next
    /// vote is inserted would cost a copy of all votes.
    private func vote(of voter: ValidatorIndex, in phase: SimplexPhase) -> Vote? {
        switch phase {
        case .notarize: notarizes.vote(of: voter)
        case .nullify: nullifies.vote(of: voter)
        case .finalize: finalizes.vote(of: voter)
        case .abstain, .support: fallback?.vote(of: voter, in: phase)
        }
    }

    /// Whether `voter` is known to have the block of this view: supporting it does not take that.
    func hasBlock(_ voter: ValidatorIndex) -> Bool {
        notarizes.statement(of: voter) != nil || finalizes.statement(of: voter) != nil
    }

    /// Whether anything that `voter` said in this view is here.
    func hasHeard(_ voter: ValidatorIndex) -> Bool {
        SimplexPhase.allCases.contains { statement(of: voter, in: $0) != nil }
    }
}
