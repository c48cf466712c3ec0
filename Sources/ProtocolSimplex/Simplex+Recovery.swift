import BFTBase
import BFTCore

// Time, lost messages and restarts: giving views up, asking, answering, coming back.
extension SimplexReplica {
    // MARK: Time

    /// When the view is given up. The leader's time starts when there is something to do; in an
    /// idle network it has until the next empty block is due.
    private var giveUpAt: Instant {
        let timeout = pacemaker.timeout(for: leader(of: view))
        if let workSince { return workSince.advanced(by: timeout) }
        return enteredAt.advanced(by: pacemaker.idleInterval).advanced(by: timeout)
    }

    mutating func noteWork(_ pending: Bool) {
        isWorkPending = pending
        if pending, case .waiting = leadership { leadership = .due }
    }

    mutating func noteWorkSince(_ now: Instant) {
        guard isWorkPending || isWorkUncommitted else {
            workSince = nil
            return
        }
        workSince = workSince ?? now
    }

    /// The next instant at which something is due.
    var nextDeadline: Instant {
        var deadline = resendAt ?? giveUpAt
        if case .waiting(let until) = leadership { deadline = min(deadline, until) }
        if let finalizeDeadline { deadline = min(deadline, finalizeDeadline) }
        return deadline
    }

    mutating func actOnTime(at now: Instant, into effects: inout [Effect<Self>]) {
        if case .waiting(let until) = leadership, now >= until {
            requestDraft(at: now, into: &effects)
        }
        if resendAt == nil, now >= giveUpAt {
            nullify(view, into: &effects)
            resendAt = now.advanced(by: pacemaker.resendInterval)
            if isBehind { inquire(into: &effects) }
        }
        guard let due = resendAt, now >= due else { return }
        resendAt = now.advanced(by: pacemaker.resendInterval)
        repeatVotes(to: nil, into: &effects)
        inquire(into: &effects)
    }

    // MARK: Asking and answering

    /// The blocks this replica needs and can name.
    var wantedBlocks: [Digest] {
        var wanted: [Digest] = []
        func want(_ digest: Digest) {
            guard wanted.count < Inquiry.wantedLimit, !wanted.contains(digest),
                digest != committed.digest, rounds.block(named: digest) == nil
            else { return }
            wanted.append(digest)
        }
        for position in rounds.rounds.indices {
            let round = rounds.rounds[position]
            for digest in round.notarizedDigests {
                want(digest)
                if let block = round.block(named: digest), block.height > committed.height.next {
                    want(block.parent)
                }
            }
        }
        supportable.forEach { want($0.block) }
        for block in undecided where block.height > committed.height.next { want(block.parent) }
        return wanted
    }

    /// The blocks of the present view that are here and perhaps to be judged.
    private var undecided: [Block] {
        guard let position = rounds.index(of: view) else { return [] }
        let proposed = [rounds.rounds[position].proposal?.block].compactMap(\.self)
        return proposed
            + supportable.compactMap { rounds.rounds[position].block(named: $0.block) }
            .filter { $0.digest != proposed.first?.digest }
    }

    /// The first view for which this replica lacks a certificate that would help it: the parent's,
    /// or that of a view that was skipped since.
    private var lackingSince: View {
        undecided.map { lackingSince($0) }.min() ?? lackingSince(nil)
    }

    private func lackingSince(_ block: Block?) -> View {
        var candidate = committed.view.next
        if let block, let parent = self.block(named: block.parent), parent.view < view {
            guard isNotarized(parent) else { return parent.view }
            candidate = parent.view.next
        } else if let latest = rounds.rounds.last(where: {
            $0.view < view && $0.notarizedDigest != nil
        }) {
            candidate = latest.view.next
        }
        while candidate < view, let round = rounds[candidate], round.nullification != nil {
            candidate = candidate.next
        }
        return candidate
    }

    private var inquiry: Inquiry {
        Inquiry(
            view: view, lackingSince: lackingSince, committed: committed.height,
            wanted: wantedBlocks)
    }

