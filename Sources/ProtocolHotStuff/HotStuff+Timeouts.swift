import BFTBase
import BFTCore

// Giving views up, and what follows from a quorum that does.
extension HotStuffReplica {
    func isUseful(_ timeout: HotStuffTimeout) -> Bool {
        let (view, sender) = (timeout.content.view, timeout.signer.rawValue)
        guard isWithinWindow(view), sender < configuration.validators.count else { return false }
        guard view >= self.view else {
            return isRecent(view) && pacemaker.isSilent(timeout.signer)
        }
        return rounds[view]?.timeouts[sender] == nil
    }

    mutating func noteHeard(_ validator: ValidatorIndex) {
        pacemaker.heard(from: validator, in: schedule.tenure(of: view))
    }

    /// Whether what is said of `view` shows that somebody is there now.
    private func isRecent(_ view: View) -> Bool {
        schedule.tenure(of: view) + 1 >= schedule.tenure(of: self.view)
    }

    /// Gives `given` up, this view or a later one.
    mutating func timeOut(_ given: View, into effects: inout [Effect<Self>]) {
        guard rules.mayTimeOut(given, bound: commitments), highView < given else { return }
        let statement = HotStuffTimeoutStatement(
            chain: configuration.chain, epoch: configuration.epoch, view: given,
            highView: highView)
        say(statement, into: &effects)
        // So that the timeout counts with those who don't know the certificate yet; and the next
        // leader may be the one that fails, so the votes go to all after all.
        if let high { effects.append(.broadcast(.certificate(high))) }
        if let vote = rounds[given]?.votes.vote(of: configuration.own) {
            effects.append(.broadcast(.vote(vote)))
        }
        // A proposal is here, and no verdict: others may know what commits the state that it
        // vouches for.
        if rounds[given]?.judgement == .asked { inquire(into: &effects) }
    }

    mutating func count(_ timeout: HotStuffTimeout) throws(Rejection) {
        let statement = timeout.content
        try check(statement)
        guard configuration.validators.contains(timeout.signer) else {
            throw .unknownVoter(timeout.signer)
        }
        guard statement.view >= view else {
            if isRecent(statement.view) { noteHeard(timeout.signer) }
            return
        }
        try require(
            .timeoutWindow, isWithinWindow(statement.view), .beyondWindow(statement.view))
        noteHeard(timeout.signer)
        rounds.update(statement.view) { $0.insert(timeout) }
    }

    /// Throws unless a timeout that says `statement` was made here and now.
    private func check(_ statement: HotStuffTimeoutStatement) throws(Rejection) {
        try require(.timeoutChain, statement.chain == configuration.chain, .otherChain)
        try require(.timeoutEpoch, statement.epoch == configuration.epoch, .otherEpoch)
        try require(.timeoutHighView, statement.highView < statement.view, .weakCertificate)
    }

    /// Throws unless a quorum gave the view up, and what its members knew is there.
    ///
    /// The certificate beside the timeouts is not signed by who signed those, and may be one of a
    /// higher view than any of them claims. It shows no less, so that does no harm.
    func check(_ certificate: HotStuffTimeoutCertificate) throws(Rejection) {
        let claimed = certificate.highestView
        try check(
            HotStuffTimeoutStatement(
                chain: certificate.chain, epoch: certificate.epoch, view: certificate.view,
                highView: claimed))
        try checkQuorum(certificate.signers)
        if let high = certificate.high { try check(high) }
        let shown = certificate.high?.statement.view ?? .zero
        try require(.timeoutsCertificate, shown < certificate.view, .weakCertificate)
        try require(
            .timeoutsBacking, rules.isBacked(claimed: claimed, known: shown), .weakCertificate)
    }

    private func trimmed(_ certificate: HotStuffTimeoutCertificate) -> HotStuffTimeoutCertificate {
        let (rules, validators) = (rules, configuration.validators)
        return certificate.trimmed(of: validators) { rules.isQuorum($0, of: validators) }
    }

    /// Keeps a certificate that was checked, for the view that it ends and for what it shows.
    mutating func learn(_ received: HotStuffTimeoutCertificate) {
        if let high = received.high { learn(high) }
        guard received.view >= view else { return }
        let certificate = trimmed(received)
        for signer in certificate.signers.positions { noteHeard(ValidatorIndex(signer)) }
        rounds.update(certificate.view) {
            $0.timeoutCertificate = $0.timeoutCertificate ?? certificate
        }
    }

    /// Joins those who give up this view or a later one, if one of them is honest; and ends a view
    /// that a quorum gives up.
    mutating func concludeTimeouts(into effects: inout [Effect<Self>]) {
        for position in rounds.rounds.indices.reversed() {
            let round = rounds.rounds[position]
            // What is certified is over.
            guard round.view >= view, round.view > highView else { return }
            guard round.timeoutCertificate == nil else { continue }
            let timeouts = timeouts(toward: round.view)
            guard !timeouts.isEmpty else { continue }
            let validators = configuration.validators
            if validators.isWeakQuorum(power(of: timeouts)) { timeOut(round.view, into: &effects) }
            let backed = timeouts.filter {
                rules.isBacked(claimed: $0.content.highView, known: highView)
            }
            guard rules.isQuorum(power(of: backed), of: validators),
                let certificate = HotStuffTimeoutCertificate(
                    timeouts: backed, high: high, validatorCount: validators.count)
            else { continue }
            let fewest = trimmed(certificate)
            rounds.update(round.view) { $0.timeoutCertificate = fewest }
        }
    }

    /// The timeouts that count towards giving `view` up, one of each sender. H7.
    private func timeouts(toward view: View) -> [HotStuffTimeout] {
        var counted: [HotStuffTimeout?] = Array(
            repeating: nil, count: configuration.validators.count)
        for position in rounds.range(from: self.view)
        where rules.doesCount(timeoutOf: rounds.rounds[position].view, toward: view) {
            for case let timeout? in rounds.rounds[position].timeouts {
                counted[timeout.signer.rawValue] = timeout
            }
        }
        return counted.compactMap(\.self)
    }

    private func power(of timeouts: [HotStuffTimeout]) -> VotingPower {
        timeouts.reduce(0) { $0 + configuration.validators.powers[$1.signer.rawValue] }
    }
}
