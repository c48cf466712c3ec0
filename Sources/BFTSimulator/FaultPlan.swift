public import BFTBase

/// What goes wrong in a run, how often and until when. Drawn from the seed.
public struct FaultPlan: Sendable, Equatable {
    /// Message delays between two replicas, in microseconds.
    public var delayMicroseconds: ClosedRange<UInt64> = 200...3_000
    /// How many messages of a thousand are lost.
    public var lossPerMille = 0
    /// How many messages of a thousand come twice.
    public var duplicationPerMille = 0
    /// How many messages of a thousand take far longer than others.
    public var stragglerPerMille = 0
    /// How many effects of a hundred thousand are followed by a power cut.
    public var powerCutsPer100k = 0
    /// Whether the network splits now and then: in two, or one replica from the rest.
    public var hasPartitions = false
    /// Whether replicas stop for a while now and then, as if the machine were suspended.
    public var hasPauses = false
    /// Whether all replicas lose power at the same time, once, when faults end.
    public var hasMassPowerCut = false
    /// How long a write takes to become durable, in microseconds.
    public var syncMicroseconds: ClosedRange<UInt64> = 50...400
    /// How often logs are cut to what is live, in milliseconds.
    public var truncationMilliseconds: ClosedRange<UInt64> = 50...1_000
    /// How long an execution takes, in microseconds.
    public var executionMicroseconds: ClosedRange<UInt64> = 50...400
    /// When faults end.
    public var healAt = Instant(nanoseconds: 0)
    /// How long clients go on after that.
    public var submitAfterHeal = Interval.milliseconds(300)
    /// How long each client waits before it submits again, in milliseconds.
    public var submitPauseMilliseconds: ClosedRange<UInt64> = 20...300

    public init() {}

    /// A plan in the manner of swarm testing: each kind of fault is there or not, so that some
    /// runs are dominated by one kind. Source: Groce et al., "Swarm Testing" (ISSTA 2012).
    public static func drawn(from random: inout SplitMix64) -> FaultPlan {
        var plan = FaultPlan()
        func isOn() -> Bool { Bool.random(using: &random) }
        if isOn() { plan.lossPerMille = Int.random(in: 1...200, using: &random) }
        if isOn() { plan.duplicationPerMille = Int.random(in: 1...200, using: &random) }
        if isOn() { plan.stragglerPerMille = Int.random(in: 1...100, using: &random) }
        if isOn() { plan.powerCutsPer100k = Int.random(in: 10...1_000, using: &random) }
        plan.hasPartitions = isOn()
        plan.hasPauses = isOn()
        plan.hasMassPowerCut = isOn()
        if isOn() { plan.delayMicroseconds = 100...30_000 }
        if isOn(), isOn() { plan.executionMicroseconds = 1_000...30_000 }
        plan.healAt = Instant(nanoseconds: 0).advanced(
            by: .milliseconds(UInt64.random(in: 500...2_000, using: &random)))
        return plan
    }
}
