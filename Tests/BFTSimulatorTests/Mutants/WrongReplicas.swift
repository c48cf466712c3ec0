@_spi(Verification) import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex

/// A mistake around the sound rules of Simplex.
protocol SimplexMistake: ReplicaMistake where Sound == Simplex {}

extension Input<Simplex> {
    /// The vote that comes in, if it is one, with its sender.
    var vote: (vote: Vote, sender: ValidatorIndex)? {
        guard case .received(let message, let sender) = self,
            case .vote(let vote) = message.value
        else { return nil }
        return (vote, sender)
    }

    static func taken(_ message: SimplexMessage, from sender: ValidatorIndex) -> Self {
        .received(Verified(message), from: sender)
    }
}

extension Certificate {
    /// The certificate with the names of all validators under it, those that are missing without
    /// a signature.
    func padded(to count: Int) -> Certificate {
        let signed = Dictionary(uniqueKeysWithValues: zip(signers.positions, signatures))
        let votes = (0..<count).map {
            Vote(
                statement: statement, voter: ValidatorIndex($0), signature: signed[$0] ?? [])
        }
        return Certificate(statement: statement, votes: votes, validatorCount: count) ?? self
    }
}

extension Statement {
    func restated(
        chain: Digest? = nil, epoch: Epoch? = nil, kind: VoteKind? = nil, view: View? = nil
    ) -> Statement {
        Statement(
            chain: chain ?? self.chain, epoch: epoch ?? self.epoch, kind: kind ?? self.kind,
            view: view ?? self.view, height: height, block: block)
    }
}

extension ReplicaConfiguration {
    fileprivate func with(_ validators: ValidatorSet) -> ReplicaConfiguration {
        ReplicaConfiguration(
            chain: chain, epoch: epoch, validators: validators, own: own, timing: timing,
            leaders: leaders)
    }
}

// MARK: Quorums

/// Counts validators, whatever their power.
struct CountsHeads: SimplexMistake {
    func configuration(_ sound: ReplicaConfiguration) -> ReplicaConfiguration {
        let ones = sound.validators.powers.map { _ in VotingPower(1) }
        guard let validators = try? ValidatorSet(ones) else { return sound }
        return sound.with(validators)
    }
}

/// Weighs votes by the powers of another epoch, in which everybody had the next one's.
struct WeighsByAnotherEpoch: SimplexMistake {
    func configuration(_ sound: ReplicaConfiguration) -> ReplicaConfiguration {
        let powers = sound.validators.powers
        guard let validators = try? ValidatorSet(Array(powers.dropFirst() + powers.prefix(1)))
        else { return sound }
        return sound.with(validators)
    }
}

/// Counts a vote that comes twice for two voters.
struct CountsRepeatedVotes: SimplexMistake {
    private var seen: [Vote] = []

    mutating func heard(_ input: Input<Simplex>, own: ValidatorIndex) -> [Input<Simplex>] {
        guard let (vote, sender) = input.vote else { return [input] }
        guard seen.contains(vote) else {
            seen = seen.suffix(40) + [vote]
            return [input]
        }
        let other = ValidatorIndex(vote.voter.rawValue == 0 ? 1 : 0)
        let again = Vote(statement: vote.statement, voter: other, signature: vote.signature)
        return [input, .taken(.vote(again), from: sender)]
    }

    func isUseful(_ message: SimplexMessage, to sound: Simplex) -> Bool {
        if case .vote = message { true } else { sound.isUseful(message) }
    }
}

/// Takes a certificate from a peer without adding its signers up.
struct TakesWeakCertificates: SimplexMistake {
    func heard(_ input: Input<Simplex>, own: ValidatorIndex) -> [Input<Simplex>] {
        guard case .received(let message, let sender) = input,
            case .certificate(let certificate) = message.value
        else { return [input] }
        let padded = certificate.padded(to: certificate.signers.count)
        return [.taken(.certificate(padded), from: sender)]
    }
}

