import BFTBase
import BFTCore

// Lost messages: asking for what is lacking, answering, saying again what was said.
extension SimplexReplica {
    // MARK: What is lacking

    /// The blocks this replica needs and can name, what it needs first at the front: all that its
    /// proposal or the leader's would stand on, and what is final.
    var wantedBlocks: [Digest] {
        var wanted: [Digest] = []
        func want(_ digest: Digest?) {
            guard let digest, wanted.count < SimplexInquiry.wantedLimit, !wanted.contains(digest)
            else {
                return
            }
            wanted.append(digest)
        }
        if let proposal {
            // What nobody notarized may stand on anything: its own parent is not asked for.
            let parent = block(named: proposal.parent)
            if parent.map({ isNotarized($0) }) ?? true {
                want(firstMissing(downFrom: proposal.parent))
            }
        }
        for digest in latestNotarized?.notarizedDigests ?? [] {
            want(firstMissing(downFrom: digest))
        }
        if let final = rounds.lastFinalized?.finalization?.statement.block {
            want(firstMissing(downFrom: final))
        }
        return wanted
    }

    /// The first block that is not here on the way from the one named down to the committed one.
    private func firstMissing(downFrom digest: Digest) -> Digest? {
        var (digest, view) = (digest, View(.max))
        while digest != committed.digest {
            guard let block = rounds.block(named: digest, before: view) else { return digest }
            // Whatever stands right above the committed height stands on the committed block, or
            // on one that was passed by.
            guard block.height > committed.height.next else { return nil }
            (digest, view) = (block.parent, block.view)
        }
        return nil
    }

    /// The proposal of the present view.
    private var proposal: Block? {
        rounds.index(of: view).flatMap { rounds.rounds[$0].proposal?.block }
    }

    /// The last round before the present one in which a block was notarized, as far as it is known.
    private var latestNotarized: SimplexRound? {
        for position in rounds.rounds.indices.reversed()
        where rounds.rounds[position].view < view {
            if rounds.rounds[position].notarizedDigest != nil { return rounds.rounds[position] }
        }
        return nil
    }

    /// Whether somebody knows a block to be committed that is not known so here: it vouches for the
    /// state after that one. Without it nothing that vouches for it can be judged.
    var isCommitUnknown: Bool {
        let notarized = latestNotarized.flatMap { $0.blockToExtend }
        return [proposal, notarized].contains { block in
            block.map { $0.applied.height > committed.height } ?? false
        }
    }

    /// The first view for which this replica lacks a certificate that would help it: the parent's,
    /// or that of a view that was skipped since.
    private var lackingSince: View {
        var candidate = committed.view.next
        if let proposal, let parent = block(named: proposal.parent), parent.view < view {
            guard isNotarized(parent) else { return parent.view }
            candidate = parent.view.next
        } else if let latestNotarized {
            candidate = latestNotarized.view.next
        }
        while candidate < view, let round = rounds[candidate], round.nullification != nil {
            candidate = candidate.next
        }
        return candidate
    }

    // MARK: Asking and answering

    var inquiry: SimplexInquiry {
        SimplexInquiry(
            view: view, lackingSince: lackingSince, committed: committed.height,
            wanted: wantedBlocks)
    }

    mutating func inquire(into effects: inout [Effect<Self>]) {
        isBehind = false
        inquiryPace.forgetFetched(above: committed.view)
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    /// Asks `peer`, or everybody, for what it takes to go on in this view, now and then.
    mutating func ask(
        _ peer: ValidatorIndex?, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        if inquiryPace.mayAsk(at: now) { effects.send(.inquiry(inquiry), to: peer) }
    }

    /// The most certificates in answer to one inquiry.
    private static var answerLimit: Int { 8 }

    mutating func answer(
        _ inquiry: SimplexInquiry, from peer: ValidatorIndex, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        guard peer != configuration.own, inquiryPace.mayAnswer(peer, at: now) else { return }
        if inquiry.committed < committed.height, let commitCertificate = head.certificate {
            effects.append(.send(.certificate(commitCertificate.certificate), to: peer))
        }
        for block in blocks(wantedBy: inquiry) { effects.append(.send(.block(block), to: peer)) }
        let useful = rounds.rounds.filter { $0.isOver && $0.view >= inquiry.lackingSince }
        // The last one lets the asker into the present view, whatever it lacks before.
        let chosen =
            useful.prefix(Self.answerLimit - 1) + useful.dropFirst(Self.answerLimit - 1).suffix(1)
        // What a quorum voted for, whoever was away may be the one to finalize, however many views
        // ago it was: that commits all before it.
        if let last = rounds.rounds.last(where: { $0.notarization != nil }),
            let notarization = last.notarization, !chosen.contains(where: { $0.view == last.view })
        {
            effects.append(.send(.certificate(notarization), to: peer))
        }
        if let final = rounds.lastFinalized, final.view < inquiry.lackingSince,
            let finalization = final.finalization
        {
            effects.append(.send(.certificate(finalization), to: peer))
        }
        for round in chosen {
            for certificate in round.certificates {
                effects.append(.send(.certificate(certificate), to: peer))
            }
        }
        repeatVotes(to: peer, into: &effects)
    }

    /// The blocks that `inquiry` names and then their ancestors, which it will want next, as many
    /// as it could have named.
    private func blocks(wantedBy inquiry: SimplexInquiry) -> [Block] {
        var blocks = inquiry.wanted.compactMap { block(named: $0) }
        var tip = blocks.last
        while let child = tip, blocks.count < SimplexInquiry.wantedLimit,
            child.height > inquiry.committed.next
        {
            tip = rounds.block(named: child.parent, before: child.view)
            if let tip, !blocks.contains(tip) { blocks.append(tip) }
        }
        return blocks
    }

    /// Sends again what this replica said in the views that are not committed, the latest ones.
    func repeatVotes(to peer: ValidatorIndex?, into effects: inout [Effect<Self>]) {
        let spoken = rounds.rounds.filter { $0.view <= view && !$0.own.isEmpty }
        for round in spoken.suffix(Self.answerLimit) {
            for message in ownMessages(in: round) { effects.send(message, to: peer) }
        }
    }

    /// The signed messages of this replica in `round`, as they came back to it.
    private func ownMessages(in round: SimplexRound) -> [SimplexMessage] {
        var messages: [SimplexMessage] = []
        let own = configuration.own
        if let proposal = round.proposal, proposal.block.proposer == own {
            messages.append(.proposal(proposal))
        } else if let vote = round.notarizes.vote(of: own) {
            messages.append(.vote(vote))
        }
        for tally in [round.nullifies, round.finalizes] {
            if let vote = tally.vote(of: own) { messages.append(.vote(vote)) }
        }
        if let fallback = round.fallback {
            if let vote = fallback.abstentions.vote(of: own) { messages.append(.vote(vote)) }
            messages += fallback.supports(of: own).map { .vote($0) }
        }
        return messages
    }

    /// A new link: what was sent before may be lost, on both sides.
    mutating func greet(
        _ peer: ValidatorIndex, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        guard peer != configuration.own, configuration.validators.contains(peer) else { return }
        inquiryPace.forgetAnswered(peer)
        if peer == leader(of: view) { leaderLostAt = nil }
        if let commitCertificate = head.certificate {
            effects.append(.send(.certificate(commitCertificate.certificate), to: peer))
        }
        repeatVotes(to: peer, into: &effects)
        effects.append(.send(.inquiry(inquiry), to: peer))
    }
}
