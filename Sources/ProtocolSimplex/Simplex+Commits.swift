import BFTBase
import BFTCore

// What makes a block final: everybody's votes to notarize it, or the second round of votes.
extension SimplexReplica {
    // MARK: The second round

    /// Whether this replica may still vote to finalize the notarized block of a round.
    private func mayFinalize(_ position: Int) -> Bool {
        rounds.rounds[position].finalization == nil
            && rounds.rounds[position].notarization != nil
            && rules.mayFinalize(rounds.rounds[position].own)
    }

    /// Votes to finalize every notarized block that this replica may still vote for, unless
    /// everybody's votes to notarize it are about to come. Whoever hears another one's vote to
    /// finalize waits no longer: that one lacks somebody's.
    mutating func finalizeNotarized(at now: Instant, into effects: inout [Effect<Self>]) {
        for position in rounds.rounds.indices where mayFinalize(position) {
            guard let notarized = rounds.rounds[position].notarization?.statement else { continue }
            let grace = pacemaker.grace(in: notarized.view)
            let due = rounds.rounds[position].finalizeAt ?? now.advanced(by: grace)
            guard now >= due || !rounds.rounds[position].finalizes.isEmpty else {
                rounds.update(notarized.view) { $0.finalizeAt = due }
                continue
            }
            if grace.nanoseconds > 0 { pacemaker.missedVotes(in: notarized.view) }
            persist(rounds.update(notarized.view) { $0.unsaved(.notarize) }, into: &effects)
            cast(
                statement(
                    .finalize, in: notarized.view, at: notarized.height, for: notarized.block),
                into: &effects)
        }
    }

    /// When the next vote to finalize that is held back is due.
    var finalizeDeadline: Instant? {
        var earliest: Instant?
        for position in rounds.rounds.indices {
            guard let due = rounds.rounds[position].finalizeAt, mayFinalize(position) else {
                continue
            }
            earliest = earliest.map { min($0, due) } ?? due
        }
        return earliest
    }

    // MARK: Commits

    /// Commits the latest finalized block, with its ancestors, if all of them are here.
    mutating func commitFinalized(into effects: inout [Effect<Self>]) {
        guard let round = rounds.lastFinalized, let certificate = round.finalization else { return }
        guard
            let run = head.run(
                to: round.block(named: certificate.statement.block), by: certificate, in: rounds,
                under: Self.commitRules(configuration))
        else {
            if inquiryPace.mayFetch(upTo: round.view) { effects.append(.fetch(certificate)) }
            return
        }
        // What stands on the block may be voted for before it is executed, and durable by that. The
        // notarization shows why; where all goes well, it is durable since the view was left.
        persist(
            rounds.update(round.view) { $0.unsavedNotarization(of: run.last.digest) },
            into: &effects)
        effects.append(.commit(run))
        let waiting = certificate.statement.kind == .notarize ? waiting(through: round.view) : []
        becomeCommitted(run)
        for vote in waiting { sendCommitCertificate(answering: vote, into: &effects) }
    }

    mutating func becomeCommitted(_ run: CommittedRun) {
        pacemaker.committed(run.blocks, onParentOf: committed.view)
        head.advance(to: run)
        rounds.removeAll(through: committed.view)
    }

    /// Takes over what the ledger caught up on.
    mutating func adopt(
        _ run: CommittedRun, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        guard let rest = head.rest(of: run) else { return }
        let target = rest.certificate.certificate
        effects.append(.persist(.certificate(target)))
        becomeCommitted(rest)
        if !rest.isCertifiedItself {
            rounds.update(target.statement.view) { $0.keep(target, isFinal: true) }
        }
        if view <= committed.view { enter(committed.view.next, at: now, into: &effects) }
    }

    // MARK: Those who wait

    /// Whether `vote`, one of a committed view, shows that its voter does not know of the commit:
    /// it waits for this replica's vote to finalize, which will never come, or gave the view up.
    func lacksCommitCertificate(voterOf vote: Vote) -> Bool {
        guard configuration.validators.contains(vote.voter), vote.voter != configuration.own,
            vote.statement.view > sentCertificateView[vote.voter.rawValue]
        else { return false }
        if vote.statement.kind == .finalize {
            return vote.statement.view > finalizedView
                && head.certificate?.statement.kind == .notarize
        }
        return SimplexPhase(vote.statement.kind)?.isFallback == true
            && isRelayTarget(vote.voter, in: vote.statement.view)
    }

    /// Sends what commits the block to a voter that still collects votes to finalize it, or to end
    /// its view. Once for each commit and voter, whatever that one repeats.
    mutating func sendCommitCertificate(answering vote: Vote, into effects: inout [Effect<Self>]) {
        guard lacksCommitCertificate(voterOf: vote), let commitCertificate = head.certificate
        else { return }
        sentCertificateView[vote.voter.rawValue] = committed.view
        if vote.statement.kind == .finalize { pacemaker.missedVotes(in: vote.statement.view) }
        effects.append(.send(.certificate(commitCertificate.certificate), to: vote.voter))
    }

    /// The votes to finalize that are here in the rounds up to `view`, about to be dropped.
    private func waiting(through view: View) -> [Vote] {
        var votes: [Vote] = []
        for round in rounds.rounds where round.view <= view && !round.finalizes.isEmpty {
            votes += configuration.validators.indices.compactMap { round.finalizes.vote(of: $0) }
        }
        return votes
    }
}
