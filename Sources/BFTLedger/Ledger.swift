public import BFTBase
public import BFTCore

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
/// No I/O, like the protocols; see the article `BFTLedger` for the rules. It is changed by
/// `handle`, `settle` and `reportWork` alone, and answers questions. Its parts are for its own
/// files, `Ledger+…`.
struct Ledger: Equatable, Sendable {
    let configuration: ReplicaConfiguration
    let limits: LedgerLimits
    let doesApplicationJudge: Bool
    /// What this replica proposed and does not know to be ordered, where applications judge.
    var ownDrafts: [[BatchReference]] = []
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
    /// Whether anything came since the last `settle` that it could draw a conclusion from. Most
    /// messages are votes, which are none of the ledger's business.
    private(set) var hasNews = true
    /// When something is due, as of the last `settle`.
    var settledDeadline: Instant?
    /// Whether something may be asked for that is not needed any more.
    var isWantListStale = false
    /// Whether the last own draft named only batches whose signatures are checked.
    var isCautious = false
    /// When to look again at proposals that wait for time to pass.
    var retryAt: Instant?
    /// What the protocol was last told about work.
    var wasWorkPending = false

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
        for run in runs {
            guard let certificate = try? commitRules.check(run.certificate),
                let rest = CommittedRun(blocks: run.blocks, certificate: certificate)?
                    .suffix(after: queue.tail.digest)
            else { continue }
            _ = order(rest)  // The pool is empty, so nothing is displaced.
        }
    }

    // MARK: Inputs

    /// Takes an input. What follows from it is drawn by `settle`.
    mutating func handle<P>(_ input: LedgerInput, _ turn: inout Turn<P>) {
        if take(input, &turn) { hasNews = true }
    }

    /// Takes `input`, and says whether anything may follow from it.
    private mutating func take<P>(_ input: LedgerInput, _ turn: inout Turn<P>) -> Bool {
        switch input {
        case .started:
            signAgain(&turn)
            if let root = roots[roots.latest] {
                turn.inputs.append(.executed(queue.lastExecuted, stateRoot: root))
            }
        case .received(let message, let sender, let height):
            return receive(message, from: sender, commitVoteHeight: height, &turn)
        case .connected(let peer): greet(peer, &turn)
        case .timerFired: break  // What lapses by time has no deadline of its own.
        case .sealed(let batch):
            if !author(batch, &turn) { turn.effects.append(.displaced(batch)) }
        case .mayHaveGaps: fillGaps(&turn)
        case .stored(let reference): noteStored(reference, &turn)
        case .batchSigned(let reference, let signature): noteSigned(reference, signature, &turn)
        case .authorshipChecked(let vote, let isGenuine):
            noteChecked(vote, isGenuine: isGenuine, &turn)
        case .executed(let height, let root): noteExecuted(height, root, &turn)
        case .applicationJudged(let digest, let isValid):
            noteApplication(judged: digest, isValid, &turn)
        case .read(let ticket): reads.request(ticket)
        case .draft(let view, let branch, let isCautious):
            return draft(in: view, on: branch, isCautious: isCautious, &turn)
        case .judge(let branch): consider(branch, &turn)
        case .commit(let run): commit(run, &turn)
        case .fetch(let certificate): catchUp.reach(certificate, from: queue.tail.height)
        }
        return true
    }

    private mutating func receive<P>(
        _ message: LedgerMessage, from sender: ValidatorIndex, commitVoteHeight: Height,
        _ turn: inout Turn<P>
    ) -> Bool {
        switch message {
        case .batch(let copy): return take(copy, from: sender, &turn)
        case .batchRequest(let references): answer(references, to: sender, &turn)
        case .syncRequest(let request):
            if request.height <= queue.executed {
                turn.effects.append(.readBlocks(request, for: sender))
            }
        case .syncResponse, .syncAncestors: return takeAnswer(message, of: sender, &turn)
        case .readProbe(let nonce):
            turn.send(.readClaim(nonce: nonce, height: commitVoteHeight), to: sender)
        case .readClaim(let nonce, let height):
            return reads.take(claim: height, nonce: nonce, from: sender)
        }
        return false
    }

    private mutating func noteExecuted<P>(
        _ height: Height, _ root: Digest, _ turn: inout Turn<P>
    ) {
        queue.finished(height)
        roots.append(root, height: height)
        judge.reevaluate()
        turn.inputs.append(.executed(queue.lastExecuted, stateRoot: root))
        turn.hasNewWork = true  // A leader that lagged may propose again.
    }

    /// Whether anything may follow from what came since the last time, or from the time.
    mutating func takeNews(at now: Instant) -> Bool {
        defer { hasNews = false }
        return hasNews || settledDeadline.map { $0 <= now } == true
    }

    /// Tells the protocol whether there is work, when that changed or more came.
    mutating func reportWork<P>(_ turn: inout Turn<P>) {
        if pace.takeDue(at: turn.now) {
            turn.hasNewWork = true
            hasNews = true
        }
        let isPending = pool.hasWork
        guard isPending != wasWorkPending || (isPending && turn.hasNewWork) else { return }
        wasWorkPending = isPending
        turn.hasNewWork = false
        turn.inputs.append(.work(pending: isPending))
    }

    // MARK: Questions

    /// When something is due. A draft may have been held back since the ledger last looked.
    var nextDeadline: Instant? {
        guard let settledDeadline, let due = pace.due else { return settledDeadline ?? pace.due }
        return min(settledDeadline, due)
    }

    /// The last committed block, executed or not.
    var committedHead: Block { queue.tail }
    /// What commits the last committed block; `nil` if that is the one from which the ledger began.
    var headCertificate: CommitCertificate? { queue.tailCertificate }
    var executedHeight: Height { queue.executed }
    /// The bytes of all batches that wait to be ordered.
    var pendingByteCount: Int { pool.byteCount }
    var isCatchingUp: Bool { catchUp.isActive }

    /// The sequence that the next own batch must have.
    var nextOwnSequence: BatchSequence { pool.nextUnused(of: configuration.own) }

    /// Whether another own batch of `byteCount` bytes has a place.
    func hasRoom(for byteCount: Int) -> Bool {
        let own = configuration.own
        return pool.slotCount(of: own) < limits.batchesPerAuthor / 2
            && pool.byteCount(of: own) + byteCount <= limits.bytesPerAuthor / 2
    }

    /// Whether `message` is worth the time that its signatures take.
    func isUseful(_ message: LedgerMessage, from sender: ValidatorIndex) -> Bool {
        switch message {
        case .batch(let copy): isUseful(copy, from: sender)
        case .syncResponse, .syncAncestors: catchUp.isAwaiting(sender)
        default: true
        }
    }

    /// Whether the link from `sender` proves what the signatures of `message` would: a batch that
    /// its author sends itself, as long as that one was never found to sign falsely.
    func isProved(_ message: LedgerMessage, byLinkFrom sender: ValidatorIndex) -> Bool {
        guard case .batch(let copy) = message else { return false }
        return copy.batch.author == sender && !pool.isDistrusted(sender)
    }

    /// What is committed and not executed, and its batches and those that wait to be ordered: what
    /// a new log must begin with.
    var liveRuns: [CommittedRun] { queue.runs }
    var liveBatches: [BatchCopy] { queue.batches.map { BatchCopy($0) } + pool.heldBatches }
}
