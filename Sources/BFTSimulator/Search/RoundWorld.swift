@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger
import BFTWire

/// A small world for searches that go view by view. All messages take the same time, disks are
/// perfect and executors fast: nothing goes wrong but what the plan says.
///
/// A view's split ends after three of its timeouts, so that a network in which no part has a
/// quorum goes on; after the planned views nothing goes wrong any more.
struct RoundWorld<P: ConsensusProtocol>: Sendable {
    enum Event: Sendable {
        case deliver(ReplicaMessage<P>, from: Int, to: Int)
        case timer(Int, at: Instant)
        case executed(Int, CommittedBlock)
        /// The split of a view has lasted long enough.
        case splitEnded
        /// A link that had lost something was made again.
        case connected(Int, to: Int)
    }

    struct Instance: Sendable {
        let validator: ValidatorIndex
        var host: ReplicaHost<P>
        var timer: Instant?
        var state: CommittedState
        /// The blocks it executed, by height - 1.
        var blocks: [CommittedBlock] = []
        /// The batches it executed.
        var batches: Set<BatchReference> = []
        var submissionCount = 0
        var view = View.zero
    }

    let plan: RoundPlan
    let liar: RoundLiar<P>?
    let validators: ValidatorSet
    let signatures: StandInSignature
    var instances: [Instance]
    var events = EventQueue<Event>()
    var now = Instant(nanoseconds: 0)
    /// Whether a link lost a message since it was made, by its two ends, the lower one first.
    private var isBroken: [[Bool]]
    /// When the first instance came to each planned view.
    private var firstEntry: [Instant?]
    /// Stored at honest authors.
    private var outstanding: Set<BatchReference> = []
    var violations: [String] = []
    private(set) var eventCount = 0
    private(set) var traceHash: UInt64 = 0
    var recorder: TraceRecorder?

    private static var timeout: Interval { World<P>.viewTimeout }
    /// How long the split of a view lasts.
    private static var splitTime: Interval { timeout.scaled(by: 3) }
    static var delay: Interval { .milliseconds(5) }

    /// - Parameters:
    ///   - seed: decides nothing but names: of the chain and of transactions.
    ///   - liar: a validator without a twin that departs from the protocol.
    init(
        _ plan: RoundPlan, seed: UInt64, liar: RoundLiar<P>? = nil
    ) throws(ValidatorSetError) {
        self.plan = plan
        self.liar = liar
        let validators = try ValidatorSet(plan.powers)
        self.validators = validators
        signatures = StandInSignature(seed: seed)
        let chain = Digest(seed, 7, 7, 7)
        let genesis = CommittedState.genesis(
            Block.genesis(chain: chain, time: Timestamp(milliseconds: 0), stateRoot: .zero),
            validatorCount: validators.count)
        var limits = LedgerLimits()
        limits.answerTimeout = .milliseconds(100)
        instances = plan.instances.map { validator in
            let configuration = ReplicaConfiguration(
                chain: chain, epoch: .zero, validators: validators, own: validator,
                timing: .init(
                    viewTimeout: Self.timeout, idleInterval: .milliseconds(500), backoffLimit: 4),
                leaders: LeaderSchedule(cycle: plan.leaders))
            return Instance(
                validator: validator,
                host: ReplicaHost(
                    Replica(
                        configuration: configuration, limits: limits, state: genesis,
                        recovered: [])),
                state: genesis)
        }
        let links = Array(repeating: false, count: plan.instances.count)
        isBroken = Array(repeating: links, count: plan.instances.count)
        firstEntry = Array(repeating: nil, count: plan.rounds.count)
        for round in plan.rounds.indices {
            let view = View(UInt64(round) + 1)
            precondition(
                instances[0].host.replica.consensus.leader(of: view) == plan.rounds[round].leader,
                "this protocol takes leaders from elsewhere than its configuration")
        }
    }

    /// Whether an instance has no twin and follows the protocol.
    func isHonest(_ instance: Int) -> Bool { isHonest(instances[instance].validator) }

    func isHonest(_ validator: ValidatorIndex) -> Bool {
        !plan.twins.contains(validator) && liar?.validator != validator
    }

    /// Whether a split keeps what one instance sends from another.
    func isCut(_ sender: Int, _ target: Int) -> Bool {
        let view = instances[sender].view
        guard !plan.connects(sender, target, in: view),
            let entry = firstEntry[Int(view.rawValue) - 1]
        else { return false }
        return now < entry.advanced(by: Self.splitTime)
    }

    mutating func breakLink(_ first: Int, _ second: Int) {
        isBroken[min(first, second)][max(first, second)] = true
    }

    /// Makes the links again that lost something and that no split cuts any more. Both ends are
    /// told, as a host tells a replica: what was sent before may be lost.
    private mutating func remakeLinks() {
        for first in instances.indices {
            for second in instances.indices.suffix(from: first) where isBroken[first][second] {
                guard !isCut(first, second), !isCut(second, first) else { continue }
                isBroken[first][second] = false
                events.add(.connected(first, to: second), at: now)
                events.add(.connected(second, to: first), at: now)
            }
        }
    }

