@_spi(Verification) public import BFTBase
public import BFTCore

/// A protocol and a ledger, put together: the whole of a validator that needs no I/O.
///
/// The node and the simulator both host this value, so that what is tested is what runs. Effects
/// that one part wants of the other never leave it.
public struct Replica<P: ConsensusProtocol>: Equatable, Sendable {
    public private(set) var consensus: P
    private var ledger: Ledger
    let own: ValidatorIndex
    /// What was forgotten before this start.
    private let floor: Floor
    /// Whether own batches may be missing between others, as of the start.
    private var mayHaveGaps = true
    private var timer: Instant?
    private var protocolTimer: Instant?
    /// What the protocol was last told about work.
    private var wasWorkPending = false

    public init(
        configuration: ReplicaConfiguration, limits: LedgerLimits, state: CommittedState,
        doesApplicationJudge: Bool = false, recovered: [ReplicaRecord<P>]
    ) {
        var records: [P.Durable] = []
        var runs: [UncheckedRun] = []
        var batches: [BatchCopy] = []
        var (blocks, floor) = ([Block](), Floor.ground)
        for record in recovered {
            switch record {
            case .blocks(let some): blocks += some
            case .committed(let run):
                runs.append(
                    UncheckedRun(blocks: blocks + run.blocks, certificate: run.certificate))
                blocks = []
            case .floor(let other):
                floor = floor.joined(other)
                blocks = []  // A log that was being written anew, and never was.
            case .consensus(let record): records.append(record)
            case .batch(let copy): batches.append(copy)
            }
        }
        own = configuration.own
        ledger = Ledger(
            configuration: configuration, limits: limits, state: state,
            doesApplicationJudge: doesApplicationJudge,
            commitRules: P.commitRules(configuration), committed: runs, recovered: batches)
        self.floor = floor
        consensus = P(
            configuration: ledger.queue.tail.height < floor.height
                ? configuration.above(floor) : configuration,
            root: ledger.queue.tail,
            certificate: ledger.queue.tailCertificate ?? state.certificate, recovered: records)
    }

    public mutating func handle(
        _ input: ReplicaInput<P>, at now: Instant, wallTime: Timestamp,
        into effects: inout [ReplicaEffect<P>]
    ) {
        var turn = Turn(now: now)
        ledger.wallTime = wallTime
        dispatch(input, &turn)
        if mayHaveGaps, !isBelowFloor {
            mayHaveGaps = false
            fillGaps(&turn)
        }
        repeat {
            drain(&turn, into: &effects)
            ledger.settle(
                ownClaim: consensus.commitVoteHeight, at: now, into: &turn.ledgerEffects)
            drain(&turn, into: &effects)
            reportWork(&turn)
        } while !turn.isQuiet
        setTimer(turn, into: &effects)
    }

    // MARK: One turn

    /// What is still to be done in one call of `handle`.
    private struct Turn {
        let now: Instant
        var inputs = Deque<Input<P>>()
        var ledgerEffects: [LedgerEffect] = []
        var hasNewBatch = false
        var protocolTimer: Instant?

        var isQuiet: Bool { inputs.isEmpty && ledgerEffects.isEmpty }
    }

    private mutating func dispatch(_ input: ReplicaInput<P>, _ turn: inout Turn) {
        if case .received = input {} else { ledger.hasNews = true }
        switch input {
        case .started:
            ledger.signAgain(into: &turn.ledgerEffects)
            turn.inputs.append(.started)
            if let root = ledger.roots[ledger.roots.latest] {
                turn.inputs.append(.executed(ledger.queue.lastExecuted, stateRoot: root))
            }
        case .received(let message, let sender): receive(message, from: sender, &turn)
        case .connected(let peer):
            turn.inputs.append(.connected(peer))
            ledger.greet(peer, at: turn.now, into: &turn.ledgerEffects)
        case .timerFired:
            timer = nil  // A host may fire early: then it is set again.
            turn.inputs.append(.timerFired)
        case .sealed(let batch):
            precondition(batch.author == own, "a batch of another author")
            guard ledger.author(batch, into: &turn.ledgerEffects) else {
                turn.ledgerEffects.append(.displaced(batch))
                return
            }
            turn.hasNewBatch = true
        case .stored(let reference): ledger.noteStored(reference, into: &turn.ledgerEffects)
        case .batchSigned(let reference, let signature):
            ledger.noteSigned(reference, signature, into: &turn.ledgerEffects)
        case .authorshipChecked(let vote, let isGenuine):
            ledger.noteChecked(
                vote, isGenuine: isGenuine, at: turn.now, into: &turn.ledgerEffects)
            turn.hasNewBatch = true  // It may be proposed now.
        case .executed(let height, let root):
            ledger.queue.finished(height)
            ledger.roots.append(root, height: height)
            ledger.judge.reevaluate()
            turn.inputs.append(.executed(ledger.queue.lastExecuted, stateRoot: root))
            turn.hasNewBatch = true  // A leader that lagged may propose again.
        case .applicationJudged(let digest, let isValid):
            guard ledger.noteApplication(judged: digest, isValid) else { return }
            turn.inputs.append(.judged(digest, isValid ? .valid : .invalid))
        case .read(let ticket): ledger.reads.request(ticket)
        }
    }

