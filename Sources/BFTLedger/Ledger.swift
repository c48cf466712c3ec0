public import BFTBase
public import BFTCore

/// What a ledger asks of the replica it is part of.
enum LedgerEffect: Equatable, Sendable {
    case send(LedgerMessage, to: ValidatorIndex)
    case broadcast(LedgerMessage)
    case store(BatchCopy)
    /// Sign an own batch.
    case sign(BatchReference)
    /// Check what an author says of its batch.
    case check(Vote)
    case execute(CommittedBlock)
    case verdict(Digest, Verdict)
    case caughtUp(CommittedRun)
    case readBlocks(SyncRequest, for: ValidatorIndex)
    case readBatches([BatchReference], for: ValidatorIndex)
    case readReady(upTo: UInt64)
    case askApplication(Block, [Batch])
    case diverged(Divergence)
    case displaced(Batch)
    case accuse(Evidence)
    case reject(LedgerRejection, from: ValidatorIndex)
}

/// A proposer vouches for another state than the one computed here.
public struct Divergence: Equatable, Sendable {
    public let proposer: ValidatorIndex
    public let height: Height
    public let theirs: Digest
    public let ours: Digest
}

/// Why a message of a peer's ledger changed nothing.
public enum LedgerRejection: Error, Equatable, Sendable {
    case batch(BatchRefusal)
    case uninvitedAnswer
    case unlinkedRun
    /// An answer that brings less than fits, and not all that was asked for.
    case shortAnswer
    case flawedCertificate(Certificate.Flaw)
}

/// Everything between the order of blocks and their execution: batches, verdicts on proposals,
/// committed blocks on their way to the executor, catching up, reads.
///
/// No I/O, like the protocols; see the article `BFTLedger` for the rules.
struct Ledger: Equatable, Sendable {
    let configuration: ReplicaConfiguration
    let limits: LedgerLimits
    let doesApplicationJudge: Bool
    /// What this replica proposed and does not know to be ordered, where applications judge.
    private var ownDrafts: [[BatchReference]] = []
    let commitRules: CommitRules
    var pool: BatchPool
    var judge = ProposalJudge()
    var fetcher: BatchFetcher
    var queue: CommitQueue
    var roots: ExecutedRoots
    var catchUp: CatchUp
    var reads: ReadIndex
    var pace: ProposalPace
    var reminder: BatchReminder
    var checks: AuthorshipChecks
    var answers: AnswerBudget
    /// The authors that were accused of contradicting themselves: once is enough.
    var equivocators: Bitmap
    /// The host's wall clock, as of this turn.
    var wallTime = Timestamp(milliseconds: 0)

    init(
        configuration: ReplicaConfiguration, limits: LedgerLimits, state: CommittedState,
        doesApplicationJudge: Bool, commitRules: CommitRules, committed: [UncheckedRun],
        recovered: [BatchCopy]
    ) {
        let own = configuration.own
        let count = configuration.validators.count
        self.configuration = configuration
        self.limits = limits
        self.doesApplicationJudge = doesApplicationJudge
        self.commitRules = commitRules
        pool = BatchPool(next: state.frontier, own: own, limits: limits)
        equivocators = Bitmap(count: count)
        checks = AuthorshipChecks(authorCount: count)
        answers = AnswerBudget(validatorCount: count, bytesPerSecond: limits.answerBytes)
        fetcher = BatchFetcher(validatorCount: count, own: own, limits: limits)
        queue = CommitQueue(root: state.block, inFlightLimit: limits.executionsInFlight)
        roots = ExecutedRoots(height: state.block.height, root: state.stateRoot)
        catchUp = CatchUp(
            own: own, validators: configuration.validators, limits: limits)
        reads = ReadIndex(
            own: own, validators: configuration.validators, retryInterval: limits.answerTimeout)
        pace = ProposalPace(limits, authorCount: configuration.validators.count)
        reminder = BatchReminder(interval: limits.answerTimeout.scaled(by: 4))
        recover(committed)
        for copy in recovered where !queue.supply(copy.batch) { pool.recover(copy) }
    }

    /// Takes back blocks that were committed and not executed. Those executed since say nothing.
    private mutating func recover(_ runs: [UncheckedRun]) {
        var nothing: [LedgerEffect] = []  // The pool is empty, so nothing is displaced.
        for run in runs {
            guard let certificate = try? commitRules.check(run.certificate),
                let rest = CommittedRun(blocks: run.blocks, certificate: certificate)?
                    .suffix(after: queue.tail.digest)
            else { continue }
            commit(rest, into: &nothing)
        }
    }

    /// When something is due, as of the last `settle`.
    var nextDeadline: Instant?

    /// Whether anything came since the last `settle` that it could draw a conclusion from. Most
    /// messages are votes, which are none of the ledger's business.
    var hasNews = true

