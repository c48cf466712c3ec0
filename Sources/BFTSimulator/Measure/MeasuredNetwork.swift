@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger
import BFTWire

/// What happens next in a measured network.
enum MeasuredEvent: Sendable {
    /// The next arrival of a flight.
    case landing(slot: Int)
    case timer(Int, at: Instant)
    /// A malicious validator may say something of its own accord.
    case speak(Int)
}

/// A network of replicas in which everything is counted.
///
/// What runs is the product's replica, protocol and ledger. Disks, executors and signatures take
/// no time, so that what is measured is the protocol and the network; all clocks are right. Only
/// what malicious validators send is checked: the others send nothing that does not hold.
struct MeasuredNetwork<P: Attackable> {
    /// A message on its way to many, with what it weighs. One for all receivers.
    final class Letter: Sendable {
        let message: ReplicaMessage<P>
        let byteCount: Int
        let claimCount: Int

        init(_ message: ReplicaMessage<P>) {
            self.message = message
            byteCount = message.encoded.count
            claimCount = message.claims.count
        }
    }

    let measurement: Measurement
    let validators: ValidatorSet
    let signatures: MeasuredSignatures
    let genesis: CommittedState
    private let schedule: LeaderSchedule
    var random: SplitMix64
    /// By validator, also of those that are down. Apart from everything else that is known of a
    /// validator, so that it is changed where it stands.
    var hosts: [ReplicaHost<P>] = []
    var isUp: [Bool]
    private var timers: [Instant?]
    var adversaries: [(any Adversary<P>)?]
    var coalition: Coalition<P>
    private var events = EventQueue<MeasuredEvent>()
    private var flights = Flights<Letter>()
    var now = Instant(nanoseconds: 0)
    var run = MeasuredRun()
    /// What was counted when the first blocks were committed.
    private var start: MeasuredRun?
    private var end: MeasuredRun?
    private var startedAt = Instant(nanoseconds: 0)
    /// The committed blocks, by height - 1: what peers are sent that lack them.
    var blocks: [CommittedBlock] = []
    private var committedHeight = Height.zero
    private var lastView = View.zero
    private var failedAt: Instant?
    /// Who has committed the last height, and who a block made after the leader failed.
    private var isDone: [Bool]
    private var hasRecovered: [Bool]

    init(_ measurement: Measurement) throws {
        self.measurement = measurement
        let count = measurement.validatorCount
        let validators = try ValidatorSet(Array(repeating: 1, count: count))
        self.validators = validators
        let (seed, isHostile) = (measurement.seed, measurement.byzantineCount > 0)
        signatures = MeasuredSignatures(
            byteCount: measurement.signatureByteCount,
            standIn: isHostile ? StandInSignature(seed: seed) : nil)
        random = SplitMix64(seed: seed)
        isUp = (0..<count).map { !measurement.isCrashed($0) }
        timers = Array(repeating: nil, count: count)
        isDone = Array(repeating: false, count: count)
        hasRecovered = isDone
        run.loads = Array(repeating: .init(), count: count)
        run.proposedCounts = Array(repeating: 0, count: count)
        schedule = LeaderSchedule(validators)
        genesis = CommittedState.genesis(
            Block.genesis(
                chain: Digest(seed, 1, 2, 3), time: Timestamp(milliseconds: 0), stateRoot: .zero),
            validatorCount: count)
        guard let entry = AdversaryCatalogue<P>.named(measurement.adversary) else {
            throw ScenarioError.unknownAdversary(measurement.adversary)
        }
        adversaries = (0..<count).map { measurement.isByzantine($0) ? entry.make() : nil }
        coalition = Coalition(
            members: validators.indices.filter { measurement.isByzantine($0.rawValue) },
            seed: seed, turns: [])
        for position in 0..<count {
            hosts.append(
                ReplicaHost(
                    Replica(
                        configuration: configuration(of: position), limits: LedgerLimits(),
                        state: genesis, recovered: [])))
        }
    }

    func configuration(of position: Int) -> ReplicaConfiguration {
        let network = measurement.network
        return ReplicaConfiguration(
            chain: Digest(measurement.seed, 1, 2, 3), epoch: .zero, validators: validators,
            own: ValidatorIndex(position),
            timing: .init(viewTimeout: network.viewTimeout, idleInterval: network.viewTimeout),
            leaders: schedule)
    }

    /// Whether what `position` does counts: it is up and follows the protocol.
    func isCounted(_ position: Int) -> Bool { isUp[position] && adversaries[position] == nil }

