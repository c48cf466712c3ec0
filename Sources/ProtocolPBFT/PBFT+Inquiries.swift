import BFTBase
import BFTCore

// Lost messages: asking for what is lacking, answering, saying again what was said.
extension PBFTReplica {
    /// The blocks whose ancestors this replica needs.
    private var tips: [BlockName] {
        [own.tail, prepared?.statement.blockName, decision?.statement.blockName]
            .compactMap(\.self)
    }

    /// So that what comes next is looked at without walking anything again.
    mutating func noteWays() {
        for tip in tips { blocks.noteWay(from: tip.digest) }
    }

    /// The blocks this replica needs and can name: what its chain lacks.
    var wantedBlocks: [Digest] {
        var wanted: [Digest] = []
        for tip in tips {
            guard let missing = head.firstMissing(downFrom: tip, in: blocks),
                !wanted.contains(missing)
            else { continue }
            wanted.append(missing)
        }
        return wanted
    }

    var inquiry: PBFTInquiry {
        PBFTInquiry(
            view: view, isJoined: isJoined, committed: committed.height,
            stable: checkpoints.stable.height, wanted: wantedBlocks)
    }

    mutating func inquire(at now: Instant, into effects: inout [Effect<Self>]) {
        isBehind = false
        inquiryPace.noteAsked(at: now)
        inquiryPace.forgetFetched(above: committed.height)
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    /// Asks everybody for what it takes to go on, now and then.
    mutating func ask(at now: Instant, into effects: inout [Effect<Self>]) {
        guard inquiryPace.mayAsk(at: now) else { return }
        isBehind = false
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    mutating func answer(
        _ inquiry: PBFTInquiry, from peer: ValidatorIndex, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        guard peer != configuration.own, inquiryPace.mayAnswer(peer, at: now) else { return }
        if inquiry.committed < committed.height, let commitCertificate = head.certificate {
            effects.append(.send(.certificate(commitCertificate.certificate), to: peer))
        }
        if inquiry.stable < checkpoints.stable.height, let certificate = checkpoints.certificate {
            effects.append(.send(.certificate(certificate), to: peer))
        }
        for digest in inquiry.wanted {
            guard let block = block(named: digest) else { continue }
            effects.append(.send(.block(block), to: peer))
        }
        if inquiry.view < view || (inquiry.view == view && !inquiry.isJoined) {
            if let newView { effects.append(.send(.newView(newView), to: peer)) }
        }
        for certificate in [prepared, decision].compactMap(\.self)
        where certificate.statement.height > inquiry.committed {
            effects.append(.send(.certificate(certificate), to: peer))
        }
        // Proposals may be lost to one replica only. Its leader signed them: anybody can pass them.
        for instance in instances.of(own.view).prefix(Int(PBFTBounds.window))
        where instance.height > inquiry.committed {
            if let proposal = instance.proposal {
                effects.append(.send(.prePrepare(proposal), to: peer))
            }
        }
        repeatMessages(to: peer, into: &effects)
    }

    /// Sends again what this replica said and what is not committed, as it came back to it.
    func repeatMessages(to peer: ValidatorIndex?, into effects: inout [Effect<Self>]) {
        for message in ownMessages { effects.send(message, to: peer) }
    }

    private var ownMessages: [PBFTMessage] {
        let own = configuration.own
        var messages: [PBFTMessage] = []
        for statement in checkpoints.own {
            guard let vote = checkpoints.tally(at: statement.height)?.vote(of: own) else {
                continue
            }
            messages.append(.vote(vote))
        }
        guard isJoined else {
            if let report = viewChanges[own.rawValue], report.view == view {
                messages.append(
                    .viewChange(report.viewChange, report.certificate?.certificate))
            }
            return messages
        }
        if let newView, newView.signer == own { messages.append(.newView(newView)) }
        for instance in instances.of(view).prefix(Int(PBFTBounds.window)) {
            if let proposal = instance.proposal, proposal.block.proposer == own {
                messages.append(.prePrepare(proposal))
            } else if let vote = instance.prepares.vote(of: own) {
                messages.append(.vote(vote))
            }
            if let vote = instance.commits.vote(of: own) { messages.append(.vote(vote)) }
        }
        return messages
    }

    /// A new link: what was sent before may be lost, on both sides.
    mutating func greet(
        _ peer: ValidatorIndex, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        guard peer != configuration.own, configuration.validators.contains(peer) else { return }
        inquiryPace.forgetAnswered(peer)
        if let commitCertificate = head.certificate {
            effects.append(.send(.certificate(commitCertificate.certificate), to: peer))
        }
        if let newView, newView.signer != configuration.own {
            effects.append(.send(.newView(newView), to: peer))
        }
        repeatMessages(to: peer, into: &effects)
        effects.append(.send(.inquiry(inquiry), to: peer))
    }
}
