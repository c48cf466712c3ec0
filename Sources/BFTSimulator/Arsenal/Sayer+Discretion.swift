import BFTBase
import BFTCore
import BFTLedger

// Who hears what in the mood that a coalition is in.
extension Sayer {
    static func certificates(in message: ReplicaMessage<P>) -> [Certificate] {
        switch message {
        case .consensus(let part):
            var parts = Arsenal<P.Message.Special>()
            part.takeApart(into: &parts)
            return parts.certificates.items
        case .ledger(.syncResponse(let run)): return [run.certificate]
        case .ledger: return []
        }
    }

    static func votes(in message: ReplicaMessage<P>) -> [Vote] {
        if case .consensus(let part) = message { P.votes(in: part) } else { [] }
    }

    /// Whether `message` shows or helps to show that a block is final.
    private static func isCommittal(_ message: ReplicaMessage<P>) -> Bool {
        votes(in: message).contains { $0.statement.kind.outcome == .commitsBlock }
            || certificates(in: message).contains { $0.statement.kind.outcome == .commitsBlock }
    }

    /// Whether `message` tells of something that `validator` is not to hear of.
    static func isWithheld(
        _ message: ReplicaMessage<P>, from validator: ValidatorIndex, _ mood: Mood
    ) -> Bool {
        guard mood.isOnDiet(validator) else { return false }
        let told = votes(in: message).map(\.statement) + certificates(in: message).map(\.statement)
        return told.contains { mood.isWithheld($0.kind, from: validator) }
    }

    /// Those of `targets` that may hear `message`.
    static func hearers(
        of message: ReplicaMessage<P>, among targets: [ValidatorIndex],
        _ forge: Forge<P.Message.Special>
    ) -> [ValidatorIndex] {
        let mood = forge.mood
        if case .consensus(let part) = message, part.variety == mood.unsaid { return [] }
        if mood.isNoncommittal, isCommittal(message) { return [] }
        let isSecret =
            mood.secrecy > 0
            && (forge.isHoarded(votes(in: message))
                || certificates(in: message).contains { forge.isSecret($0) })
        return targets.filter {
            mood.isTalking(to: $0) && (!isSecret || mood.confidants.contains($0))
                && !isWithheld(message, from: $0, mood)
        }
    }

    /// Tells one what was kept for long enough, as others go on.
    mutating func confided(
        _ message: ReplicaMessage<P>, _ forge: inout Forge<Special>
    ) -> [Dispatch<P>] {
        guard forge.mood.secrecy > 0, case .consensus(let part) = message,
            let view = P.view(of: part)
        else { return [] }
        let old = forge.arsenal.certificates.items.last { certificate in
            let kept = certificate.statement.view
            return forge.isSecret(certificate) && kept > revealedView
                && kept.rawValue.addingReportingOverflow(forge.mood.patience).partialValue
                    <= view.rawValue
        }
        guard let old, let one = forge.anyone(),
            !forge.mood.isWithheld(old.statement.kind, from: one)
        else { return [] }
        revealedView = old.statement.view
        return [Dispatch(.consensus(.showing(old)), to: [one])]
    }

    /// Votes for what another votes for.
    mutating func seconded(
        _ message: ReplicaMessage<P>, _ forge: inout Forge<Special>
    ) -> [Dispatch<P>] {
        guard case .consensus(let part) = message, forge.random.oneIn(forge.temper.deference)
        else { return [] }
        let own = forge.configuration.own
        var parts = Arsenal<Special>()
        part.takeApart(into: &parts)
        guard let vote = parts.votes.items.first, vote.voter != own,
            !seconded.contains(vote.statement)
        else { return [] }
        if seconded.count == Self.lateLimit { seconded.removeFirst() }
        seconded.append(vote.statement)
        let second = forge.signed(vote.statement, by: own)
        forge.arsenal.add(second)
        let message = ReplicaMessage<P>.consensus(.casting(second))
        let peers = forge.validators.indices.filter { $0 != own }
        return [Dispatch(message, to: Self.hearers(of: message, among: peers, forge))]
    }

    /// `message` with something else in one of its places, now and then.
    func altered(
        _ message: ReplicaMessage<P>, _ forge: inout Forge<Special>
    ) -> ReplicaMessage<P>? {
        guard case .consensus(let part) = message, !forge.random.oneIn(3),
            let other = part.altered(&forge)
        else { return nil }
        other.takeApart(into: &forge.arsenal)
        return .consensus(other)
    }
}

extension Forge {
    /// Whether any of `votes` is kept for now.
    func isHoarded(_ votes: [Vote]) -> Bool {
        mood.isHoarding
            && votes.contains {
                mood.isKeeping($0.statement.view) && !arsenal.isShown($0.statement)
            }
    }

    /// One validator, as often as not one of those who are told nothing else.
    mutating func anyone() -> ValidatorIndex? {
        let peers = validators.indices.filter { $0 != configuration.own }
        let leftOut = peers.filter { mood.leftOut.contains($0) }
        return (leftOut.isEmpty || !mood.isEclipse && random.oneIn(2) ? peers : leftOut)
            .randomElement(using: &random)
    }
}

extension UInt64 {
    /// Whether the set of positions has that of `validator`.
    func contains(_ validator: ValidatorIndex) -> Bool {
        self & 1 << UInt64(validator.rawValue % 64) != 0
    }
}