    /// Puts empty batches where a crash took own batches that were not durable, so that those after
    /// them can be ordered without waiting for a client.
    private mutating func fillGaps(_ turn: inout Turn) {
        while ledger.pool.hasGap(of: own) {
            var builder = BatchBuilder()
            let batch = builder.seal(author: own, sequence: nextOwnSequence)
            guard ledger.author(batch, into: &turn.ledgerEffects) else { return }
            turn.hasNewBatch = true
        }
    }

    private mutating func receive(
        _ message: Verified<ReplicaMessage<P>>, from sender: ValidatorIndex, _ turn: inout Turn
    ) {
        switch message.value {
        case .consensus(let part):
            // The claims of the whole are those of the part, and they were checked.
            turn.inputs.append(.received(Verified(part), from: sender))
        case .ledger(let part):
            ledger.receive(
                part, from: sender, commitVoteHeight: consensus.commitVoteHeight, at: turn.now,
                into: &turn.ledgerEffects)
            if case .batch = part, ledger.hasNews { turn.hasNewBatch = true }
        }
    }

    /// Carries effects from one part to the other until none is left.
    private mutating func drain(_ turn: inout Turn, into effects: inout [ReplicaEffect<P>]) {
        while true {
            let pending = turn.ledgerEffects
            if !pending.isEmpty { turn.ledgerEffects = [] }
            for effect in pending { carryOut(effect, &turn, into: &effects) }
            guard let input = turn.inputs.popFirst() else {
                if turn.ledgerEffects.isEmpty { return }
                continue
            }
            var produced: [Effect<P>] = []
            consensus.handle(input, at: turn.now, into: &produced)
            for effect in produced { carryOut(effect, &turn, into: &effects) }
        }
    }

    private mutating func carryOut(
        _ effect: Effect<P>, _ turn: inout Turn, into effects: inout [ReplicaEffect<P>]
    ) {
        switch effect {
        case .persist(let record): effects.append(.persist(record))
        case .sign(let unsigned): effects.append(.sign(unsigned))
        case .send(let message, let peer):
            effects.append(.send(.consensus(message), to: peer))
        case .broadcast(let message): effects.append(.broadcast(.consensus(message)))
        case .setTimer(let instant): turn.protocolTimer = instant
        case .draft(let view, let branch):
            let isCautious = Ledger.hasHonestFailed(
                after: branch.tip.view, before: view, in: ledger.configuration,
                ledBy: consensus.leader(of:))
            let draft = ledger.draft(
                on: branch, isCautious: isCautious, gathers: P.leadersGather, at: turn.now)
            turn.inputs.append(.drafted(draft, view: view, parent: branch.tip.digest))
        case .judge(let branch):
            ledger.consider(branch, at: turn.now)
        case .commit(let run):
            ledger.commit(run, into: &turn.ledgerEffects)
            effects.append(.committed(run))
        case .fetch(let certificate):
            ledger.catchUp.reach(certificate, from: ledger.queue.tail.height)
            ledger.hasNews = true
        case .accuse(let evidence): effects.append(.accuse(evidence))
        case .reject(let rejection): effects.append(.rejected(rejection))
        }
    }

    private func carryOut(
        _ effect: LedgerEffect, _ turn: inout Turn, into effects: inout [ReplicaEffect<P>]
    ) {
        switch effect {
        case .send(let message, let peer): effects.append(.send(.ledger(message), to: peer))
        case .broadcast(let message): effects.append(.broadcast(.ledger(message)))
        case .store(let copy): effects.append(.store(copy))
        case .sign(let reference):
            effects.append(
                .signBatch(
                    reference,
                    reference.statement(
                        chain: ledger.configuration.chain, epoch: ledger.configuration.epoch)))
        case .check(let vote): effects.append(.checkAuthorship(vote))
        case .execute(let block): effects.append(.execute(block))
        case .verdict(let digest, let verdict): turn.inputs.append(.judged(digest, verdict))
        case .caughtUp(let run):
            turn.inputs.append(.caughtUp(run))
            effects.append(.committed(run))
        case .readBlocks(let request, let peer): effects.append(.readBlocks(request, for: peer))
        case .readBatches(let references, let peer):
            effects.append(.readBatches(references, for: peer))
        case .readReady(let ticket): effects.append(.readReady(upTo: ticket))
        case .askApplication(let block, let batches):
            effects.append(.askApplication(block, batches))
        case .diverged(let divergence): effects.append(.diverged(divergence))
        case .displaced(let batch): effects.append(.displaced(batch))
        case .accuse(let evidence): effects.append(.accuse(evidence))
        case .reject(let rejection, let peer):
            effects.append(.rejectedLedger(rejection, from: peer))
        }
    }

