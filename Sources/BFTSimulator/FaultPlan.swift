public import BFTBase

/// What goes wrong in a run, how often and until when. Drawn from the seed.
///
/// Everything is an integer: what happens with a plan and a seed is the same on every machine.
public struct FaultPlan: Sendable, Equatable {
    // MARK: Network

    /// Message delays between two replicas, in microseconds. In a network over five regions the
    /// way between them comes on top.
    public var delayMicroseconds: ClosedRange<UInt64> = 200...3_000
    /// Whether replicas stand in five regions of the world. See `Regions`.
    public var isWide = false
    /// Of how many thousand a delay is doubled, and then again, up to a thousand times.
    public var tailPerMille = 0
    /// How many messages of a thousand are lost.
    public var lossPerMille = 0
    /// How many messages of a thousand come twice.
    public var duplicationPerMille = 0
    /// How many messages of a thousand take a hundred times as long as others.
    public var stragglerPerMille = 0
    /// How many bytes each link carries in a millisecond. 0: as many as there are.
    public var bytesPerMillisecond = 0
    /// Whether messages cross the network as bytes that the receiver decodes.
    public var encodesMessages = false

    // MARK: Machines

    /// How many effects of a hundred thousand are followed by a power cut.
    public var powerCutsPer100k = 0
    /// How many effects of a hundred thousand are followed by the end of the process.
    public var crashesPer100k = 0
    /// Whether all replicas lose power at the same time, once, when faults end.
    public var hasMassPowerCut = false
    /// How long an execution takes, in microseconds.
    public var executionMicroseconds: ClosedRange<UInt64> = 50...400
    /// By how many millionths clocks may gain or lose.
    public var driftPerMillion = 0
    /// How far wall clocks may be off, in milliseconds.
    public var skewMilliseconds = 0

    // MARK: Disks

    /// How long a write takes to become durable, in microseconds.
    public var syncMicroseconds: ClosedRange<UInt64> = 50...400
    /// How often logs are cut to what is live, in milliseconds.
    public var truncationMilliseconds: ClosedRange<UInt64> = 50...1_000
    /// After how many blocks the application's state is saved.
    public var saveBlockCount = 20

    // MARK: Clients

    /// How long each node's clients wait before they come again, in milliseconds.
    public var submitPauseMilliseconds: ClosedRange<UInt64> = 20...300
    /// How many clients each node has.
    public var clientCount = 4
    /// How many batches of one validator may wait to be ordered.
    public var batchesPerAuthor = 256

    // MARK: Time

    /// When faults end.
    public var healAt = Instant(nanoseconds: 0)
    /// How long clients go on after that.
    public var submitAfterHeal = Interval.milliseconds(300)

    private var schedules: [Schedule?] = Array(
        repeating: nil, count: ScheduledFault.allCases.count)

    public init() {}

    /// When `fault` happens, or `nil` if it does not.
    public subscript(fault: ScheduledFault) -> Schedule? {
        get { schedules[fault.position] }
        set { schedules[fault.position] = newValue }
    }

    /// Whether the network splits now and then: in two, or one replica from the rest.
    public var hasPartitions: Bool {
        get { self[.split] != nil || self[.isolation] != nil }
        set {
            let schedule = Schedule(every: 200...1_200, lasting: 100...900)
            self[.split] = newValue ? schedule : nil
            self[.isolation] = newValue ? schedule : nil
        }
    }

    /// Whether replicas stop for a while now and then, as if the machine were suspended.
    public var hasPauses: Bool {
        get { self[.pause] != nil }
        set { self[.pause] = newValue ? Schedule(every: 50...600, lasting: 20...800) : nil }
    }

    // MARK: Drawing

    /// A plan in the manner of swarm testing: each kind of fault is there or not, so that some
    /// runs are dominated by one kind. Source: Groce et al., "Swarm Testing" (ISSTA 2012).
    ///
    /// - Parameter kinds: the kinds that there may be.
    public static func drawn(
        from random: inout SplitMix64, kinds: [FaultKind] = FaultKind.allCases
    ) -> FaultPlan {
        var plan = FaultPlan()
        var apart = random
        // Every kind draws, also one that is left out: the others do not depend on it. Nor does
        // what a seed means depend on the kind that came last.
        for kind in FaultKind.allCases {
            var own = SplitMix64(
                seed: kind == .lostChains ? ~apart.next() : random.next())
            let isOn = Int.random(in: 0..<kind.rarity, using: &own) == 0
            if isOn, kinds.contains(kind) { plan.add(kind, &own) }
        }
        if Int.random(in: 0..<4, using: &random) == 0 { plan.delayMicroseconds = 100...30_000 }
        plan.encodesMessages = Int.random(in: 0..<8, using: &random) == 0
        plan.saveBlockCount = Int.random(in: 1...30, using: &random)
        // Where messages take a hundred times as long, less happens in the same time.
        let duration = UInt64.random(in: 500...2_000, using: &random) * (plan.isWide ? 3 : 1)
        plan.healAt = Instant(nanoseconds: duration * 1_000_000)
        return plan
    }

    /// A plan with faults of one kind and no others.
    public static func drawn(from random: inout SplitMix64, only kind: FaultKind) -> FaultPlan {
        var plan = drawn(from: &random, kinds: [])
        plan.delayMicroseconds = FaultPlan().delayMicroseconds
        plan.add(kind, &random)
        if plan.isWide { plan.healAt = Instant(nanoseconds: plan.healAt.nanoseconds * 3) }
        return plan
    }

    private mutating func add(_ kind: FaultKind, _ random: inout SplitMix64) {
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        switch kind {
        case .loss: lossPerMille = number(1...200)
        case .duplication: duplicationPerMille = number(1...200)
        case .reordering: stragglerPerMille = number(1...100)
        case .tail: tailPerMille = number(50...400)
        case .wan: isWide = true
        case .bandwidth: bytesPerMillisecond = number(1...200)
        case .powerCuts: powerCutsPer100k = number(10...1_000)
        case .crashes: crashesPer100k = number(10...1_000)
        case .blackout: hasMassPowerCut = true
        case .slowExecution: executionMicroseconds = 1_000...30_000
        case .skew: skewMilliseconds = number(1...900)
        case .drift: driftPerMillion = number(1...50_000)
        case .overload:
            submitPauseMilliseconds = 0...UInt64(number(2...8))
            clientCount = number(8...32)
            batchesPerAuthor = number(4...16)
            executionMicroseconds = 1_000...10_000
        case .partitions, .oneWay, .flapping, .pauses, .slowNodes, .slowDisks, .fullDisks,
            .failedSyncs, .corruption, .rollback, .jumps, .lostChains:
            for fault in kind.scheduled {
                self[fault] = Schedule.drawn(fault, from: &random)
            }
        }
    }
}

extension FaultKind {
    /// One run of so many has faults of this kind.
    fileprivate var rarity: Int {
        switch self {
        case .loss, .duplication, .powerCuts, .partitions, .blackout: 3
        case .reordering, .pauses, .crashes: 4
        case .tail, .oneWay, .flapping, .slowNodes, .slowDisks, .skew, .drift, .slowExecution: 8
        case .wan, .bandwidth, .fullDisks, .failedSyncs, .corruption, .rollback, .jumps,
            .lostChains:
            10
        case .overload: 20
        }
    }
}