/// Counts a vote that notarizes as one that finalizes, too.
struct FinalizesByNotarizing: SimplexMistake {
    func heard(_ input: Input<Simplex>, own: ValidatorIndex) -> [Input<Simplex>] {
        guard let (vote, sender) = input.vote, vote.statement.kind == .notarize else {
            return [input]
        }
        let final = Vote(
            statement: vote.statement.restated(kind: .finalize), voter: vote.voter,
            signature: vote.signature)
        return [input, .taken(.vote(final), from: sender)]
    }
}

/// Leaves a view as soon as it has given it up itself.
struct LeavesAlone: SimplexMistake {
    func reaction(
        to effect: Effect<Simplex>, in configuration: ReplicaConfiguration
    ) -> Reaction<Simplex> {
        guard case .sign(.vote(let statement)) = effect, statement.kind == .nullify,
            let own = Certificate(
                statement: statement, votes: [], validatorCount: configuration.validators.count)
        else { return Reaction(effects: [effect]) }
        return Reaction(
            effects: [effect],
            inputs: [
                .taken(
                    .certificate(own.padded(to: configuration.validators.count)),
                    from: configuration.own)
            ])
    }
}

/// Does not count what it says itself.
struct IgnoresItself: SimplexMistake {
    func heard(_ input: Input<Simplex>, own: ValidatorIndex) -> [Input<Simplex>] {
        if let (vote, _) = input.vote, vote.voter == own { [] } else { [input] }
    }
}

// MARK: Where and when a vote was cast

/// Takes votes of every chain for votes of its own.
struct IgnoresTheChain: SimplexMistake {
    private var chain: Digest?

    mutating func heard(_ input: Input<Simplex>, own: ValidatorIndex) -> [Input<Simplex>] {
        guard let (vote, sender) = input.vote else { return [input] }
        // Its own votes are the first that it hears.
        if vote.voter == own { chain = vote.statement.chain }
        let moved = Vote(
            statement: vote.statement.restated(chain: chain), voter: vote.voter,
            signature: vote.signature)
        return [.taken(.vote(moved), from: sender)]
    }
}

/// Takes votes of every epoch for votes of its own.
struct IgnoresTheEpoch: SimplexMistake {
    func heard(_ input: Input<Simplex>, own: ValidatorIndex) -> [Input<Simplex>] {
        guard let (vote, sender) = input.vote else { return [input] }
        let moved = Vote(
            statement: vote.statement.restated(epoch: .zero), voter: vote.voter,
            signature: vote.signature)
        return [.taken(.vote(moved), from: sender)]
    }
}

// MARK: Memory

/// Signs first, and makes durable afterwards what it signed.
struct SignsFirst: SimplexMistake {
    func reaction(
        to effect: Effect<Simplex>, in configuration: ReplicaConfiguration
    ) -> Reaction<Simplex> {
        if case .persist = effect { Reaction() } else { Reaction(effects: [effect]) }
    }
}

/// Reads each vote of its log as one of the view after.
struct MisreadsViews: SimplexMistake {
    func recovered(
        _ records: [SimplexRecord], in configuration: ReplicaConfiguration
    ) -> [SimplexRecord] {
        records.map { record in
            guard case .voted(let statement) = record else { return record }
            return .voted(statement.restated(view: statement.view.next))
        }
    }
}

/// Takes no votes over into a new log.
struct CutsVotesOff: SimplexMistake {
    func kept(_ records: [SimplexRecord]) -> [SimplexRecord] {
        records.filter { if case .voted = $0 { false } else { true } }
    }
}

/// Takes no notarized blocks over into a new log.
struct CutsBlocksOff: SimplexMistake {
    func kept(_ records: [SimplexRecord]) -> [SimplexRecord] {
        records.filter { if case .notarized = $0 { false } else { true } }
    }
}

/// Claims before readers what is committed here, not what its votes may have committed.
struct ClaimsTooLittle: SimplexMistake {
    func commitVoteHeight(of sound: Simplex) -> Height { sound.committed.height }
}

// MARK: Time and talk

/// Waits as long for the tenth view in a row as for the first.
struct NeverWaitsLonger: SimplexMistake {
    func configuration(_ sound: ReplicaConfiguration) -> ReplicaConfiguration {
        ReplicaConfiguration(
            chain: sound.chain, epoch: sound.epoch, validators: sound.validators, own: sound.own,
            timing: .init(
                viewTimeout: sound.timing.viewTimeout, idleInterval: sound.timing.idleInterval,
                backoffLimit: 0),
            leaders: sound.leaders)
    }
}

