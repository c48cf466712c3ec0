import BFTBase
import BFTCore

// What follows from what is here: verdicts, requests, executions, reads.
extension Ledger {
    /// Draws every conclusion that the state allows.
    ///
    /// - Parameter ownClaim: the height up to which this validator may have voted to commit.
    mutating func settle<P>(ownClaim: Height, _ turn: inout Turn<P>) {
        let now = turn.now
        guard takeNews(at: now) else { return }
        if let retryAt, retryAt <= now {
            self.retryAt = nil
            judge.reevaluate()
        }
        for pending in judge.takeDue() { decide(pending, &turn) }
        if isCautious { checkFirst(&turn) }
        wantMissing(at: now)
        for (peer, references) in fetcher.dueRequests(at: now) {
            turn.send(.batchRequest(references), to: peer)
        }
        while let block = queue.nextForExecution() { turn.effects.append(.execute(block)) }
        continueCatchingUp(&turn)
        remind(&turn)
        releaseReads(&turn)
        if let nonce = reads.probe(ownClaim: ownClaim, wallTime: turn.wallTime, at: now) {
            turn.broadcast(.readProbe(nonce: nonce))
            releaseReads(&turn)  // With one validator, its own claim is the quorum.
        }
        // An answer that is late while the backlog is full is not due before that shrinks.
        let catchUpDeadline = queue.backlog < limits.catchUpBacklog ? catchUp.nextDeadline : nil
        settledDeadline = [
            fetcher.nextDeadline, catchUpDeadline, reads.nextDeadline, reminder.nextDeadline,
            retryAt, pace.due,
        ]
        .compactMap(\.self).min()
    }

    private mutating func releaseReads<P>(_ turn: inout Turn<P>) {
        guard let ticket = reads.ready(executed: queue.executed) else { return }
        turn.effects.append(.readReady(upTo: ticket))
    }

    private mutating func continueCatchingUp<P>(_ turn: inout Turn<P>) {
        guard queue.backlog < limits.catchUpBacklog,
            let (peer, request) = catchUp.nextRequest(tail: queue.tail.height, at: turn.now)
        else { return }
        turn.send(.syncRequest(request), to: peer)
    }

    /// How many bytes of own batches are sent again at a time, unless the first alone is longer.
    private static var repeatedByteLimit: Int { 256 << 10 }

    /// The first own batches that wait to be ordered.
    private func batchesToRepeat() -> [BatchCopy] {
        let waiting = pool.sendableBatches
        var byteCount = 0
        let few = waiting.prefix {
            byteCount += $0.batch.encoded.count
            return byteCount <= Self.repeatedByteLimit
        }
        return few.isEmpty ? Array(waiting.prefix(1)) : Array(few)
    }

    /// Sends own batches again that nobody orders.
    private mutating func remind<P>(_ turn: inout Turn<P>) {
        guard reminder.isDue(first: pool.firstSendable, at: turn.now) else { return }
        for copy in batchesToRepeat() { turn.broadcast(.batch(copy)) }
    }

    // MARK: Verdicts

    private mutating func decide<P>(_ pending: ProposalJudge.Pending, _ turn: inout Turn<P>) {
        guard !pending.isWithApplication else { return }
        let (branch, now) = (pending.branch, turn.now)
        switch judgement(of: branch, &turn) {
        case .wait: retryAt = retryAt ?? now.advanced(by: .milliseconds(10))
        case .waitForExecution: break
        case .missing(let references):
            let due = branch.isCertified ? now : now.advanced(by: limits.fetchGrace)
            let holders = BatchFetcher.Holders(
                proposer: branch.tip.proposer, voters: branch.voters,
                isCertified: branch.isCertified)
            for reference in references where pool.batch(reference) == nil {
                fetcher.want(reference, of: holders, at: due)
            }
        // What is certified was judged by somebody honest's application: it need not be again, in
        // another state perhaps.
        case .decided(.valid) where doesApplicationJudge && !branch.isCertified:
            pool.vouch(for: branch.tip.payload, in: branch.tip.view)
            judge.markWithApplication(branch.tip.digest)
            turn.effects.append(
                .askApplication(branch.tip, branch.tip.payload.compactMap { pool.batch($0) }))
        case .decided(let verdict):
            judge.remove(branch.tip.digest)
            isWantListStale = true
            if verdict == .valid { pool.vouch(for: branch.tip.payload, in: branch.tip.view) }
            turn.inputs.append(.judged(branch.tip.digest, verdict))
        }
    }

    private enum Judgement {
        case decided(Verdict)
        /// The proposer's clock is ahead: time will tell.
        case wait
        /// The state that the proposer vouches for is not known here, or not known any more.
        case waitForExecution
        case missing([BatchReference])
    }

    /// Re-derives everything that the proposer put into the block.
    private mutating func judgement<P>(of branch: Branch, _ turn: inout Turn<P>) -> Judgement {
        let (block, parent) = (branch.tip, branch.ancestors.last ?? branch.root)
        precondition(branch.root.digest == queue.tail.digest, "a branch was not rebased")
        // Beyond what honest leaders propose: only empty blocks, until something is committed.
        // Asked first, since the rest walks over all that the branch names.
        guard
            block.payload.isEmpty || branch.isCertified
                || limits.areFew(branch.undecidedPayload, isLeader: false)
        else { return .wait }
        guard
            PayloadOrder.frontier(after: branch.ancestors + [block], committed: pool.frontier)
                != nil, block.payloadByteCount <= limits.blockBytes,
            block.applied.height >= parent.applied.height, block.applied.height < block.height
        else { return .decided(.invalid) }
        let ours = roots[block.applied.height]
        // A state from before a restart, from too long ago, or after a block that is not known to
        // be committed here is taken from a certified parent only, or with the block if that is
        // certified itself. Whoever computed it may have lost power with what committed it: blocks
        // on the parent never vouch for less, and would wait for that for ever.
        guard ours != nil || block.applied == parent.applied || branch.isCertified else {
            return .waitForExecution
        }
        if let ours, ours != block.applied.root {
            turn.effects.append(
                .diverged(
                    Divergence(
                        proposer: block.proposer, height: block.applied.height,
                        theirs: block.applied.root, ours: ours)))
            return .decided(.invalid)
        }
        // Somebody honest has looked at the clock for the parent, and for what is certified itself:
        // if its proposer's was ahead, all blocks would wait for it otherwise.
        let isTimeChecked = block.time == parent.time || branch.isCertified
        let latest = turn.wallTime.milliseconds + limits.clockDriftMilliseconds
        guard block.time.milliseconds <= latest || isTimeChecked else { return .wait }
        let missing = judge.missing(of: block.digest) { pool.isHeld($0) }
        return missing.isEmpty ? .decided(.valid) : .missing(missing)
    }

    // MARK: Missing batches

    private mutating func wantMissing(at now: Instant) {
        for (reference, proposer, signers) in queue.missing(limit: limits.batchRequestsInFlight) {
            let holders = BatchFetcher.Holders(
                proposer: proposer, voters: signers, isCertified: true)
            fetcher.want(reference, of: holders, at: now)
        }
        guard isWantListStale else { return }
        isWantListStale = false
        fetcher.keep(at: now) { queue.lacks($0) || judge.needs($0) }
    }
}
