@_spi(Verification) public import BFTBase
public import BFTCore
import BFTLedger
import BFTWire

/// A network of replicas with virtual sockets, disks and clocks on one thread. The seed decides
/// everything: two runs of a seed are the same run.
///
/// What runs is the real replica, protocol and ledger. Power may be cut between any two effects;
/// what was not durable by then is gone.
public struct World<P: ConsensusProtocol>: Sendable {
    enum Event: Sendable {
        case deliver(ReplicaMessage<P>, from: ValidatorIndex, to: ValidatorIndex)
        case timer(ValidatorIndex, life: Int, at: Instant)
        case synced(ValidatorIndex, life: Int)
        case stored(ValidatorIndex, life: Int, Batch)
        case executed(ValidatorIndex, life: Int, CommittedBlock)
        case restart(ValidatorIndex)
        case submit(ValidatorIndex)
        case read(ValidatorIndex)
        case truncate(ValidatorIndex)
        case speak(ValidatorIndex)
        case partition
        case pause
        case heal
    }

    public let validators: ValidatorSet
    public let plan: FaultPlan
    public let mistakes: HostMistakes<P>
    /// What the world has seen go wrong. Empty in a good run.
    public internal(set) var violations: [String] = []
    public internal(set) var history: History
    /// How many times each malicious validator did something that an honest one would not have.
    public internal(set) var deviationCounts: [Int]
    /// How many messages of malicious validators were no messages.
    public internal(set) var malformedCount = 0
    public private(set) var eventCount = 0
    /// A digest of every event, its time and its replica: equal for equal runs.
    public private(set) var traceHash: UInt64 = 0

    let chain: Digest
    let timing: ReplicaConfiguration.Timing
    let limits: LedgerLimits
    let signatures: StandInSignature
    var random: SplitMix64
    var nodes: [SimulatedNode<P>]
    var events = EventQueue<Event>()
    public internal(set) var now = Instant(nanoseconds: 0)
    /// Which side of the split each replica is on.
    var sides: [Int]
    var adversaries: [(any Adversary<P>)?]
    var coalition: Coalition<P>
    var bench: OracleBench<P>
    /// When clients stop.
    public var submitUntil: Instant { plan.healAt.advanced(by: plan.submitAfterHeal) }

    /// How long a leader may take, before any back-off. Bounds on progress are stated in this.
    public static var viewTimeout: Interval { .milliseconds(200) }

    /// - Parameters:
    ///   - plan: drawn from the seed unless given.
    ///   - adversaries: the malicious validators, by position.
    ///   - mistakes: what every host does wrong.
    ///   - oracles: which oracles judge the run.
    public init(
        powers: [VotingPower], seed: UInt64, plan: FaultPlan? = nil,
        adversaries: [Int: any Adversary<P>] = [:], mistakes: HostMistakes<P> = HostMistakes(),
        oracles: OracleSelection = .all
    ) throws(ValidatorSetError) {
        var random = SplitMix64(seed: seed)
        validators = try ValidatorSet(powers)
        let drawn = FaultPlan.drawn(from: &random)
        self.plan = plan ?? drawn
        self.mistakes = mistakes
        chain = Digest(seed, 1, 2, 3)
        timing = .init(
            viewTimeout: Self.viewTimeout, idleInterval: .milliseconds(500), backoffLimit: 4)
        var limits = LedgerLimits()
        limits.answerTimeout = .milliseconds(100)
        // Small, so that floods reach them.
        limits.bytesPerAuthor = 256 << 10
        limits.blockBytes = 64 << 10
        self.limits = limits
        signatures = StandInSignature(seed: seed)
        let genesis = CommittedState.genesis(
            Block.genesis(chain: chain, time: Timestamp(milliseconds: 0), stateRoot: .zero),
            validatorCount: powers.count)
        nodes = powers.indices.map { SimulatedNode(index: ValidatorIndex($0), genesis: genesis) }
        sides = Array(repeating: 0, count: powers.count)
        self.adversaries = powers.indices.map { adversaries[$0] }
        coalition = Coalition(
            members: powers.indices.filter { adversaries[$0] != nil }.map { ValidatorIndex($0) })
        deviationCounts = powers.map { _ in 0 }
        history = History(count: powers.count)
        bench = OracleBench(
            oracles,
            scene: Scene(
                validators: validators, isHonest: powers.indices.map { adversaries[$0] == nil },
                chain: chain, limits: limits, signatures: signatures))
        self.random = random
        schedule()
    }

    private mutating func schedule() {
        for position in nodes.indices {
            let node = ValidatorIndex(position)
            events.add(.restart(node), at: now)
            events.add(.submit(node), at: now.advanced(by: .milliseconds(50)))
            events.add(.read(node), at: now.advanced(by: .milliseconds(60)))
            events.add(.truncate(node), at: now.advanced(by: .milliseconds(100)))
            if !isHonest(node) { events.add(.speak(node), at: now.advanced(by: .milliseconds(5))) }
        }
        if plan.hasPartitions { events.add(.partition, at: now.advanced(by: .milliseconds(200))) }
        if plan.hasPauses { events.add(.pause, at: now.advanced(by: .milliseconds(100))) }
        events.add(.heal, at: plan.healAt)
    }

    var isFaulty: Bool { now < plan.healAt }

