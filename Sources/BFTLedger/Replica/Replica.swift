@_spi(Verification) public import BFTBase
public import BFTCore

/// A protocol and a ledger, put together: the whole of a validator that needs no I/O.
///
/// The node and the simulator both host this value, so that what is tested is what runs. It carries
/// between its two parts what one wants of the other, and decides nothing itself.
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
            configuration: ledger.committedHead.height < floor.height
                ? configuration.above(floor) : configuration,
            root: ledger.committedHead,
            certificate: ledger.headCertificate ?? state.certificate, recovered: records)
    }

    public mutating func handle(
        _ input: ReplicaInput<P>, at now: Instant, wallTime: Timestamp,
        into effects: inout [ReplicaEffect<P>]
    ) {
        var turn = Turn<P>(now: now, wallTime: wallTime)
        swap(&turn.effects, &effects)
        dispatch(input, &turn)
        if mayHaveGaps, !isBelowFloor {
            mayHaveGaps = false
            ledger.handle(.mayHaveGaps, &turn)
        }
        repeat {
            drain(&turn)
            ledger.settle(ownClaim: consensus.commitVoteHeight, &turn)
            drain(&turn)
            ledger.reportWork(&turn)
        } while !turn.inputs.isEmpty || ledger.hasNews
        setTimer(&turn)
        swap(&turn.effects, &effects)
    }

    private mutating func dispatch(_ input: ReplicaInput<P>, _ turn: inout Turn<P>) {
        switch input {
        case .started:
            turn.inputs.append(.started)
            ledger.handle(.started, &turn)
        case .received(let message, let sender): receive(message, from: sender, &turn)
        case .connected(let peer):
            turn.inputs.append(.connected(peer))
            ledger.handle(.connected(peer), &turn)
        case .disconnected(let peer): turn.inputs.append(.disconnected(peer))
        case .timerFired:
            timer = nil  // A host may fire early: then it is set again.
            turn.inputs.append(.timerFired)
            ledger.handle(.timerFired, &turn)
        case .sealed(let batch):
            precondition(batch.author == own, "a batch of another author")
            ledger.handle(.sealed(batch), &turn)
        case .stored(let reference): ledger.handle(.stored(reference), &turn)
        case .batchSigned(let reference, let signature):
            ledger.handle(.batchSigned(reference, signature: signature), &turn)
        case .authorshipChecked(let vote, let isGenuine):
            ledger.handle(.authorshipChecked(vote, isGenuine: isGenuine), &turn)
        case .executed(let height, let root):
            ledger.handle(.executed(height, stateRoot: root), &turn)
        case .applicationJudged(let digest, let isValid):
            ledger.handle(.applicationJudged(digest, isValid: isValid), &turn)
        case .read(let ticket): ledger.handle(.read(ticket: ticket), &turn)
        }
    }

    private mutating func receive(
        _ message: Verified<ReplicaMessage<P>>, from sender: ValidatorIndex,
        _ turn: inout Turn<P>
    ) {
        switch message.value {
        case .consensus(let part):
            // The claims of the whole are those of the part, and they were checked.
            turn.inputs.append(.received(Verified(part), from: sender))
        case .ledger(let part):
            let height = consensus.commitVoteHeight
            ledger.handle(.received(part, from: sender, commitVoteHeight: height), &turn)
        }
    }

    /// Tells the protocol all that it has to be told, and carries out what it asks for.
    private mutating func drain(_ turn: inout Turn<P>) {
        while let input = turn.inputs.popFirst() {
            var produced: [Effect<P>] = []
            consensus.handle(input, at: turn.now, into: &produced)
            for effect in produced { carryOut(effect, &turn) }
        }
    }

    private mutating func carryOut(_ effect: Effect<P>, _ turn: inout Turn<P>) {
        switch effect {
        case .persist(let record): turn.effects.append(.persist(record))
        case .sign(let unsigned): turn.effects.append(.sign(unsigned))
        case .send(let message, let peer):
            turn.effects.append(.send(.consensus(message), to: peer))
        case .broadcast(let message): turn.effects.append(.broadcast(.consensus(message)))
        case .setTimer(let instant): protocolTimer = instant
        case .draft(let view, let branch):
            let isCautious = Ledger.hasHonestFailed(
                after: branch.tip.view, before: view, in: ledger.configuration,
                ledBy: consensus.leader(of:))
            ledger.handle(.draft(view: view, on: branch, isCautious: isCautious), &turn)
        case .judge(let branch): ledger.handle(.judge(branch), &turn)
        case .commit(let run): ledger.handle(.commit(run), &turn)
        case .fetch(let certificate): ledger.handle(.fetch(certificate), &turn)
        case .accuse(let evidence): turn.effects.append(.accuse(evidence))
        case .reject(let rejection): turn.effects.append(.rejected(rejection))
        }
    }

    /// One timer for both parts.
    private mutating func setTimer(_ turn: inout Turn<P>) {
        var deadline = protocolTimer
        if let due = ledger.nextDeadline { deadline = deadline.map { min($0, due) } ?? due }
        guard let deadline, deadline != timer || deadline <= turn.now else { return }
        timer = deadline
        turn.effects.append(.setTimer(deadline))
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
        case .ledger(let part): ledger.isUseful(part, from: sender)
        }
    }

    /// `message` as verified, if the link from `sender` proves what its signatures would. See
    /// `AuthorshipChecks` for when the signature of such a batch is checked.
    public func trusted(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex
    ) -> Verified<ReplicaMessage<P>>? {
        guard case .ledger(let part) = message, ledger.isProved(part, byLinkFrom: sender) else {
            return nil
        }
        return Verified(message)
    }

    /// The sequence that the next own batch must have.
    public var nextOwnSequence: BatchSequence { ledger.nextOwnSequence }

    /// Whether another own batch of `byteCount` bytes may be sealed. If not, clients have to wait.
    public func hasRoom(for byteCount: Int) -> Bool {
        !isBelowFloor && ledger.hasRoom(for: byteCount)
    }

    /// Whether the chain is gone on which this validator has spoken, and has not been taken from
    /// others so far. What it said there, and the batches it sent, it can't know.
    private var isBelowFloor: Bool { committedHeight < floor.height }

    /// The last committed height, executed or not.
    public var committedHeight: Height { ledger.committedHead.height }
    public var executedHeight: Height { ledger.executedHeight }
    /// The bytes of all batches that wait to be ordered.
    public var pendingBytes: Int { ledger.pendingByteCount }
    public var isCatchingUp: Bool { ledger.isCatchingUp }

    /// What a new log must begin with, once everything before it is dropped.
    ///
    /// The protocol forgets a view once it is committed, so what is committed and not executed
    /// stands here itself: without it a restart would begin below the votes of those views.
    ///
    /// - Precondition: what was executed is durable.
    public var liveRecords: [ReplicaRecord<P>] {
        [.floor(floor.joined(consensus.forgotten))]
            + ledger.liveRuns.flatMap { ReplicaRecord.records(of: $0) }
            + consensus.liveRecords.map { .consensus($0) }
            + ledger.liveBatches.map { .batch($0) }
    }
}
