import BFTBase
import BFTCore
import ProtocolSimplex

@testable import BFTLedger

// A ledger that a test tells one thing at a time. What it asks of its host and tells the protocol
// is in the turn that comes back.
extension Ledger {
    @discardableResult
    mutating func tell(
        _ input: LedgerInput, at now: Instant = Fixture.at(0), wallTime: UInt64 = 0
    ) -> Turn<Simplex> {
        var turn = Turn<Simplex>(now: now, wallTime: Timestamp(milliseconds: wallTime))
        handle(input, &turn)
        return turn
    }

    @discardableResult
    mutating func hear(
        _ message: LedgerMessage, from sender: Int, at now: Instant = Fixture.at(0),
        wallTime: UInt64 = 0
    ) -> Turn<Simplex> {
        let sender = ValidatorIndex(sender)
        let input = LedgerInput.received(message, from: sender, commitVoteHeight: .zero)
        return tell(input, at: now, wallTime: wallTime)
    }

    /// What follows, if anything came since the last time or is due.
    @discardableResult
    mutating func settle(at now: Instant, wallTime: UInt64 = 0) -> Turn<Simplex> {
        var turn = Turn<Simplex>(now: now, wallTime: Timestamp(milliseconds: wallTime))
        settle(ownClaim: .zero, &turn)
        return turn
    }

    /// What follows, as if something had come.
    @discardableResult
    mutating func settleAgain(at now: Instant, wallTime: UInt64 = 0) -> Turn<Simplex> {
        tell(.mayHaveGaps, at: now)
        return settle(at: now, wallTime: wallTime)
    }

    mutating func draft(
        on branch: Branch, isCautious: Bool = false, at now: Instant
    ) -> Draft {
        let turn = tell(.draft(view: View(1), on: branch, isCautious: isCautious), at: now)
        guard turn.inputs.count == 1, case .drafted(let draft, _, _)? = turn.inputs.first else {
            preconditionFailure("a draft has one answer")
        }
        return draft
    }
}

extension Turn {
    /// What the protocol is told, in order.
    var told: [Input<P>] {
        var (rest, told) = (inputs, [Input<P>]())
        while let input = rest.popFirst() { told.append(input) }
        return told
    }

    /// The verdict on the block called `digest`, if there is one.
    func verdict(on digest: Digest) -> Verdict? {
        for case .judged(digest, let verdict) in told { return verdict }
        return nil
    }

    func isValid(_ block: Block) -> Bool { verdict(on: block.digest) == .valid }

    /// Whom the ledger asks to catch up, and for what.
    var syncRequests: [(request: SyncRequest, peer: ValidatorIndex)] {
        effects.compactMap {
            guard case .send(.ledger(.syncRequest(let request)), let peer) = $0 else { return nil }
            return (request, peer)
        }
    }

    /// Why messages changed nothing.
    var rejections: [LedgerRejection] {
        effects.compactMap {
            if case .rejectedLedger(let rejection, _) = $0 { rejection } else { nil }
        }
    }

    /// What was caught up on.
    var caughtUp: [CommittedRun] {
        told.compactMap { if case .caughtUp(let run) = $0 { run } else { nil } }
    }
}