    private mutating func inquire(into effects: inout [Effect<Self>]) {
        isBehind = false
        fetchedView = committed.view  // Ask the ledger again, too, if it is still needed.
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    /// Asks `peer`, or everybody, for what it takes to go on in this view, now and then.
    mutating func ask(
        _ peer: ValidatorIndex?, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        let pause = Interval(nanoseconds: pacemaker.resendInterval.nanoseconds / 8)
        if let askedAt, now < askedAt.advanced(by: pause) { return }
        askedAt = now
        if let peer {
            effects.append(.send(.inquiry(inquiry), to: peer))
        } else {
            effects.append(.broadcast(.inquiry(inquiry)))
        }
    }

    /// The most certificates in answer to one inquiry.
    private static var answerLimit: Int { 8 }

    mutating func answer(
        _ inquiry: Inquiry, from peer: ValidatorIndex, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        guard peer != configuration.own else { return }
        let pause = Interval(nanoseconds: pacemaker.resendInterval.nanoseconds / 16)
        if let last = answeredAt[peer.rawValue], now < last.advanced(by: pause) { return }
        answeredAt[peer.rawValue] = now
        if inquiry.committed < committed.height, let commitCertificate {
            effects.append(.send(.certificate(commitCertificate.certificate), to: peer))
        }
        for digest in inquiry.wanted {
            guard let block = block(named: digest) else { continue }
            effects.append(.send(.block(block), to: peer))
        }
        let useful = rounds.rounds.filter {
            $0.isOver && ($0.view >= inquiry.lackingSince || $0.finalization != nil)
        }
        // The last one lets the asker into the present view, whatever it lacks before.
        let chosen =
            useful.prefix(Self.answerLimit - 1) + useful.dropFirst(Self.answerLimit - 1).suffix(1)
        for round in chosen {
            for certificate in round.certificates {
                effects.append(.send(.certificate(certificate), to: peer))
            }
        }
        repeatVotes(to: peer, into: &effects)
    }

    /// Sends again what this replica said in the views that are not committed, the latest ones.
    func repeatVotes(to peer: ValidatorIndex?, into effects: inout [Effect<Self>]) {
        let spoken = rounds.rounds.filter { $0.view <= view && !$0.own.isEmpty }
        for round in spoken.suffix(Self.answerLimit) {
            for message in ownMessages(in: round) {
                if let peer {
                    effects.append(.send(message, to: peer))
                } else {
                    effects.append(.broadcast(message))
                }
            }
        }
    }

    /// The signed messages of this replica in `round`, as they came back to it.
    private func ownMessages(in round: Round) -> [SimplexMessage] {
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
        answeredAt[peer.rawValue] = nil
        if let commitCertificate {
            effects.append(.send(.certificate(commitCertificate.certificate), to: peer))
        }
        repeatVotes(to: peer, into: &effects)
        effects.append(.send(.inquiry(inquiry), to: peer))
    }

    // MARK: Restart

    /// Takes back what was durable. Records of committed views say nothing any more.
    mutating func recover(_ records: [DurableRecord]) {
        for record in records {
            switch record {
            case .notarized(let block) where block.view > committed.view:
                rounds.update(block.view) { round in
                    round.own.notarized = block.digest
                    round.keep(block)
                }
                commitVoteHeight = max(commitVoteHeight, block.height)
                view = max(view, block.view)
            case .supported(let block) where block.view > committed.view:
                rounds.update(block.view) { round in
                    if !round.own.supported.contains(block.digest) {
                        round.own.supported.append(block.digest)
                    }
                    round.keep(block)
                }
                view = max(view, block.view)
            case .voted(let statement) where statement.view > committed.view:
                remember(statement)
                // A replica that finalizes has seen the notarization and left the view.
                view = max(view, statement.view)
            case .certificate(let certificate) where certificate.statement.view > committed.view:
                restore(certificate)
            case .notarized, .voted, .supported, .certificate: break
            }
        }
    }

    private mutating func restore(_ certificate: Certificate) {
        let isFinal = isFinal(certificate)
        rounds.update(certificate.statement.view) { round in
            round.keep(certificate, isFinal: isFinal)
            round.isNotarizationDurable = round.notarization != nil
        }
        view = max(view, certificate.statement.view.next)
    }

    /// Takes back what commits the root or, if the crash came between the blocks of one run, a
    /// descendant.
    mutating func recover(_ certificate: CommitCertificate?) {
        guard let certificate else { return }
        guard certificate.committed.digest != committed.digest else {
            commitCertificate = certificate
            return
        }
        guard certificate.statement.view > committed.view else { return }
        restore(certificate.certificate)
    }

    mutating func start(at now: Instant, into effects: inout [Effect<Self>]) {
        // Said before the crash and durable: say it again, the same.
        for round in rounds.rounds {
            for unsigned in unsignedOwnMessages(in: round) { effects.append(.sign(unsigned)) }
        }
        enter(view, at: now, into: &effects)
        effects.append(.broadcast(.inquiry(inquiry)))
    }

    private func unsignedOwnMessages(in round: Round) -> [UnsignedMessage] {
        var messages: [UnsignedMessage] = []
        if let digest = round.own.notarized, let block = round.block(named: digest) {
            let said = statement(.notarize, for: block)
            messages.append(
                block.proposer == configuration.own ? .proposal(block, said) : .vote(said))
        }
        if round.own.abstained { messages.append(.vote(statement(.abstain, in: round.view))) }
        if round.own.nullified { messages.append(.vote(statement(.nullify, in: round.view))) }
        for block in round.own.supported.compactMap({ round.block(named: $0) }) {
            messages.append(.vote(statement(.support, for: block)))
        }
        if let digest = round.own.finalized,
            let height = round.notarization?.statement.height
                ?? round.block(named: digest)?.height
        {
            messages.append(.vote(statement(.finalize, in: round.view, at: height, for: digest)))
        }
        return messages
    }

    /// What a new log must begin with.
    public var liveRecords: [DurableRecord] {
        var records: [DurableRecord] = []
        for round in rounds.rounds {
            if let digest = round.own.notarized, let block = round.block(named: digest) {
                records.append(.notarized(block))
            }
            records += round.own.supported.compactMap { round.block(named: $0) }
                .map { .supported($0) }
            records += round.certificates.map { .certificate($0) }
            for statement in unsignedOwnMessages(in: round).map(\.statement)
            where statement.kind != .notarize && statement.kind != .support {
                records.append(.voted(statement))
            }
        }
        return records
    }
}
