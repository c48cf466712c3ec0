import BFTBase
import BFTCore

// Catching up: what is made of the answers of peers.
extension Ledger {
    /// Takes the answer of `sender`, which may fail with its turn, if one is awaited. Returns
    /// whether anything may follow from it.
    mutating func takeAnswer<P>(
        _ answer: LedgerMessage, of sender: ValidatorIndex, _ turn: inout Turn<P>
    ) -> Bool {
        guard catchUp.isAwaiting(sender) else {
            turn.effects.append(.rejectedLedger(.uninvitedAnswer, from: sender))
            return false
        }
        do throws(LedgerRejection) {
            switch answer {
            case .syncResponse(let run): try take(run, from: sender, &turn)
            case .syncAncestors(let blocks): try take(ancestors: blocks, from: sender, &turn)
            default: throw .uninvitedAnswer
            }
        } catch {
            catchUp.failed(by: sender)
            turn.effects.append(.rejectedLedger(error, from: sender))
        }
        return true
    }

    /// Takes blocks under a certificate: those that follow the last committed one, or, if the
    /// certificate stands further up than one answer reaches, those from which to walk down.
    private mutating func take<P>(
        _ run: UncheckedRun, from sender: ValidatorIndex, _ turn: inout Turn<P>
    ) throws(LedgerRejection) {
        let certificate: CommitCertificate
        do throws(Certificate.Flaw) {
            certificate = try commitRules.check(run.certificate)
        } catch {
            throw .flawedCertificate(error)
        }
        let name = CommittedName(certificate)
        guard let first = run.blocks.first, let below = name.parent(ofFirst: run.blocks) else {
            throw .unlinkedRun
        }
        guard first.height > queue.tail.height.next else {
            return try finish(run.blocks, upTo: name, from: sender, &turn)
        }
        guard catchUp.descent == nil else { throw .unlinkedRun }
        let window = SyncWindow(limits, run.blocks)
        guard catchUp.holds(.wholeTop, window.isFull) else { throw .shortAnswer }
        catchUp.descend(from: certificate, to: below)
        catchUp.progressed(by: sender, window, upTo: name.block.height, isWhole: true)
    }

    /// Takes the next blocks of the walk down: from them it goes on, or, if they follow the last
    /// committed block, they are committed and the walk goes up.
    private mutating func take<P>(
        ancestors blocks: [Block], from sender: ValidatorIndex, _ turn: inout Turn<P>
    ) throws(LedgerRejection) {
        catchUp.rise(to: queue.tail.height)
        guard let name = catchUp.descent?.lowest, let below = name.parent(ofFirst: blocks),
            below.block.height >= queue.tail.height
        else { throw .unlinkedRun }
        guard below.block.height > queue.tail.height else {
            do throws(LedgerRejection) {
                return try finish(blocks, upTo: name, isWhole: true, from: sender, &turn)
            } catch {
                catchUp.abandonDescent()
                throw error
            }
        }
        let window = SyncWindow(limits, blocks)
        guard catchUp.holds(.wholeStep, window.isFull) else { throw .shortAnswer }
        catchUp.descend(to: below)
        catchUp.progressed(by: sender, window, upTo: name.block.height, isWhole: true)
    }

    /// Commits those of `blocks` that follow the last committed one.
    private mutating func finish<P>(
        _ blocks: [Block], upTo name: CommittedName, isWhole: Bool = false,
        from sender: ValidatorIndex, _ turn: inout Turn<P>
    ) throws(LedgerRejection) {
        guard
            let run = CommittedRun(blocks: blocks, upTo: name)?.suffix(after: queue.tail.digest),
            run.first.height == queue.tail.height.next,
            PayloadOrder.frontier(after: run.blocks, committed: pool.frontier) != nil
        else { throw .unlinkedRun }
        catchUp.progressed(
            by: sender, SyncWindow(limits, blocks), upTo: run.last.height, isWhole: isWhole)
        turn.inputs.append(.caughtUp(run))
        commit(run, &turn)
    }
}