/// Each validator begins the cycle of leaders with itself.
struct ElectsItself: SimplexMistake {
    func configuration(_ sound: ReplicaConfiguration) -> ReplicaConfiguration {
        let count = sound.validators.count
        return ReplicaConfiguration(
            chain: sound.chain, epoch: sound.epoch, validators: sound.validators, own: sound.own,
            timing: sound.timing,
            leaders: LeaderSchedule(
                cycle: (0..<count).map { ValidatorIndex((sound.own.rawValue + $0) % count) }))
    }
}

/// Sends what it said once, and never again.
struct NeverRepeats: SimplexMistake {
    func reaction(
        to effect: Effect<Simplex>, in configuration: ReplicaConfiguration
    ) -> Reaction<Simplex> {
        switch effect {
        case .send(.certificate, _), .send(.vote, _), .send(.proposal, _), .broadcast(.vote),
            .broadcast(.proposal), .broadcast(.certificate):
            Reaction()
        default: Reaction(effects: [effect])
        }
    }
}

/// Does not let the ledger catch up.
struct NeverFetches: SimplexMistake {
    func reaction(
        to effect: Effect<Simplex>, in configuration: ReplicaConfiguration
    ) -> Reaction<Simplex> {
        if case .fetch = effect { Reaction() } else { Reaction(effects: [effect]) }
    }
}

// MARK: Evidence

/// Forgets whom it would accuse while what it said last is not durable.
struct ForgetsAccusations: SimplexMistake {
    private var isWaiting = false

    mutating func heard(_ input: Input<Simplex>, own: ValidatorIndex) -> [Input<Simplex>] {
        if let (vote, _) = input.vote, vote.voter == own { isWaiting = false }
        return [input]
    }

    mutating func reaction(
        to effect: Effect<Simplex>, in configuration: ReplicaConfiguration
    ) -> Reaction<Simplex> {
        if case .persist = effect { isWaiting = true }
        guard isWaiting, case .accuse = effect else { return Reaction(effects: [effect]) }
        return Reaction()
    }
}

/// Sees a contradiction and says nothing.
struct AccusesNobody: SimplexMistake {
    func reaction(
        to effect: Effect<Simplex>, in configuration: ReplicaConfiguration
    ) -> Reaction<Simplex> {
        if case .accuse = effect { Reaction() } else { Reaction(effects: [effect]) }
    }
}

/// Accuses the validator after the one that contradicted itself.
struct AccusesTheNext: SimplexMistake {
    func reaction(
        to effect: Effect<Simplex>, in configuration: ReplicaConfiguration
    ) -> Reaction<Simplex> {
        guard case .accuse(let evidence) = effect else { return Reaction(effects: [effect]) }
        let next = ValidatorIndex(
            (evidence.culprit.rawValue + 1) % configuration.validators.count)
        func moved(_ vote: Vote) -> Vote {
            Vote(statement: vote.statement, voter: next, signature: vote.signature)
        }
        return Reaction(
            effects: [Evidence(moved(evidence.first), moved(evidence.second))]
                .compactMap(\.self).map { .accuse($0) })
    }
}

// MARK: Verdicts

/// Notarizes without asking the ledger, which may not hold the batches.
struct AsksNoLedger: SimplexMistake {
    func reaction(
        to effect: Effect<Simplex>, in configuration: ReplicaConfiguration
    ) -> Reaction<Simplex> {
        guard case .judge(let branch) = effect else { return Reaction(effects: [effect]) }
        return Reaction(inputs: [.judged(branch.tip.digest, .valid)])
    }
}

/// Asks the ledger, and notarizes whatever the answer.
struct IgnoresTheLedger: SimplexMistake {
    func heard(_ input: Input<Simplex>, own: ValidatorIndex) -> [Input<Simplex>] {
        if case .judged(let digest, _) = input { [.judged(digest, .valid)] } else { [input] }
    }
}