    /// Tells the protocol whether there is work, when that changed or more came.
    private mutating func reportWork(_ turn: inout Turn) {
        if ledger.pace.takeDue(at: turn.now) {
            turn.hasNewBatch = true
            ledger.hasNews = true
        }
        let isPending = ledger.pool.hasWork
        guard isPending != wasWorkPending || (isPending && turn.hasNewBatch) else { return }
        wasWorkPending = isPending
        turn.hasNewBatch = false
        turn.inputs.append(.work(pending: isPending))
    }

    /// One timer for both parts.
    private mutating func setTimer(_ turn: Turn, into effects: inout [ReplicaEffect<P>]) {
        if let instant = turn.protocolTimer { protocolTimer = instant }
        var deadline = protocolTimer
        // A draft may have been held back since the ledger last looked.
        for case let due? in [ledger.nextDeadline, ledger.pace.due] {
            deadline = deadline.map { min($0, due) } ?? due
        }
        guard let deadline, deadline != timer || deadline <= turn.now else { return }
        timer = deadline
        effects.append(.setTimer(deadline))
    }

    // MARK: Questions

    /// Whether a message with this head is worth being hashed.
    public func isUseful(_ head: BatchHead, from sender: ValidatorIndex) -> Bool {
        (try? ledger.check(head, from: sender)) != nil
    }

    /// Whether `message` is worth the time that its signatures take.
    public func isUseful(_ message: ReplicaMessage<P>, from sender: ValidatorIndex) -> Bool {
        switch message {
        case .consensus(let part): consensus.isUseful(part)
        case .ledger(.batch(let copy)): ledger.isUseful(copy, from: sender)
        case .ledger(.syncResponse), .ledger(.syncAncestors):
            ledger.catchUp.isAwaiting(sender)
        case .ledger: true
        }
    }

    /// `message` as verified, if the link from `sender` proves what its signatures would: a batch
    /// that its author sends itself, as long as that one was never found to sign falsely. See
    /// `AuthorshipChecks` for when its signature is checked.
    public func trusted(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex
    ) -> Verified<ReplicaMessage<P>>? {
        guard case .ledger(.batch(let copy)) = message, copy.batch.author == sender,
            !ledger.pool.isDistrusted(sender)
        else { return nil }
        return Verified(message)
    }

    /// The sequence that the next own batch must have.
    public var nextOwnSequence: BatchSequence { ledger.pool.nextUnused(of: own) }

    /// Whether another own batch of `byteCount` bytes may be sealed. If not, clients have to wait.
    public func hasRoom(for byteCount: Int) -> Bool {
        !isBelowFloor && ledger.pool.slotCount(of: own) < ledger.limits.batchesPerAuthor / 2
            && ledger.pool.byteCount(of: own) + byteCount <= ledger.limits.bytesPerAuthor / 2
    }

    /// Whether the chain is gone on which this validator has spoken, and has not been taken from
    /// others so far. What it said there, and the batches it sent, it can't know.
    private var isBelowFloor: Bool { ledger.queue.tail.height < floor.height }

    /// The last committed height, executed or not.
    public var committedHeight: Height { ledger.queue.tail.height }
    public var executedHeight: Height { ledger.queue.executed }
    /// The bytes of all batches that wait to be ordered.
    public var pendingBytes: Int { ledger.pool.byteCount }
    public var isCatchingUp: Bool { ledger.catchUp.isActive }

    /// What a new log must begin with, once everything before it is dropped.
    ///
    /// The protocol forgets a view once it is committed, so what is committed and not executed
    /// stands here itself: without it a restart would begin below the votes of those views.
    ///
    /// - Precondition: what was executed is durable.
    public var liveRecords: [ReplicaRecord<P>] {
        [.floor(floor.joined(consensus.forgotten))]
            + ledger.queue.runs.flatMap { ReplicaRecord.records(of: $0) }
            + consensus.liveRecords.map { .consensus($0) }
            + (ledger.queue.batches.map { BatchCopy($0) } + ledger.pool.heldBatches)
            .map { .batch($0) }
    }
}
