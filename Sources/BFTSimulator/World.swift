@_spi(Verification) public import BFTBase
public import BFTCore
import BFTLedger
import BFTWire
import KeyValueStore

/// A network of nodes with virtual sockets, disks and clocks on one thread. The seed decides
/// everything: two runs of a seed are the same run, in every build and on every machine.
///
/// What runs is the product: host, replica, protocol, ledger, the safety log with its files, the
/// store of the chain, and the key-value store with commands of clients. Power may be cut between
/// any two things that a host does; what was not durable by then is gone.
///
/// Copies of a world share its disks: run one of them.
public struct World<P: ConsensusProtocol>: Sendable {
    typealias Event = WorldEvent<P>

    public let validators: ValidatorSet
    public let plan: FaultPlan
    public let mistakes: HostMistakes<P>
    /// What the world has seen go wrong. Empty in a good run.
    public internal(set) var violations: [String] = []
    public internal(set) var history: History
    /// What clients did and were answered, in the order in which they began.
    public internal(set) var operations: [ClientOperation] = []
    public internal(set) var statistics = WorldStatistics()
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
    let storage: StorageOptions
    let signatures: any WorldSignatures
    /// What adversaries draw from. Machines and decisions have sources of their own.
    var random: SplitMix64
    /// What the names of decisions are mixed with.
    let decisionSeed: UInt64
    public internal(set) var script: DecisionScript
    /// Notes what happens, if somebody wants to know.
    public var recorder: TraceRecorder?
    var nodes: [SimulatedNode<P>]
    var links: Links
    var clients: [NodeClients]
    var events = EventQueue<Event>()
    public internal(set) var now = Instant(nanoseconds: 0)
    var adversaries: [(any Adversary<P>)?]
    /// When malicious validators fall silent for good, by position.
    let silences: [Int: Instant]
    /// Notes what is new in a run, for a search that is steered by it.
    var probe: (any Probe<P>)?
    /// Validators whose disks may lose what was durable. They follow the protocol otherwise, and
    /// count as malicious.
    let hasBadDisk: [Bool]
    /// Whose chain is moved aside, once one was.
    var chainLoser: ValidatorIndex?
    var coalition: Coalition<P>
    var bench: OracleBench<P>
    /// When everything that clients wanted was done.
    public internal(set) var restedAt: Instant?
    /// Whether nothing leaves a malicious validator any more.
    var areMaliciousSilent = false
    /// When clients stop.
    public var submitUntil: Instant { plan.healAt.advanced(by: plan.submitAfterHeal) }

    /// How long a leader may take, before any back-off. Bounds on progress are stated in this.
    public static var viewTimeout: Interval { .milliseconds(200) }