    // MARK: Running

    private var lastHeight: Height {
        Height(Measurement.warmUpCount + UInt64(measurement.blockCount))
    }

    private var isEnough: Bool {
        hosts.indices.allSatisfy {
            !isCounted($0)
                || (isDone[$0] && (!measurement.doesLeaderFail || hasRecovered[$0]))
        }
    }

    /// Runs until the last block is committed everywhere, or so much time has passed that it
    /// never will be.
    mutating func measured() -> MeasuredRun {
        for position in hosts.indices where isUp[position] { pump(position) }
        let authors = hosts.indices.filter(isCounted).prefix(measurement.authorCount)
        for author in authors { give(.sealed(nextBatch(of: author)), to: author) }
        for position in hosts.indices where adversaries[position] != nil {
            events.add(.speak(position), at: now)
        }
        let limit = Interval.seconds(600)
        var isOver = false
        while !isOver, let (time, event) = events.popFirst(), time.nanoseconds < limit.nanoseconds {
            now = time
            run.eventCount += 1
            let commits = run.blockCount
            handle(event)
            if run.blockCount != commits { isOver = isEnough }
        }
        var result = end ?? run
        if let start { result = result.since(start, isCounted: isCounted) }
        result.eventCount = run.eventCount
        result.blockCount = measurement.blockCount
        result.latencies = run.latencies.sorted()
        result.recovery = run.recovery
        result.isComplete = isOver
        return result
    }

    private mutating func handle(_ event: MeasuredEvent) {
        switch event {
        case .timer(let position, let time):
            guard isUp[position], timers[position] == time else { return }
            timers[position] = nil
            give(.timerFired, to: position)
        case .landing(let slot):
            guard let landing = flights.land(slot) else { return }
            if let next = landing.next { events.add(event, at: next) }
            receive(landing.cargo, from: landing.sender, at: landing.target)
        case .speak(let position):
            let pause = measurement.network.viewTimeout.nanoseconds / 64
            events.add(event, at: now.advanced(by: Interval(nanoseconds: pause)))
            speak(position)
        }
    }

    private mutating func receive(_ letter: Letter, from sender: Int, at position: Int) {
        guard isUp[position] else { return }
        if !hear(letter, from: sender, at: position) { return }
        guard hosts[position].replica.isUseful(letter.message, from: ValidatorIndex(sender)) else {
            return
        }
        let isTrusted =
            hosts[position].replica.trusted(letter.message, from: ValidatorIndex(sender)) != nil
        if !isTrusted {
            run.verifiedCount += letter.claimCount
            run.loads[position].verifiedCount += letter.claimCount
        }
        guard
            adversaries[sender] == nil || isTrusted
                || signatures.holds(letter.message)
        else { return }
        give(.received(Verified(letter.message), from: ValidatorIndex(sender)), to: position)
    }

    mutating func give(_ input: ReplicaInput<P>, to position: Int) {
        handle(input, at: position)
        pump(position)
    }

    private mutating func handle(_ input: ReplicaInput<P>, at position: Int) {
        hosts[position].handle(input, at: now, wallTime: wallTime)
        noteView(of: position)
    }

    /// Does what a host says. A leader that stops says nothing in the view that it enters.
    private mutating func pump(_ position: Int) {
        while isUp[position], let output = hosts[position].next() { perform(output, at: position) }
    }

    /// Wall clocks count microseconds here, so that the time in a block says precisely when it was
    /// made.
    var wallTime: Timestamp { Timestamp(milliseconds: now.nanoseconds / 1_000) }

