import BFTBase
import BFTCore

// Lost messages and restarts: asking, answering, coming back.
extension HotStuffReplica {
    // MARK: Asking and answering

    /// The blocks this replica needs and can name: what the highest certificate and the proposal
    /// of the view stand on.
    var wantedBlocks: [Digest] {
        var wanted: [Digest] = []
        if let high,
            let missing = firstMissing(
                downFrom: BlockName(height: high.statement.height, digest: high.statement.block))
        {
            wanted.append(missing)
        }
        if let name = proposedParent, let missing = firstMissing(downFrom: name),
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

    /// The first block that is not here on the way from the one named down to the committed one.
    private func firstMissing(downFrom head: BlockName) -> Digest? {
        guard head.digest != committed.digest, head.height > committed.height else { return nil }
        guard let foot = rounds.foot(of: head.digest) else { return head.digest }
        guard foot.parent != committed.digest, foot.height > committed.height.next,
            rounds.block(named: foot.parent) == nil
        else { return nil }
        return foot.parent
    }

    /// So that what comes next is looked at without walking anything again.
    mutating func noteWays() {
        let heads = [
            high?.statement.block, commitTarget?.statement.committed?.digest,
            proposedParent?.digest,
        ]
        for case let head? in heads { rounds.noteWay(from: head) }
    }

    private var inquiry: HotStuffInquiry {
        HotStuffInquiry(
            view: view, highView: highView, committed: committed.height, wanted: wantedBlocks)
    }

    mutating func inquire(into effects: inout [Effect<Self>]) {
        fetchedHeight = committed.height  // Ask the ledger again, too, if it is still needed.
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    /// Asks `peer`, or everybody, for what it takes to go on in this view, now and then.
    mutating func ask(
        _ peer: ValidatorIndex?, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        let pause = Interval(nanoseconds: pacemaker.resendInterval.nanoseconds / 8)
        if let askedAt, now < askedAt.advanced(by: pause) { return }
        askedAt = now
        if let peer, peer != configuration.own {
            effects.append(.send(.inquiry(inquiry), to: peer))
        } else {
            effects.append(.broadcast(.inquiry(inquiry)))
        }
    }

    /// The most blocks in answer to one inquiry.
    private static var answerLimit: Int { 16 }

    mutating func answer(
        _ inquiry: HotStuffInquiry, from peer: ValidatorIndex, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        guard peer != configuration.own else { return }
        let pause = Interval(nanoseconds: pacemaker.resendInterval.nanoseconds / 16)
        if let last = answeredAt[peer.rawValue], now < last.advanced(by: pause) { return }
        answeredAt[peer.rawValue] = now
        if inquiry.committed < committed.height, let commitCertificate {
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
        for message in messages {
            if let peer {
                effects.append(.send(message, to: peer))
            } else {
                effects.append(.broadcast(message))
            }
        }
    }

    /// A new link: what was sent before may be lost, on both sides.
    mutating func greet(
        _ peer: ValidatorIndex, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        guard peer != configuration.own, configuration.validators.contains(peer) else { return }
        answeredAt[peer.rawValue] = nil
        repeatSelf(to: peer, into: &effects)
        effects.append(.send(.inquiry(inquiry), to: peer))
    }

    // MARK: Restart

    /// Takes back what was durable. Blocks of committed views say nothing any more; what this
    /// replica is bound by stays.
    mutating func recover(_ records: [HotStuffRecord]) {
        for record in records {
            switch record {
            case .voted(let block, let statement):
                commitments.votedView = max(commitments.votedView, block.view)
                commitVoteHeight = max(commitVoteHeight, statement.ancestor?.height ?? .zero)
                guard block.view > committed.view else { continue }
                rounds.update(block.view) { $0.ownVote = statement }
                rounds.keep(block)
            case .timedOut(let statement):
                guard statement.view > commitments.timedOutView else { continue }
                commitments.timedOutView = statement.view
                ownTimeout = statement
            case .locked(let locked):
                commitments.lockedView = max(commitments.lockedView, locked)
            case .certificate(let certificate): recover(certificate)
            case .timeouts(let certificate):
                if let high = certificate.high { recover(high) }
                guard certificate.view > committed.view else { continue }
                rounds.update(certificate.view) { $0.timeoutCertificate = certificate }
                view = max(view, certificate.view.next)
            }
        }
        durableHighView = highView
        durableLock = commitments.lockedView
    }

    /// Takes back what commits the root or, if the crash came between the blocks of one run, a
    /// descendant.
    mutating func recover(_ certificate: CommitCertificate?) {
        guard let certificate else { return }
        if certificate.committed.digest == committed.digest { commitCertificate = certificate }
        recover(certificate.certificate)
    }

    private mutating func recover(_ certificate: Certificate) {
        learn(certificate)
        view = max(view, certificate.statement.view.next)
    }

    mutating func start(at now: Instant, into effects: inout [Effect<Self>]) {
        // Said before the crash and durable: say it again, the same.
        let own = rounds[commitments.votedView]
        if let statement = own?.ownVote, let block = own?.block(named: statement.block) {
            effects.append(.sign(repeated(statement, for: block)))
        }
        enter(view, at: now)
        if let ownTimeout, ownTimeout.view >= view {
            effects.append(.sign(.timeout(ownTimeout)))
            resendAt = now.advanced(by: pacemaker.resendInterval)
        }
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    /// The vote, or the proposal that it was part of if the view is not over.
    private func repeated(_ statement: Statement, for block: Block) -> HotStuffUnsigned {
        guard block.proposer == configuration.own, block.view == view,
            high?.statement.block == block.parent || high == nil,
            let justification = ownJustification()
        else { return .vote(statement, to: nil) }
        return .proposal(
            block, statement, justify: justification.certificate, timeouts: justification.timeouts)
    }

    /// What a new log must begin with.
    public var liveRecords: [HotStuffRecord] {
        var records: [HotStuffRecord] = []
        if let high { records.append(.certificate(high)) }
        if let entryTimeouts { records.append(.timeouts(entryTimeouts)) }
        if commitments.lockedView > .zero { records.append(.locked(commitments.lockedView)) }
        for round in rounds.rounds {
            if let statement = round.ownVote, let block = round.block(named: statement.block) {
                records.append(.voted(block, statement))
            }
        }
        if let ownTimeout { records.append(.timedOut(ownTimeout)) }
        return records
    }
}
