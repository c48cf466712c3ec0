@_spi(Verification) public import BFTBase
public import BFTCore
import BFTLedger
import BFTWire

/// A network of replicas with virtual sockets, disks and clocks on one thread. The seed decides
/// everything: two runs of a seed are the same run.
///
/// What runs is the real replica, protocol and ledger. Power may be cut between any two effects;
/// what was not durable by then is gone.
public struct World<P: ConsensusProtocol> {
    enum Event {
        case deliver(ReplicaMessage<P>, from: ValidatorIndex, to: ValidatorIndex)
        case timer(ValidatorIndex, life: Int, at: Instant)
        case synced(ValidatorIndex, life: Int)
        case stored(ValidatorIndex, life: Int, Batch)
        case executed(ValidatorIndex, life: Int, CommittedBlock)
        case restart(ValidatorIndex)
        case submit(ValidatorIndex)
        case partition
        case heal
        case truncate(ValidatorIndex)
    }

    public let validators: ValidatorSet
    public let plan: FaultPlan
    /// What the world has seen go wrong. Empty in a good run.
    public internal(set) var violations: [String] = []
    public internal(set) var history: History
    public private(set) var eventCount = 0

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
    /// When clients stop.
    var submitUntil = Instant(nanoseconds: 0)

    public init(
        powers: [VotingPower], seed: UInt64, plan: FaultPlan? = nil,
        adversaries: [Int: any Adversary<P>] = [:]
    ) throws(ValidatorSetError) {
        var random = SplitMix64(seed: seed)
        validators = try ValidatorSet(powers)
        self.plan = plan ?? FaultPlan.drawn(from: &random)
        chain = Digest(seed, 1, 2, 3)
        timing = .init(viewTimeout: .milliseconds(200), idleInterval: .milliseconds(500))
        var limits = LedgerLimits()
        limits.answerTimeout = .milliseconds(100)
        self.limits = limits
        signatures = StandInSignature(seed: seed)
        let genesis = CommittedState.genesis(
            Block.genesis(chain: chain, time: Timestamp(milliseconds: 0), stateRoot: .zero),
            validatorCount: powers.count)
        nodes = powers.indices.map { SimulatedNode(index: ValidatorIndex($0), genesis: genesis) }
        sides = Array(repeating: 0, count: powers.count)
        self.adversaries = powers.indices.map { adversaries[$0] }
        history = History(validatorCount: powers.count)
        self.random = random
        schedule()
    }

    private mutating func schedule() {
        submitUntil = plan.healAt.advanced(by: .seconds(4))
        for position in nodes.indices {
            let node = ValidatorIndex(position)
            events.add(.restart(node), at: now)
            events.add(.submit(node), at: now.advanced(by: .milliseconds(50)))
            events.add(.truncate(node), at: now.advanced(by: .seconds(1)))
        }
        if plan.hasPartitions {
            events.add(.partition, at: now.advanced(by: .milliseconds(300)))
        }
        events.add(.heal, at: plan.healAt)
    }

    var isFaulty: Bool { now < plan.healAt }

    func isHonest(_ node: ValidatorIndex) -> Bool { adversaries[node.rawValue] == nil }

    /// Runs until `end` or until something is violated.
    public mutating func run(until end: Instant) {
        while violations.isEmpty, let next = events.nextTime, next <= end,
            let (time, event) = events.popFirst()
        {
            now = time
            eventCount += 1
            handle(event)
        }
        now = max(now, end)
    }