    // MARK: Running

    /// Runs until everything that honest validators took is executed at all of them. It is a
    /// violation if that takes longer than `bound` after the last planned view could end.
    mutating func runToRest(within bound: Interval) {
        for instance in instances.indices {
            pump(instance)
            for peer in validators.indices where peer != instances[instance].validator {
                give(.connected(peer), to: instance)
            }
            submit(at: instance)
            pump(instance)
        }
        let end = now.advanced(
            by: Self.splitTime.scaled(by: UInt64(plan.rounds.count))
        ).advanced(by: bound)
        while violations.isEmpty, !isAtRest, let next = events.nextTime, next <= end,
            let (time, event) = events.popFirst()
        {
            now = time
            eventCount += 1
            handle(event)
        }
        guard violations.isEmpty, !isAtRest else { return }
        let states = instances.map {
            "\($0.validator) is in view \($0.view), executed \($0.blocks.count)"
        }
        violations.append("progress: no rest; " + states.joined(separator: "; "))
    }

    /// The height that the highest honest instance executed.
    var height: Int {
        instances.indices.filter(isHonest).map { instances[$0].blocks.count }.max() ?? 0
    }

    private var isAtRest: Bool {
        let honest = instances.indices.filter(isHonest)
        return honest.allSatisfy { position in
            instances[position].submissionCount == 2
                && instances[position].batches.isSuperset(of: outstanding)
        } && Set(honest.map { instances[$0].blocks.count }).count <= 1
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .deliver(let message, let sender, let target):
            mix(1, sender, target)
            deliver(message, from: sender, to: target)
        case .timer(let instance, let time):
            guard instances[instance].timer == time else { return }
            mix(2, instance, 0)
            instances[instance].timer = nil
            note(.timer, instance)
            give(.timerFired, to: instance)
        case .executed(let instance, let block):
            mix(3, instance, 0)
            execute(block, at: instance)
        case .splitEnded:
            mix(4, 0, 0)
            remakeLinks()
        case .connected(let instance, let peer):
            mix(5, instance, peer)
            give(.connected(instances[peer].validator), to: instance)
        }
    }

    private mutating func mix(_ kind: UInt64, _ first: Int, _ second: Int) {
        let word = kind << 32 | UInt64(first) << 16 | UInt64(second)
        traceHash = (traceHash ^ now.nanoseconds ^ word &* 0x9E37_79B9_7F4A_7C15) &* 0x100_0000_01B3
        traceHash ^= traceHash >> 29
    }

    mutating func give(_ input: ReplicaInput<P>, to instance: Int) {
        handle(input, at: instance)
        pump(instance)
    }

    mutating func handle(_ input: ReplicaInput<P>, at instance: Int) {
        let wallTime = Timestamp(milliseconds: 1_700_000_000_000 + now.nanoseconds / 1_000_000)
        instances[instance].host.handle(input, at: now, wallTime: wallTime)
        noteView(of: instance)
        // Something to agree on after the planned views, too.
        if instances[instance].submissionCount == 1, isPastPlan(instance) { submit(at: instance) }
    }

    private mutating func pump(_ instance: Int) {
        while let output = instances[instance].host.next() { perform(output, at: instance) }
    }

    private mutating func noteView(of instance: Int) {
        let view = instances[instance].host.replica.consensus.view
        guard view != instances[instance].view else { return }
        instances[instance].view = view
        if plan.round(of: view) != nil {
            let position = Int(view.rawValue) - 1
            if firstEntry[position] == nil {
                firstEntry[position] = now
                events.add(.splitEnded, at: now.advanced(by: Self.splitTime))
            }
        }
        remakeLinks()
        let leader = instances[instance].host.replica.consensus.leader(of: view)
        note(.view, instance, text: "\(view), led by \(leader)")
    }

    /// Whether the plan has nothing more to say of where an instance is. A leader that keeps its
    /// view may stay in a planned one for ever.
    private func isPastPlan(_ instance: Int) -> Bool {
        let view = instances[instance].view
        guard plan.round(of: view) != nil, let entry = firstEntry[Int(view.rawValue) - 1] else {
            return view > .zero
        }
        return now >= entry.advanced(by: Self.splitTime)
    }

    private mutating func submit(at instance: Int) {
        instances[instance].submissionCount += 1
        var builder = BatchBuilder()
        let content = [UInt8(instance), UInt8(instances[instance].submissionCount)]
        builder.append(upTo: content.count) { buffer in
            for byte in content { buffer.append(byte) }
        }
        let batch = builder.seal(
            author: instances[instance].validator,
            sequence: instances[instance].host.replica.nextOwnSequence)
        if isHonest(instance) { outstanding.insert(batch.reference) }
        note(.submitted, instance, text: "batch \(batch.author)/\(batch.sequence)")
        handle(.sealed(batch), at: instance)
    }
}