    private mutating func perform(_ output: HostOutput<P>, at position: Int) {
        switch output {
        case .append: hosts[position].assumeDurable()
        case .sign(let request):
            let signature = sign(request, at: position)
            hosts[position].signed(request.ticket, signature)
        case .checkAuthorship(let vote):
            let isGenuine = signatures.holds(vote)
            handle(.authorshipChecked(vote, isGenuine: isGenuine), at: position)
        case .publish(let unsigned, let message): publish(unsigned, message, from: position)
        case .give(let input): handle(input, at: position)
        case .send(let message, let peer): send(message, from: position, to: [peer])
        case .broadcast(let message): send(message, from: position, to: peers(of: position))
        case .setTimer(let instant):
            timers[position] = instant
            events.add(.timer(position, at: instant), at: max(now, instant))
        case .execute(let block, _):
            let height = block.block.height
            if UInt64(blocks.count) < height.rawValue { blocks.append(block) }
            handle(
                .executed(height, stateRoot: Digest(height.rawValue, 0, 0, 0)), at: position)
            if block.batches.contains(where: { $0.author.rawValue == position }) {
                handle(.sealed(nextBatch(of: position)), at: position)
            }
        case .readBlocks(let request, let peer): sendBlocks(request, to: peer, of: position)
        case .readBatches(let references, let peer):
            for block in blocks {
                for batch in block.batches where references.contains(batch.reference) {
                    send(.ledger(.batch(BatchCopy(batch))), from: position, to: [peer])
                }
            }
        case .askApplication(let block, _):
            handle(.applicationJudged(block.digest, isValid: true), at: position)
        case .committed(let committed): note(committed, at: position)
        case .flush, .readReady, .accuse, .diverged, .displaced, .rejected, .rejectedLedger,
            .syncStore, .truncate:
            break
        }
    }

    // MARK: The network

    /// Has a letter delivered to all `targets` that are up, in their own time.
    mutating func post(_ letter: Letter, from sender: Int, to targets: [ValidatorIndex]) {
        var receivers: [(target: Int, delay: Interval)] = []
        receivers.reserveCapacity(targets.count)
        let count = targets.count { $0.rawValue != sender }
        run.messageCount += count
        run.byteCount += count * letter.byteCount
        run.loads[sender].send(count * letter.byteCount)
        for target in targets.lazy.map(\.rawValue) where target != sender {
            guard isUp[target] else { continue }
            run.loads[target].receivedByteCount += letter.byteCount
            receivers.append((target, delay(from: sender, to: target)))
        }
        guard let flight = flights.launch(letter, from: sender, at: now, to: receivers) else {
            return
        }
        events.add(.landing(slot: flight.slot), at: flight.first)
    }

    private mutating func delay(from sender: Int, to target: Int) -> Interval {
        if let delay = measurement.network.delay { return delay }
        guard measurement.network == .wan else {
            return .microseconds(UInt64.random(in: 200...600, using: &random))
        }
        return .microseconds(
            Regions.microseconds(from: sender, to: target)
                + UInt64.random(in: 200...3_000, using: &random))
    }

    // MARK: What came of it

    /// Whether the counting has begun.
    var isCounting: Bool { start != nil }

    private mutating func note(_ committed: CommittedRun, at position: Int) {
        guard isCounted(position) else { return }
        run.blockCount += 1
        for block in committed.blocks where block.height > committedHeight {
            committedHeight = block.height
            run.batchCount += block.payload.count
            run.proposedCounts[block.proposer.rawValue] += 1
        }
        for block in committed.blocks {
            let latency = Interval(
                nanoseconds: now.nanoseconds - block.time.milliseconds * 1_000)
            if block.height.rawValue > Measurement.warmUpCount, block.height <= lastHeight {
                run.latencies.append(latency)
            }
            if let failedAt, !hasRecovered[position],
                block.time.milliseconds * 1_000 > failedAt.nanoseconds
            {
                hasRecovered[position] = true
                run.recovery = now.since(failedAt)
            }
        }
        let height = committed.last.height
        if start == nil, height.rawValue >= Measurement.warmUpCount {
            // Greetings are no bursts of the protocol's.
            for validator in run.loads.indices { run.loads[validator].burstByteCount = 0 }
            start = run
            startedAt = now
        }
        // A leader that keeps its view: no view begins.
        if height.rawValue >= Measurement.warmUpCount + 2 { failLeader(as: position) }
        guard height >= lastHeight else { return }
        isDone[position] = true
        guard end == nil else { return }
        end = run
        end?.time = now.since(startedAt)
    }

    /// Stops the leader of a view that begins.
    private mutating func noteView(of position: Int) {
        guard measurement.doesLeaderFail, failedAt == nil else { return }
        let view = hosts[position].replica.consensus.view
        guard view > lastView else { return }
        lastView = view
        failLeader(as: position)
    }

    /// Stops the leader of the view that `witness` is in, once.
    private mutating func failLeader(as witness: Int) {
        guard measurement.doesLeaderFail, failedAt == nil, isCounting else { return }
        let view = hosts[witness].replica.consensus.view
        let leader = hosts[witness].replica.consensus.leader(of: view)
        guard isUp[leader.rawValue] else { return }
        failedAt = now
        isUp[leader.rawValue] = false
    }
}
