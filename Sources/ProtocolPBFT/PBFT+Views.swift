import BFTBase
import BFTCore

// View changes: asking for a view, beginning it, joining it.
extension PBFTReplica {
    /// Gives up all views before `next`, because the present one failed or its term is over.
    /// P4, P5.
    mutating func ask(
        for next: View, isFailure: Bool = true, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        if isFailure { pacemaker.gaveUp(on: leader(of: view), at: now) }
        let report = report
        let content = PBFTViewChangeContent(
            chain: configuration.chain, epoch: configuration.epoch, view: next,
            highest: report?.name)
        say(OwnReport(content: content, certificate: report), into: &effects)
        enter(next, at: now)
    }

    /// Leaves the views before `next`.
    private mutating func enter(_ next: View, at now: Instant) {
        precondition(next >= view, "P10: back to an earlier view")
        view = next
        // Votes of the view before may still decide something.
        instances.removeAll(before: next.previous ?? .zero)
        blocks.forgetQuestions()
        blocks.removeProposals(before: next.previous ?? .zero)
        if let newView, newView.view < next { self.newView = nil }
        leadership = .none
        proposedAt = nil
        work.restart(at: now)
        inquiryPace.forgetAsked()
    }

    /// Takes part in `next`, from `tail` on.
    mutating func join(
        _ next: View, tail: BlockName, isDue: Bool, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        enter(next, at: now)
        effects.append(.persist(.entered(next)))
        own = PBFTOwnVotes(view: next, tail: tail)
        own.isTailDue = isDue
        leadership = leader(of: next) == configuration.own ? .due : .none
    }

    // MARK: View changes of others

    mutating func take(
        _ viewChange: PBFTViewChange, _ certificate: Certificate?, at now: Instant,
        into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        let (content, voter) = (viewChange.content, viewChange.signer)
        guard rules.holds(.wishChain, content.chain == configuration.chain) else {
            throw .otherChain
        }
        guard rules.holds(.wishEpoch, content.epoch == configuration.epoch) else {
            throw .otherEpoch
        }
        guard configuration.validators.contains(voter) else { throw .unknownVoter(voter) }
        let reported = try checkReport(content.highest, is: certificate, before: content.view)
        if let reported { note(reported, at: now, into: &effects) }
        let earlier = viewChanges[voter.rawValue]?.view ?? .zero
        guard content.view > earlier else { return }
        viewChanges[voter.rawValue] = SignedReport(viewChange: viewChange, certificate: reported)
        if isJoined, content.view > view { term.noteWish(in: view, at: now) }
    }

    /// What is reported. Throws unless `certificate` is what `name` names, of a view before `view`.
    private func checkReport(
        _ name: PBFTCertificateName?, is certificate: Certificate?, before view: View
    ) throws(Rejection) -> PBFTInstanceCertificate? {
        let isNamed = name == certificate.map { PBFTCertificateName($0.statement) }
        guard rules.holds(.reportName, isNamed) else {
            throw .unjustifiedView(view)
        }
        guard let certificate else { return nil }
        let statement = certificate.statement
        try check(statement)
        guard let reported = PBFTInstanceCertificate(certificate) else {
            throw .otherKind(statement.kind)
        }
        guard rules.holds(.reportView, statement.view < view) else {
            throw .unjustifiedView(view)
        }
        try checkQuorum(certificate)
        return reported
    }

    /// The power of those who ask for a view that `isIncluded` holds for.
    private func power(asking isIncluded: (View) -> Bool) -> VotingPower {
        var asking = Bitmap(count: configuration.validators.count)
        for case let report? in viewChanges where isIncluded(report.view) {
            asking.insert(report.viewChange.signer.rawValue)
        }
        return configuration.validators.power(of: asking)
    }

    /// Whether a quorum has given up everything before the view. From then on its leader has the
    /// means to begin it, and the time runs.
    var isViewAsked: Bool {
        rules.isQuorum(power { $0 >= view }, of: configuration.validators)
    }

