import BFTBase
import BFTCore

// Lost messages: asking for what is lacking, answering, saying again what was said.
extension HotStuffReplica {
    /// The blocks this replica needs and can name: what the highest certificate and the proposal
    /// of the view stand on.
    var wantedBlocks: [Digest] {
        var wanted: [Digest] = []
        if let high,
            let missing = head.firstMissing(downFrom: high.statement.blockName, in: rounds)
        {
            wanted.append(missing)
        }
        if let name = proposedParent, let missing = head.firstMissing(downFrom: name, in: rounds),
            !wanted.contains(missing)
        {
            wanted.append(missing)
        }
        return wanted
    }

    /// What the proposal of the view stands on.
    private var proposedParent: BlockName? {
        guard let block = rounds[view]?.proposal?.block, let height = block.height.previous else {
            return nil
        }
        return BlockName(height: height, digest: block.parent)
    }

    /// So that what comes next is looked at without walking anything again.
    mutating func noteWays() {
        let heads = [
            high?.statement.block, commitTarget?.statement.committed?.digest,
            proposedParent?.digest,
        ]
        for case let head? in heads { rounds.noteWay(from: head) }
    }

    var inquiry: HotStuffInquiry {
        HotStuffInquiry(
            view: view, highView: highView, committed: committed.height, wanted: wantedBlocks)
    }

    mutating func inquire(into effects: inout [Effect<Self>]) {
        inquiryPace.forgetFetched(above: committed.height)
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    /// Asks `peer`, or everybody, for what it takes to go on in this view, now and then.
    mutating func ask(
        _ peer: ValidatorIndex?, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        guard inquiryPace.mayAsk(at: now) else { return }
        effects.send(.inquiry(inquiry), to: peer == configuration.own ? nil : peer)
    }

    /// The most blocks in answer to one inquiry.
    private static var answerLimit: Int { 16 }

    mutating func answer(
        _ inquiry: HotStuffInquiry, from peer: ValidatorIndex, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        guard peer != configuration.own, inquiryPace.mayAnswer(peer, at: now) else { return }
        if inquiry.committed < committed.height, let commitCertificate = head.certificate {
            effects.append(.send(.certificate(commitCertificate.certificate), to: peer))
        }
        for block in answers(to: inquiry) { effects.append(.send(.block(block), to: peer)) }
        if inquiry.view <= view { repeatSelf(to: peer, lacking: inquiry, into: &effects) }
    }

    /// The blocks that `inquiry` wants and those they stand on, as far as they are not committed
    /// here: whoever lacks a block mostly lacks its parent, too.
    private func answers(to inquiry: HotStuffInquiry) -> [Block] {
        var blocks: [Block] = []
        for digest in inquiry.wanted {
            var next = block(named: digest)
            while let block = next, block.height > inquiry.committed,
                blocks.count < Self.answerLimit
            {
                blocks.append(block)
                next = self.block(named: block.parent)
            }
        }
        return blocks
    }

    /// Says again what let this replica into its view, the proposal of the view, and its own last
    /// vote and timeout; of certificates only those that `inquiry` says are lacking.
    func repeatSelf(
        to peer: ValidatorIndex?, lacking inquiry: HotStuffInquiry? = nil,
        into effects: inout [Effect<Self>]
    ) {
        var messages: [HotStuffMessage] = []
        if let high, high.statement.view > inquiry?.highView ?? .zero {
            messages.append(.certificate(high))
        }
        if let entryTimeouts, inquiry?.view != view {
            messages.append(.timeoutCertificate(entryTimeouts))
        }
        if let proposal = rounds[view]?.proposal,
            inquiry?.view != view || proposal.block.proposer == configuration.own
        {
            messages.append(.proposal(proposal))
        }
        if let vote = rounds[commitments.votedView]?.votes.vote(of: configuration.own) {
            messages.append(.vote(vote))
        }
        let timeouts = rounds[commitments.timedOutView]?.timeouts
        if let timeout = timeouts?[configuration.own.rawValue] {
            messages.append(.timeout(timeout))
        }
        for message in messages { effects.send(message, to: peer) }
    }

    /// A new link: what was sent before may be lost, on both sides.
    mutating func greet(
        _ peer: ValidatorIndex, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        guard peer != configuration.own, configuration.validators.contains(peer) else { return }
        inquiryPace.forgetAnswered(peer)
        repeatSelf(to: peer, into: &effects)
        effects.append(.send(.inquiry(inquiry), to: peer))
    }
}