    func isHonest(_ node: ValidatorIndex) -> Bool { adversaries[node.rawValue] == nil }

    var wallTime: Timestamp {
        Timestamp(milliseconds: 1_700_000_000_000 + now.nanoseconds / 1_000_000)
    }

    func configuration(of node: ValidatorIndex) -> ReplicaConfiguration {
        ReplicaConfiguration(
            chain: chain, epoch: .zero, validators: validators, own: node, timing: timing)
    }

    // MARK: Running

    /// Runs until `end` or until something is violated.
    public mutating func run(until end: Instant) {
        run(until: end, orWhen: { _ in false })
        now = max(now, end)
    }

    /// Runs through the faults and on until everything that an honest replica had stored is
    /// executed at every honest replica, and every read is answered. It is a violation if that
    /// takes longer than `bound` from when clients stop.
    public mutating func runToRest(within bound: Interval) {
        run(until: submitUntil)
        run(until: submitUntil.advanced(by: bound), orWhen: \.isAtRest)
        guard violations.isEmpty else { return }
        for node in validators.indices { measure(node) }
        observe(.rested(unfinished: isAtRest ? nil : standstill))
    }

    private var standstill: String {
        let states = validators.indices.map { nodes[$0.rawValue].description }
        return "no rest: \(history.outstandingCount) batches wait at height \(history.height); "
            + states.joined(separator: "; ")
    }

    private var isAtRest: Bool {
        guard history.outstandingCount == 0 else { return false }
        return validators.indices.allSatisfy { node in
            !isHonest(node)
                || (nodes[node.rawValue].isUp
                    && history.executedCounts[node.rawValue] == history.height
                    && history.waitingReadCount(at: node) == 0)
        }
    }

    private mutating func run(until end: Instant, orWhen isEnough: (Self) -> Bool) {
        while violations.isEmpty, let next = events.nextTime, next <= end,
            let (time, event) = events.popFirst()
        {
            now = time
            eventCount += 1
            handle(event)
            guard case .executed = event, isEnough(self) else { continue }
            return
        }
    }

    private mutating func handle(_ event: Event) {
        if let node = event.machine, let until = nodes[node.rawValue].pausedUntil {
            // One nanosecond more, so that nothing due at the end passes what waited for it.
            let resumed = until.advanced(by: Interval(nanoseconds: 1))
            if now < resumed { return events.add(event, at: resumed) }
            nodes[node.rawValue].pausedUntil = nil
        }
        note(event.tag)
        switch event {
        case .deliver(let message, let sender, let target):
            deliver(message, from: sender, to: target)
        case .timer(let node, let life, let time):
            guard nodes[node.rawValue].life == life, nodes[node.rawValue].timer == time else {
                return
            }
            nodes[node.rawValue].timer = nil
            give(.timerFired, to: node)
        case .synced(let node, let life): finishSync(node, life: life)
        case .stored(let node, let life, let batch): finishStore(batch, at: node, life: life)
        case .executed(let node, let life, let block):
            guard nodes[node.rawValue].life == life else { return }
            execute(block, at: node)
        case .restart(let node): restart(node)
        case .submit(let node): submit(at: node)
        case .read(let node): read(at: node)
        case .truncate(let node): truncate(node)
        case .speak(let node): speak(node)
        case .partition: split()
        case .pause: pause()
        case .heal: heal()
        }
    }

    /// Adds to the trace: what happened, and when.
    mutating func note(_ word: UInt64) {
        traceHash = (traceHash ^ now.nanoseconds ^ word &* 0x9E37_79B9_7F4A_7C15) &* 0x100_0000_01B3
        traceHash ^= traceHash >> 29
    }

    mutating func chance(_ perMille: Int) -> Bool {
        perMille > 0 && Int.random(in: 0..<1_000, using: &random) < perMille
    }

    mutating func milliseconds(_ range: ClosedRange<UInt64>) -> Interval {
        .milliseconds(UInt64.random(in: range, using: &random))
    }
}

extension World.Event {
    /// The machine on which the event happens. A machine that is paused does it later.
    var machine: ValidatorIndex? {
        switch self {
        case .deliver(_, _, let node), .timer(let node, _, _), .synced(let node, _),
            .stored(let node, _, _), .executed(let node, _, _):
            node
        case .restart, .submit, .read, .truncate, .speak, .partition, .pause, .heal: nil
        }
    }

    /// Tells events apart in the trace.
    var tag: UInt64 {
        func tag(_ kind: UInt64, _ node: ValidatorIndex?, _ other: ValidatorIndex? = nil) -> UInt64
        {
            kind << 32 | UInt64(node?.rawValue ?? 0) << 16 | UInt64(other?.rawValue ?? 0)
        }
        return switch self {
        case .deliver(_, let sender, let node): tag(1, node, sender)
        case .timer(let node, _, _): tag(2, node)
        case .synced(let node, _): tag(3, node)
        case .stored(let node, _, _): tag(4, node)
        case .executed(let node, _, _): tag(5, node)
        case .restart(let node): tag(6, node)
        case .submit(let node): tag(7, node)
        case .read(let node): tag(8, node)
        case .truncate(let node): tag(9, node)
        case .speak(let node): tag(10, node)
        case .partition: tag(11, nil)
        case .pause: tag(12, nil)
        case .heal: tag(13, nil)
        }
    }
}