    private mutating func handle(_ event: Event) {
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
        case .stored(let node, let life, let batch):
            guard nodes[node.rawValue].life == life else { return }
            nodes[node.rawValue].disk.log.append(.batch(batch))
            give(.stored(batch.reference), to: node)
        case .executed(let node, let life, let block):
            guard nodes[node.rawValue].life == life else { return }
            execute(block, at: node)
        case .restart(let node): restart(node)
        case .submit(let node): submit(at: node)
        case .partition: split()
        case .heal: sides = sides.map { _ in 0 }
        case .truncate(let node):
            nodes[node.rawValue].truncateLog()
            if now < submitUntil {
                events.add(.truncate(node), at: now.advanced(by: .seconds(1)))
            }
        }
    }

    // MARK: Network

    mutating func send(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, to target: ValidatorIndex
    ) {
        var copies = 1
        if isFaulty {
            guard sides[sender.rawValue] == sides[target.rawValue], !chance(plan.lossPerMille)
            else { return }
            if chance(plan.duplicationPerMille) { copies = 2 }
        }
        for _ in 0..<copies {
            var delay = Interval.microseconds(
                UInt64.random(in: plan.delayMicroseconds, using: &random))
            if isFaulty, chance(plan.stragglerPerMille) { delay = delay.scaled(by: 100) }
            events.add(
                .deliver(message, from: sender, to: target), at: now.advanced(by: delay))
        }
    }

    private mutating func deliver(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, to target: ValidatorIndex
    ) {
        guard let replica = nodes[target.rawValue].replica, replica.isUseful(message),
            message.claims.allSatisfy({ signatures.holds($0) })
        else { return }
        give(.received(Verified(message), from: sender), to: target)
    }

    private mutating func split() {
        guard isFaulty else { return }
        sides = sides.map { _ in Int.random(in: 0...1, using: &random) }
        let pause = Interval.milliseconds(UInt64.random(in: 100...1_500, using: &random))
        events.add(.partition, at: now.advanced(by: pause))
        if Bool.random(using: &random) { sides = sides.map { _ in 0 } }
        guard sides.allSatisfy({ $0 == 0 }) else { return }
        reconnect()
    }

    private mutating func reconnect() {
        for node in validators.indices where nodes[node.rawValue].isUp {
            for peer in validators.indices where peer != node && nodes[peer.rawValue].isUp {
                give(.connected(peer), to: node)
            }
        }
    }

    mutating func chance(_ perMille: Int) -> Bool {
        perMille > 0 && Int.random(in: 0..<1_000, using: &random) < perMille
    }

    // MARK: Life

    private mutating func restart(_ node: ValidatorIndex) {
        guard !nodes[node.rawValue].isUp else { return }
        nodes[node.rawValue].start(configuration: configuration(of: node), limits: limits)
        give(.started, to: node)
        for peer in validators.indices where peer != node && nodes[peer.rawValue].isUp {
            give(.connected(peer), to: node)
            give(.connected(node), to: peer)
        }
    }

    private func configuration(of node: ValidatorIndex) -> ReplicaConfiguration {
        ReplicaConfiguration(
            chain: chain, epoch: .zero, validators: validators, own: node, timing: timing)
    }

    mutating func cutPower(_ node: ValidatorIndex) {
        nodes[node.rawValue].cutPower(random: &random)
        history.forgetExecution(beyond: nodes[node.rawValue].disk.blocks.count, at: node)
        let pause = Interval.milliseconds(UInt64.random(in: 10...800, using: &random))
        events.add(.restart(node), at: now.advanced(by: pause))
    }

    private mutating func submit(at node: ValidatorIndex) {
        guard now < submitUntil else { return }
        let pause = Interval.milliseconds(UInt64.random(in: 5...150, using: &random))
        events.add(.submit(node), at: now.advanced(by: pause))
        guard let replica = nodes[node.rawValue].replica, replica.hasRoom(for: 64) else { return }
        var builder = BatchBuilder()
        let transaction = random.next()
        builder.append(upTo: 8) { buffer in
            for shift in 0..<8 {
                buffer.append(UInt8(truncatingIfNeeded: transaction >> UInt64(8 * shift)))
            }
        }
        let batch = builder.seal(author: node, sequence: replica.nextOwnSequence)
        history.submitted(batch)
        give(.sealed(batch), to: node)
    }
}