    /// - Parameters:
    ///   - plan: drawn from the seed unless given.
    ///   - adversaries: the malicious validators, by position.
    ///   - silences: when malicious validators fall silent for good, by position.
    ///   - turns: what malicious validators draw otherwise than the seed says.
    ///   - mistakes: what every host does wrong.
    ///   - signatures: how validators sign; a stand-in unless given.
    ///   - script: which of the seed's decisions are carried out.
    ///   - oracles: which oracles judge the run.
    ///   - guests: oracles that judge it, too.
    public init(
        powers: [VotingPower], seed: UInt64, plan: FaultPlan? = nil,
        adversaries: [Int: any Adversary<P>] = [:], silences: [Int: Instant] = [:],
        turns: [Turn] = [], mistakes: HostMistakes<P> = HostMistakes(),
        signatures: (any WorldSignatures)? = nil, script: DecisionScript = .everything,
        oracles: OracleSelection = .all, guests: [OracleEntry<P>] = []
    ) throws(ValidatorSetError) {
        var random = SplitMix64(seed: seed)
        validators = try ValidatorSet(powers)
        let drawn = FaultPlan.drawn(from: &random)
        let plan = plan ?? drawn
        self.plan = plan
        self.mistakes = mistakes
        chain = Digest(seed, 1, 2, 3)
        timing = .init(
            viewTimeout: Self.viewTimeout, idleInterval: .milliseconds(500), backoffLimit: 4)
        var limits = LedgerLimits()
        limits.answerTimeout = .milliseconds(100)
        limits.batchesPerAuthor = plan.batchesPerAuthor
        // Small, so that floods reach them.
        limits.bytesPerAuthor = 256 << 10
        limits.blockBytes = 64 << 10
        limits.answerBytes = 512 << 10
        // Few, so that certificates often stand further up than one answer reaches.
        limits.syncBlocks = 3
        self.limits = mistakes.limits(limits)
        let signatures = signatures ?? StandInSignature(seed: seed)
        self.signatures = signatures
        storage = StorageOptions(
            saveBlockCount: plan.saveBlockCount)
        let genesis = CommittedState.genesis(
            Block.genesis(
                chain: chain, time: Timestamp(milliseconds: 0),
                stateRoot: KeyValueStore().stateRoot), validatorCount: powers.count)
        let rules = CommitRules(
            chain: chain, epoch: .zero, validators: validators, kinds: P.commitKinds,
            isEnough: { P.isEnough($0, of: $1, among: $2) })
        nodes = powers.indices.map { position in
            SimulatedNode(
                index: ValidatorIndex(position), genesis: genesis, rules: rules,
                clock: MachineClock.drawn(plan, from: &random),
                random: SplitMix64(seed: random.next()))
        }
        links = Links(count: powers.count)
        clients = powers.indices.map { NodeClients(node: $0, count: plan.clientCount) }
        self.adversaries = powers.indices.map { adversaries[$0] }
        self.silences = silences
        let hasBadDisk = Self.badDisks(plan, powers, adversaries.keys.sorted(), &random)
        self.hasBadDisk = hasBadDisk
        deviationCounts = powers.map { _ in 0 }
        history = History(count: powers.count)
        bench = OracleBench(
            oracles, and: guests,
            scene: Scene(
                validators: validators,
                isHonest: powers.indices.map { adversaries[$0] == nil && !hasBadDisk[$0] },
                areClocksRight: plan[.clockJump] == nil, chain: chain, limits: limits,
                signatures: signatures))
        decisionSeed = random.next()
        coalition = Coalition(
            members: powers.indices.filter { adversaries[$0] != nil }.map { ValidatorIndex($0) },
            seed: decisionSeed, turns: turns)
        statistics[.skewedClocks] = nodes.count { $0.clock.skewMilliseconds != 0 }
        statistics[.driftingClocks] = nodes.count { $0.clock.driftPerMillion != 0 }
        self.random = random
        self.script = script
        schedule()
    }

    /// Deals bad disks out, to as many validators as may be malicious beside those that are.
    private static func badDisks(
        _ plan: FaultPlan, _ powers: [VotingPower], _ adversaries: [Int],
        _ random: inout SplitMix64
    ) -> [Bool] {
        var isBad = Array(repeating: false, count: powers.count)
        guard ScheduledFault.allCases.contains(where: { $0.breaksPromises && plan[$0] != nil })
        else { return isBad }
        let total = powers.reduce(0, +)
        var power = adversaries.reduce(0) { $0 + powers[$1] }
        for position in powers.indices.shuffled(using: &random)
        where !adversaries.contains(position) && 3 * (power + powers[position]) < total {
            isBad[position] = true
            power += powers[position]
        }
        return isBad
    }

    private mutating func schedule() {
        for position in nodes.indices {
            let node = ValidatorIndex(position)
            events.add(.restart(node), at: now)
            events.add(.submit(node), at: now.advanced(by: .milliseconds(50)))
            events.add(.read(node), at: now.advanced(by: .milliseconds(60)))
            events.add(.truncate(node), at: now.advanced(by: .milliseconds(100)))
            if adversaries[position] != nil {
                events.add(.speak(node), at: now.advanced(by: .milliseconds(5)))
            }
        }
        for fault in ScheduledFault.allCases where plan[fault] != nil {
            events.add(.fault(fault, ordinal: 1), at: now.advanced(by: .milliseconds(100)))
        }
        events.add(.heal, at: plan.healAt)
    }

