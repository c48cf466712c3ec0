import BFTBase
import BFTCore

// Certificates are passed on to those who may lack them. Votes may come to some only: then these
// make a certificate and the others can't.
extension SimplexReplica {
    /// How many peers one replica looks after in a view.
    private static var relayTargetCount: Int { 3 }

    /// The peers that this replica looks after in `view`, others in the next: all of them together
    /// send a few certificates to each, not everybody's to everybody.
    private func relayTargets(in view: View) -> [ValidatorIndex] {
        let (count, own) = (configuration.validators.count, configuration.own.rawValue)
        guard count > 1 else { return [] }
        let turn = Int(view.rawValue % UInt64(count - 1))
        return (0..<min(Self.relayTargetCount, count - 1)).map {
            ValidatorIndex((own + 1 + (turn + $0) % (count - 1)) % count)
        }
    }

    func isRelayTarget(_ peer: ValidatorIndex, in view: View) -> Bool {
        relayTargets(in: view).contains(peer)
    }

    /// Passes on what ended a view without a notarization by votes. Where all goes well there is
    /// one, everybody's votes come to everybody, and nothing is sent.
    func relayEnd(_ round: SimplexRound, into effects: inout [Effect<Self>]) {
        guard round.notarization == nil, round.finalization == nil,
            let certificate = round.supports.first ?? round.nullification
        else { return }
        for peer in relayTargets(in: round.view) where !hasHeard(peer, after: round.view) {
            effects.append(.send(.certificate(certificate), to: peer))
        }
    }

    /// Lets a voter into the present view that gives one up which was notarized here: what votes it
    /// lacks may never come, and those who have left the view don't help to end it otherwise.
    mutating func help(_ vote: Vote, into effects: inout [Effect<Self>]) {
        let (voter, view) = (vote.voter, vote.statement.view)
        guard view < self.view, view > sentCertificateView[voter.rawValue],
            isRelayTarget(voter, in: view),
            let position = rounds.index(of: view),
            rounds.rounds[position].notarization != nil
                || rounds.rounds[position].finalization != nil,
            let last = rounds.lastOver(from: view)
        else { return }
        sentCertificateView[voter.rawValue] = view
        for certificate in last.certificates {
            effects.append(.send(.certificate(certificate), to: voter))
        }
    }

    // MARK: Whose turn it is

    /// Plans to look after the leader of the view that begins, if that is up to this replica: the
    /// block that a quorum has just notarized, or votes for it, may be kept from it, and its time
    /// runs here already.
    mutating func planHandOver(at now: Instant) {
        handOverAt = nil
        let leader = leader(of: view)
        guard let before = view.previous, let position = rounds.index(of: before),
            let notarization = rounds.rounds[position].notarization,
            !notarization.signers[leader.rawValue], !rounds.rounds[position].hasBlock(leader),
            !hasHeard(leader, after: before),
            patience != nil, leader != configuration.own
        else { return }
        let isFirst = isRelayTarget(leader, in: view)
        handOverAt = now.advanced(by: pacemaker.handOverDelay.scaled(by: isFirst ? 1 : 2))
    }

    /// Gives that up once the leader is heard of.
    mutating func noteHandOver(_ vote: Vote) {
        guard handOverAt != nil, vote.voter == leader(of: view) else { return }
        let (said, before) = (vote.statement, view.previous)
        let hasBlock = [.notarize, .finalize].contains(said.kind)
        if said.view >= view || said.view == before && hasBlock { handOverAt = nil }
    }

    /// Sends a leader that was not heard of, in this view or the one before, what made it lead
    /// and what it builds upon.
    mutating func handOver(at now: Instant, into effects: inout [Effect<Self>]) {
        guard let due = handOverAt, now >= due else { return }
        handOverAt = nil
        let leader = leader(of: view)
        guard let before = view.previous else { return }
        if let certificate = head.certificate, committed.view >= before {
            effects.append(.send(.certificate(certificate.certificate), to: leader))
        }
        guard let last = rounds.lastOver(from: before) else { return }
        if let proposal = last.proposal, last.isNotarized(proposal.block.digest) {
            effects.append(.send(.proposal(proposal), to: leader))
        }
        for certificate in last.certificates {
            effects.append(.send(.certificate(certificate), to: leader))
        }
    }

    // MARK: Those ahead

    private func hasHeard(_ voter: ValidatorIndex, after view: View) -> Bool {
        for position in rounds.rounds.indices.reversed() {
            guard rounds.rounds[position].view > view else { return false }
            if rounds.rounds[position].hasHeard(voter) { return true }
        }
        return false
    }

    /// Somebody who spoke in a later view and was not asked in this one.
    private var peerAhead: ValidatorIndex? {
        guard let last = rounds.rounds.indices.last, rounds.rounds[last].view > view else {
            return nil
        }
        return configuration.validators.indices.first {
            $0 != configuration.own && !askedAhead[$0.rawValue] && hasHeard($0, after: view)
        }
    }

    /// Notes since when there is somebody ahead to ask.
    mutating func noteAhead(_ now: Instant) {
        aheadSince = peerAhead == nil ? nil : aheadSince ?? now
    }

    /// When to ask somebody who is ahead: votes overtake each other, so not at once.
    var askAheadAt: Instant? {
        aheadSince?.advanced(by: pacemaker.askAheadDelay)
    }

    /// Asks those ahead, one at a time and each once in a view, what ended this one.
    mutating func askAhead(at now: Instant, into effects: inout [Effect<Self>]) {
        guard let due = askAheadAt, now >= due, let peer = peerAhead else { return }
        askedAhead.insert(peer.rawValue)
        aheadSince = peerAhead == nil ? nil : now
        effects.append(.send(.inquiry(inquiry), to: peer))
    }
}
