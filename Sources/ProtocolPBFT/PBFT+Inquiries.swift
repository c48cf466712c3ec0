import BFTBase
import BFTCore

// Lost messages: asking for what is lacking, answering, saying again what was said.
extension PBFTReplica {
    /// The blocks whose ancestors this replica needs.
    private var heads: [Digest] {
        [own.tail.digest, prepared?.statement.block, decision?.statement.block]
            .compactMap(\.self)
    }

    /// So that what comes next is looked at without walking anything again.
    mutating func noteWays() {
        for head in heads { blocks.noteWay(from: head) }
    }

    /// The blocks this replica needs and can name: what its chain lacks.
    var wantedBlocks: [Digest] {
        var wanted: [Digest] = []
        for head in heads {
            guard let missing = firstMissing(downFrom: head), !wanted.contains(missing) else {
                continue
            }
            wanted.append(missing)
        }
        return wanted
    }

    /// The first block that is not here on the way from the one named down to the committed one.
    private func firstMissing(downFrom head: Digest) -> Digest? {
        guard head != committed.digest else { return nil }
        guard let foot = blocks.foot(of: head) else { return head }
        // Whatever stands right above the committed height stands on the committed block, or on
        // one that was passed by.
        guard foot.height > committed.height.next, foot.parent != committed.digest,
            blocks.block(named: foot.parent) == nil
        else { return nil }
        return foot.parent
    }

    var inquiry: PBFTInquiry {
        PBFTInquiry(
            view: view, isJoined: isJoined, committed: committed.height,
            stable: checkpoints.stable.height, wanted: wantedBlocks)
    }

    mutating func inquire(at now: Instant, into effects: inout [Effect<Self>]) {
        isBehind = false
        askedAt = now
        fetchedHeight = committed.height  // Ask the ledger again, too, if it is still needed.
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    /// Asks everybody for what it takes to go on, now and then.
    mutating func ask(at now: Instant, into effects: inout [Effect<Self>]) {
        let pause = Interval(nanoseconds: pacemaker.resendInterval.nanoseconds / 8)
        if let askedAt, now < askedAt.advanced(by: pause) { return }
        askedAt = now
        isBehind = false
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    mutating func answer(
        _ inquiry: PBFTInquiry, from peer: ValidatorIndex, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        guard peer != configuration.own else { return }
        let pause = Interval(nanoseconds: pacemaker.resendInterval.nanoseconds / 16)
        if let last = answeredAt[peer.rawValue], now < last.advanced(by: pause) { return }
        answeredAt[peer.rawValue] = now
        if inquiry.committed < committed.height, let commitCertificate {
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
        for message in ownMessages {
            if let peer {
                effects.append(.send(message, to: peer))
            } else {
                effects.append(.broadcast(message))
            }
        }
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
        if let newView, newView.leader == own { messages.append(.newView(newView)) }
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
        answeredAt[peer.rawValue] = nil
        if let commitCertificate {
            effects.append(.send(.certificate(commitCertificate.certificate), to: peer))
        }
        if let newView, newView.leader != configuration.own {
            effects.append(.send(.newView(newView), to: peer))
        }
        repeatMessages(to: peer, into: &effects)
        effects.append(.send(.inquiry(inquiry), to: peer))
    }
}