    var isFaulty: Bool { now < plan.healAt }

    func isHonest(_ node: ValidatorIndex) -> Bool {
        adversaries[node.rawValue] == nil && !hasBadDisk[node.rawValue]
    }

    /// The validators whose disks may lose what was durable.
    public var untrustedValidators: [ValidatorIndex] {
        validators.indices.filter { hasBadDisk[$0.rawValue] }
    }

    /// Why nodes did not start, in their own words.
    public var refusals: [String] { nodes.compactMap(\.refusal) }

    /// The view of each node that is up.
    public var views: [View] { nodes.compactMap { $0.host?.replica.consensus.view } }

    /// Whether an adversary decides what `node` sends.
    func isMalicious(_ node: ValidatorIndex) -> Bool { adversaries[node.rawValue] != nil }

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

    mutating func run(until end: Instant, orWhen isEnough: (Self) -> Bool) {
        while violations.isEmpty, let next = events.nextTime, next <= end,
            let (time, event) = events.popFirst()
        {
            now = time
            eventCount += 1
            handle(event)
            switch event {
            // What was put off may have been executions.
            case .executed, .resume: if isEnough(self) { return }
            default: break
            }
        }
    }

    private mutating func handle(_ event: Event) {
        if let node = event.machine, nodes[node.rawValue].faults.pausedUntil != nil {
            return nodes[node.rawValue].deferred.append(event)
        }
        note(event.tag)
        trace(event)
        switch event {
        case .deliver(let message, let sender, let target):
            arrive(message, from: sender, at: target)
        case .deliverBytes(let bytes, let sender, let target):
            arrive(bytes, from: sender, at: target)
        case .process(let message, let sender, let target, let life):
            guard nodes[target.rawValue].life == life else { return }
            deliver(message, from: sender, to: target)
        case .timer(let node, let life, let time): fireTimer(node, life: life, at: time)
        case .synced(let node, let life): finishSync(node, life: life)
        case .authorshipChecked(let node, let life, let vote):
            finishChecking(vote, at: node, life: life)
        case .signed(let node, let life, let ticket, let signature):
            finishSigning(ticket, signature, at: node, life: life)
        case .executed(let node, let life, let block, let places):
            execute(block, at: places, by: node, life: life)
        case .storeSynced(let node, let life): finishStoreSync(node, life: life)
        case .stateSaved(let node, let life, let save): write(save, at: node, life: life)
        case .restart(let node): restart(node)
        case .stopFailed(let node, let life): stopFailed(node, life: life)
        case .submit(let node): submit(at: node)
        case .read(let node): read(at: node)
        case .truncate(let node): truncate(node)
        case .speak(let node): speak(node)
        case .fault(let fault, let ordinal): begin(fault, ordinal)
        case .mend(let cut): mend(cut)
        case .diskHasRoom(let node): makeRoom(node)
        case .resume(let node): resume(node)
        case .heal: heal()
        }
    }

    /// Lets `node` do what it has put off, in order, unless another pause lasts longer.
    private mutating func resume(_ node: ValidatorIndex) {
        if let end = nodes[node.rawValue].faults.pausedUntil, now < end { return }
        nodes[node.rawValue].faults.pausedUntil = nil
        while let event = nodes[node.rawValue].deferred.popFirst() { handle(event) }
    }

    /// Adds to the trace: what happened, and when.
    mutating func note(_ word: UInt64) {
        traceHash = (traceHash ^ now.nanoseconds ^ word &* 0x9E37_79B9_7F4A_7C15) &* 0x100_0000_01B3
        traceHash ^= traceHash >> 29
    }
}
