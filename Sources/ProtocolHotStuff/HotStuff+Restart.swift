import BFTBase
import BFTCore

// Restarts: what was durable comes back.
extension HotStuffReplica {
    /// Takes back what was durable. Blocks of committed views say nothing any more; what this
    /// replica is bound by stays.
    mutating func recover(_ records: [HotStuffRecord]) {
        for record in records {
            switch record {
            case .voted(let block, let statement):
                commitments.votedView = max(commitments.votedView, block.view)
                head.noteVote(at: statement.ancestor?.height ?? .zero)
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
        _ = head.keep(certificate)
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
            effects.sayAgain(repeated(statement, for: block))
        }
        enter(view, at: now)
        if let ownTimeout, ownTimeout.view >= view {
            effects.sayAgain(.timeout(ownTimeout))
            work.resendAt = now.advanced(by: pacemaker.resendInterval)
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