    /// Whether something may be asked for that is not needed any more.
    var isWantListStale = false

    /// Whether the last own draft named only batches whose signatures are checked.
    var isCautious = false

    /// When to look again at proposals that wait for time to pass.
    var retryAt: Instant?

    // MARK: Messages

    mutating func receive(
        _ message: LedgerMessage, from sender: ValidatorIndex, commitVoteHeight: Height,
        at now: Instant, into effects: inout [LedgerEffect]
    ) {
        do throws(LedgerRejection) {
            switch message {
            case .batch(let copy):
                try take(copy, from: sender, at: now, into: &effects)
            case .batchRequest(let references):
                answer(references, to: sender, at: now, into: &effects)
            case .syncRequest(let request):
                if request.height <= queue.executed {
                    effects.append(.readBlocks(request, for: sender))
                }
            case .syncResponse(let run):
                try takeAnswer(of: sender) { ledger throws(LedgerRejection) in
                    try ledger.take(run, from: sender, into: &effects)
                }
            case .syncAncestors(let blocks):
                try takeAnswer(of: sender) { ledger throws(LedgerRejection) in
                    try ledger.take(ancestors: blocks, from: sender, into: &effects)
                }
            case .readProbe(let nonce):
                effects.append(
                    .send(.readClaim(nonce: nonce, height: commitVoteHeight), to: sender))
            case .readClaim(let nonce, let height):
                if reads.take(claim: height, nonce: nonce, from: sender) { hasNews = true }
            }
        } catch {
            effects.append(.reject(error, from: sender))
        }
    }

    // MARK: Ordering

    /// What to propose on top of `branch.tip`.
    ///
    /// - Parameters:
    ///   - isCautious: whether to name only batches whose signatures are checked.
    ///   - gathers: whether to wait a little for those who are about to write.
    mutating func draft(
        on branch: Branch, isCautious: Bool = false, gathers: Bool = false, at now: Instant
    ) -> Draft {
        let applied = vouchedState(on: branch.tip)
        let blocks = branch.undecided
        let isLagging =
            queue.tail.height.rawValue - queue.executed.rawValue >= limits.executionLag
        guard !isLagging, branch.root.digest == queue.tail.digest,
            let frontier = PayloadOrder.frontier(after: blocks, committed: pool.frontier)
        else { return Draft(time: wallTime, applied: applied, payload: []) }
        // What is named already has to be committed first.
        guard limits.areFew(branch.undecidedPayload, isLeader: true) else {
            return Draft(time: wallTime, applied: applied, payload: [])
        }
        noteLostDrafts(on: branch)
        if pace.holdsBack(at: now) {
            hasNews = true
            return Draft(time: wallTime, applied: applied, payload: [])
        }
        let start = Int(branch.tip.height.rawValue % UInt64(configuration.validators.count))
        self.isCautious = isCautious
        if isCautious { hasNews = true }
        let payload = pool.draft(frontier: frontier, start: start, isCautious: isCautious)
        if gathers, pace.gathers(payload, at: now) {
            hasNews = true
            return Draft(time: wallTime, applied: applied, payload: [])
        }
        pace.note(payload, at: now)
        // The protocol knows the view; a place has one batch that is drafted.
        pool.vouch(for: payload, in: View(.max))
        if doesApplicationJudge, !payload.isEmpty { ownDrafts.append(payload) }
        return Draft(time: wallTime, applied: applied, payload: payload)
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

    mutating func commit(_ run: CommittedRun, into effects: inout [LedgerEffect]) {
        for block in run.blocks where block.height > queue.tail.height {
            pool.bringNear()  // What was too far ahead before may be named by the next block.
            var batches: [Batch?] = []
            for reference in block.payload {
                let (batch, displaced) = pool.order(reference)
                batches.append(batch)
                for lost in displaced where lost.author == configuration.own {
                    effects.append(.displaced(lost))
                }
            }
            pool.noteCommitted(block.view)
            queue.append(
                block, certificate: run.certificate, frontier: pool.frontier, batches: batches)
        }
        pool.bringNear()
        judge.rebase(onto: queue.tail)
        judge.reevaluate()
        isWantListStale = true
        hasNews = true
    }

    /// Takes a proposal to judge.
    mutating func consider(_ branch: Branch, at now: Instant) {
        pace.note(branch.tip.payload, at: now)
        judge.add(branch)
        // Catching up may have moved the ledger on; the protocol is about to be told.
        judge.rebase(onto: queue.tail)
        isWantListStale = true
        hasNews = true
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

    /// Notes what the application says of a proposal. Returns whether one waits for that.
    mutating func noteApplication(judged digest: Digest, _ isValid: Bool) -> Bool {
        guard let block = judge.block(digest) else { return false }
        judge.remove(digest)
        if !isValid { pool.noteRefused(block.payload) }
        return true
    }
}
