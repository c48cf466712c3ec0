import BFTBase
import BFTCore

// The order of blocks: what is proposed, what is to be judged, what is committed.
extension Ledger {
    /// Gives the protocol what to propose on top of `branch.tip`. Returns whether something may
    /// follow for the ledger: a draft that is held back is due some time.
    mutating func draft<P>(
        in view: View, on branch: Branch, isCautious: Bool, _ turn: inout Turn<P>
    ) -> Bool {
        let (payload, isNews) = payload(
            on: branch, isCautious: isCautious, gathers: P.leadersGather, at: turn.now)
        let draft = Draft(
            time: turn.wallTime, applied: vouchedState(on: branch.tip), payload: payload)
        turn.inputs.append(.drafted(draft, view: view, parent: branch.tip.digest))
        return isNews
    }

    /// The batches to name on top of `branch.tip`, and whether anything may follow from that.
    ///
    /// - Parameter gathers: whether to wait a little for those who are about to write.
    private mutating func payload(
        on branch: Branch, isCautious: Bool, gathers: Bool, at now: Instant
    ) -> ([BatchReference], isNews: Bool) {
        let isLagging =
            queue.tail.height.rawValue - queue.executed.rawValue >= limits.executionLag
        guard !isLagging, branch.root.digest == queue.tail.digest,
            let frontier = PayloadOrder.frontier(
                after: branch.undecided, committed: pool.frontier),
            // What is named already has to be committed first.
            limits.areFew(branch.undecidedPayload, isLeader: true)
        else { return ([], false) }
        noteLostDrafts(on: branch)
        if pace.holdsBack(at: now) { return ([], true) }
        let start = Int(branch.tip.height.rawValue % UInt64(configuration.validators.count))
        self.isCautious = isCautious
        let payload = pool.draft(frontier: frontier, start: start, isCautious: isCautious)
        if gathers, pace.gathers(payload, at: now) { return ([], true) }
        pace.note(payload, at: now)
        // The protocol knows the view; a place has one batch that is drafted.
        pool.vouch(for: payload, in: View(.max))
        if doesApplicationJudge, !payload.isEmpty { ownDrafts.append(payload) }
        return (payload, isCautious)
    }

    /// Whether one of the views that failed between that of the last block, `last`, and `view` was
    /// led by somebody honest: by this validator, or by one of those who have more power than the
    /// malicious. Malicious authors may have signed falsely what that leader proposed.
    static func hasHonestFailed(
        after last: View, before view: View, in configuration: ReplicaConfiguration,
        ledBy leader: (View) -> ValidatorIndex
    ) -> Bool {
        let validators = configuration.validators
        var leaders = Bitmap(count: validators.count)
        var power = VotingPower(0)
        var next = view
        while let failed = next.previous, failed > last {
            let leader = leader(failed)
            if leader == configuration.own { return true }
            if leaders.insert(leader.rawValue) {
                power += validators.powers[leader.rawValue]
                if validators.isWeakQuorum(power) { return true }
            }
            next = failed
        }
        return false
    }

    /// The last state computed here, or the one that `parent` vouches for if this replica is slower
    /// at executing than the parent's proposer: a block never vouches for less than its parent.
    private func vouchedState(on parent: Block) -> AppliedState {
        guard roots.latest >= parent.applied.height, let root = roots[roots.latest] else {
            return parent.applied
        }
        return AppliedState(height: roots.latest, root: root)
    }

    mutating func commit<P>(_ run: CommittedRun, _ turn: inout Turn<P>) {
        for lost in order(run) { turn.effects.append(.displaced(lost)) }
        turn.effects.append(.committed(run))
    }

    /// Hands committed blocks to the queue. Returns the own batches that can't be ordered any more.
    mutating func order(_ run: CommittedRun) -> [Batch] {
        var lost: [Batch] = []
        for block in run.blocks where block.height > queue.tail.height {
            pool.bringNear()  // What was too far ahead before may be named by the next block.
            var batches: [Batch?] = []
            for reference in block.payload {
                let (batch, displaced) = pool.order(reference)
                batches.append(batch)
                lost += displaced.filter { $0.author == configuration.own }
            }
            pool.noteCommitted(block.view)
            queue.append(
                block, certificate: run.certificate, frontier: pool.frontier, batches: batches)
        }
        pool.bringNear()
        judge.rebase(onto: queue.tail)
        judge.reevaluate()
        isWantListStale = true
        return lost
    }

    /// Takes a proposal to judge.
    mutating func consider<P>(_ branch: Branch, _ turn: inout Turn<P>) {
        pace.note(branch.tip.payload, at: turn.now)
        judge.add(branch)
        // Catching up may have moved the ledger on; the protocol is about to be told.
        judge.rebase(onto: queue.tail)
        isWantListStale = true
    }

    /// Takes own drafts for refused, where applications judge, of which nothing came: nobody tells
    /// a leader. A block is committed whole, so a batch that is neither ordered nor in `branch`
    /// tells that its draft was lost, though others have ordered the rest of it since.
    private mutating func noteLostDrafts(on branch: Branch) {
        guard doesApplicationJudge, !ownDrafts.isEmpty else { return }
        let named = Set(branch.undecided.flatMap(\.payload))
        var allLost: [BatchReference] = []
        ownDrafts = ownDrafts.compactMap { draft in
            let waiting = draft.filter { !pool.isOrdered($0.sequence, of: $0.author) }
            let lost = waiting.filter { !named.contains($0) }
            allLost += lost
            return lost.isEmpty && !waiting.isEmpty ? waiting : nil
        }
        pool.noteRefused(allLost)
    }

    /// Takes what the application says of a proposal for the verdict on it, if it waits for that.
    mutating func noteApplication<P>(
        judged digest: Digest, _ isValid: Bool, _ turn: inout Turn<P>
    ) {
        guard let block = judge.block(digest) else { return }
        judge.remove(digest)
        if !isValid { pool.noteRefused(block.payload) }
        turn.inputs.append(.judged(digest, isValid ? .valid : .invalid))
    }
}
