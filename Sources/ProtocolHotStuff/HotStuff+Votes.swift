import BFTBase
import BFTCore

// Votes and certificates: what is counted, what follows from a quorum.
extension HotStuffReplica {
    /// Whether `message` could change anything, asked before its signatures are checked.
    public func isUseful(_ message: HotStuffMessage) -> Bool {
        switch message {
        case .proposal(let proposal): isUseful(proposal)
        case .vote(let vote): isUseful(vote)
        case .certificate(let certificate): isUseful(certificate)
        case .timeout(let timeout): isUseful(timeout)
        case .timeoutCertificate(let certificate):
            certificate.view >= view
                && rounds[certificate.view]?.timeoutCertificate == nil
        case .block(let block): wantedBlocks.contains(block.digest)
        case .inquiry: true
        }
    }

    private func isUseful(_ proposal: HotStuffProposal) -> Bool {
        let block = proposal.block
        guard block.view > committed.view, block.proposer == leader(of: block.view) else {
            return false
        }
        guard let round = rounds[block.view], let known = round.proposal?.block else { return true }
        guard known.digest != block.digest else { return false }
        // Another block of this view: evidence, once, and perhaps what a quorum certified.
        return round.certificate?.statement.block == block.digest
            || !round.accused[block.proposer.rawValue]
    }

    private func isUseful(_ vote: Vote) -> Bool {
        let statement = vote.statement
        guard isWithinWindow(statement.view), statement.kind == .vote else { return false }
        if let round = rounds[statement.view], let earlier = round.votes.vote(of: vote.voter) {
            return earlier.statement != statement && !round.accused[vote.voter.rawValue]
        }
        // A late vote in a view below the highest certificate adds nothing.
        return statement.view > highView
    }

    private func isUseful(_ certificate: Certificate) -> Bool {
        let statement = certificate.statement
        guard statement.kind == .vote,
            certificate.isWorthChecking(
                in: configuration, where: { rules.isQuorum($0, of: configuration.validators) })
        else { return false }
        return statement.view > highView
            || (statement.view > committed.view && rounds[statement.view]?.certificate == nil)
    }

    func isWithinWindow(_ view: View) -> Bool {
        view > committed.view
            && view <= self.view.advanced(by: HotStuffPacemaker.window)
    }

    /// Throws unless a vote that says `statement` was made here and now.
    func check(_ statement: Statement) throws(Rejection) {
        try require(.statementChain, statement.chain == configuration.chain, .otherChain)
        try require(.statementEpoch, statement.epoch == configuration.epoch, .otherEpoch)
        try require(.statementKind, statement.kind == .vote, .otherKind(statement.kind))
    }

    /// Throws `rejection` unless `check` holds.
    func require(
        _ check: HotStuffCheck, _ condition: Bool, _ rejection: @autoclosure () -> Rejection
    ) throws(Rejection) {
        try rules.require(check, condition, rejection())
    }

    mutating func count(_ vote: Vote, into effects: inout [Effect<Self>]) throws(Rejection) {
        let statement = vote.statement
        try check(statement)
        guard configuration.validators.contains(vote.voter) else {
            throw .unknownVoter(vote.voter)
        }
        guard statement.view > committed.view else { return }
        try require(.voteWindow, isWithinWindow(statement.view), .beyondWindow(statement.view))
        noteHeard(vote.voter)
        if let evidence = rounds.update(statement.view, { $0.insert(vote) }) {
            effects.append(.accuse(evidence))
        }
        guard let round = rounds[statement.view], round.certificate == nil,
            let certificate = round.votes.certificate(
                for: statement,
                isEnough: { rules.isQuorum($0, of: configuration.validators) })
        else { return }
        learn(certificate)
    }

    /// Throws unless a quorum voted here and now.
    func check(_ certificate: Certificate) throws(Rejection) {
        try check(certificate.statement)
        try checkQuorum(certificate.signers)
    }

    func checkQuorum(_ signers: Bitmap) throws(Rejection) {
        let validators = configuration.validators
        let power = validators.power(of: signers)
        try require(.signerCount, signers.count == validators.count, .weakCertificate)
        try require(.signerPower, rules.isQuorum(power, of: validators), .weakCertificate)
    }

    private func trimmed(_ certificate: Certificate) -> Certificate {
        let (rules, validators) = (rules, configuration.validators)
        return certificate.trimmed(of: validators) { rules.isQuorum($0, of: validators) }
    }

    /// Keeps a certificate that was checked, for what it certifies and for what it commits. What
    /// it holds beyond a quorum is left out, or others could make it too large to be sent on.
    mutating func learn(_ received: Certificate) {
        let certificate = trimmed(received)
        let statement = certificate.statement
        if let height = statement.committed?.height, height > committed.height,
            height > commitTarget?.statement.committed?.height ?? .zero
        {
            commitTarget = certificate
        }
        if statement.view > highView { high = certificate }
        guard statement.view > committed.view else { return }
        rounds.update(statement.view) { $0.certificate = $0.certificate ?? certificate }
    }

    /// Locks on the parent of the highest certified block, if the rules say so.
    mutating func raiseLock() {
        guard let digest = high?.statement.block, let block = block(named: digest),
            let parent = self.block(named: block.parent)
        else { return }
        commitments.lockedView = rules.lock(commitments.lockedView, onParent: parent.view)
    }

    /// Moves on if the view, or a later one, is over. H6.
    mutating func advance(at now: Instant, into effects: inout [Effect<Self>]) {
        guard let last = rounds.lastOver(from: view) else { return }
        if last.view == view { rate(last, at: now) }
        if let timeouts = last.timeoutCertificate, last.certificate == nil {
            effects.append(.persist(.timeouts(timeouts)))
        }
        persistFoundation(into: &effects)
        enter(last.view.next, at: now)
    }
}