    /// Asks for the earliest later view, once somebody honest did: nobody is left behind alone.
    /// A view in which something was ordered has had time enough: most likely its term is over.
    mutating func joinLaterView(at now: Instant, into effects: inout [Effect<Self>]) {
        let present = view
        guard rules.isWeakQuorum(power { $0 > present }, of: configuration.validators) else {
            return
        }
        let later = viewChanges.compactMap { $0?.view }.filter { $0 > present }
        guard let next = later.min() else { return }
        ask(for: next, isFailure: !hasLeaderOrdered, at: now, into: &effects)
    }

    // MARK: New views

    /// Begins the view, if this replica leads it and a quorum asks for it. P6.
    mutating func beginView(into effects: inout [Effect<Self>]) {
        guard !isJoined, leader(of: view) == configuration.own, ownNewView?.outcome.view != view
        else { return }
        let reports = viewChanges.compactMap(\.self).filter { $0.view == view }
        let present = view
        guard rules.isQuorum(power { $0 == present }, of: configuration.validators) else { return }
        let highest = rules.chosen(from: reports.compactMap(\.viewChange.content.highest))
        let content = PBFTNewViewContent(
            outcome: PBFTViewChangeContent(
                chain: configuration.chain, epoch: configuration.epoch, view: view,
                highest: highest),
            viewChanges: reports.map(\.viewChange),
            certificate: reports.first { $0.viewChange.content.highest == highest }?
                .certificate?.certificate)
        say(content, into: &effects)
    }

    /// Begins the view with what its leader says, if that is what everybody would say. P6.
    mutating func take(
        _ newView: PBFTNewView, at now: Instant, into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        let (content, outcome) = (newView.content, newView.content.outcome)
        guard rules.holds(.newViewChain, outcome.chain == configuration.chain) else {
            throw .otherChain
        }
        guard rules.holds(.newViewEpoch, outcome.epoch == configuration.epoch) else {
            throw .otherEpoch
        }
        guard rules.holds(.newViewLeader, newView.signer == leader(of: outcome.view)) else {
            throw .notLeader(newView.signer, outcome.view)
        }
        guard outcome.view > own.view, outcome.view >= view else { return }  // It goes on already.
        try checkAskers(content)
        let computed = rules.chosen(from: content.viewChanges.compactMap(\.content.highest))
        guard rules.isRecomputed(outcome.highest, as: computed) else {
            throw .unjustifiedView(outcome.view)
        }
        let reported = try checkReport(
            outcome.highest, is: content.certificate, before: outcome.view)
        if let reported { note(reported, at: now, into: &effects) }
        begin(newView, with: reported?.name, at: now, into: &effects)
    }

    /// Throws unless a quorum asks for just the view that begins.
    private func checkAskers(_ content: PBFTNewViewContent) throws(Rejection) {
        let view = content.outcome.view
        var askers = Bitmap(count: configuration.validators.count)
        var previous = -1
        for viewChange in content.viewChanges {
            let (asker, asked) = (viewChange.signer, viewChange.content)
            guard rules.holds(.askerOrder, asker.rawValue > previous),
                configuration.validators.contains(asker),
                rules.holds(.askedView, asked.view == view),
                rules.holds(.askedChain, asked.chain == configuration.chain),
                rules.holds(.askedEpoch, asked.epoch == configuration.epoch)
            else { throw .unjustifiedView(view) }
            askers.insert(asker.rawValue)
            previous = asker.rawValue
        }
        let power = configuration.validators.power(of: askers)
        guard rules.holds(.askerPower, rules.isQuorum(power, of: configuration.validators)) else {
            throw .weakCertificate
        }
    }

    private mutating func begin(
        _ newView: PBFTNewView, with highest: PBFTCertificateName?, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        var tail = committed.name
        if let highest, highest.height > committed.height {
            tail = highest.blockName
        }
        join(
            newView.view, tail: tail, isDue: tail != committed.name, at: now, into: &effects)
        self.newView = newView
    }
}
