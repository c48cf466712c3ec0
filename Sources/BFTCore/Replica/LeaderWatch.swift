public import BFTBase

/// Whom a replica waits for when that one leads, and for how long: by what each leader did when it
/// led before.
///
/// A leader that is down, hung, wrong or slow by design would cost everybody its time in each of
/// its turns. So whoever showed no life since it failed is passed: given up at once, without a
/// timer. Whoever shows life and delivers nothing has its turn in one round of many only. Whoever
/// takes far longer than most has to deliver as fast as they do.
///
/// This is local opinion. It moves nothing but this replica's own word that it gives a turn up, and
/// it takes a quorum of those to pass anybody. What keeps it from stopping the chain:
/// - It counts only while the chain grows: a replica that has seen a round of turns without a
///   commit waits for everybody, as long as ever. So what the protocol promises of a network in
///   which everybody waits is what holds of one in which nothing is committed.
/// - Who has failed is told by how turns end, which all replicas see alike, and not by this one's
///   clock: otherwise one deceived replica and the malicious ones could pass an honest leader.
/// - Should those who failed come to hold a third of the power, one of them is honest: the others
///   are forgiven.
/// - Whoever is slow is not passed, but has less time, which is enough for who is as fast as most.
///   Most are the median by power, which less than half of it can't move beyond what honest
///   leaders need.
///
/// After Aardvark (Clement et al., NSDI 2009), which takes a leader's turn away that delivers less
/// than others did.
public struct LeaderWatch: Equatable, Sendable {
    private let validators: ValidatorSet
    private let own: ValidatorIndex
    private let timing: ReplicaConfiguration.Timing

    /// Whose turn was waited for in vain, or whose link broke, without a word of it since.
    private var silent: [Bool]
    /// By leader: it has its turn in one round of this power of two. As high as can be once a turn
    /// ended without a block, one less with each that ended with one.
    private var levels: [UInt8]
    /// By leader: what its last turn took, in nanoseconds. `nil` before the first.
    private var paces: [UInt64?]
    /// By leader: by how many nanoseconds its turns were too slow, less what is pardoned.
    private var debts: [UInt64]
    /// The median of `paces` by power, once leaders with more than half of it have led.
    private var usual: UInt64?
    /// How many times the time for a turn is doubled: once for each turn that it was too short for,
    /// less one for each commit since.
    private var doublings = 0

    /// With four leaders and turns of 3 ms, a turn in vain of 250 ms every 6 s.
    private static let highestLevel: UInt8 = 9
    /// A leader gets so many times what is usual.
    private static let usualFactor: UInt64 = 8
    /// The least time that a leader gets is this part of the timeout.
    private static let shortDivisor: UInt64 = 4
    /// Slow is what takes so many times what is usual, and this part of the timeout more.
    private static let slowFactor: UInt64 = 3
    private static let slowDivisor: UInt64 = 500
    /// With each of its turns, a leader is pardoned this part of what a round usually takes.
    private static let pardonDivisor: UInt64 = 16
    /// A leader that owes more than this part of the timeout has to be as fast as most.
    private static let debtDivisor: UInt64 = 8

    public init(_ configuration: ReplicaConfiguration) {
        validators = configuration.validators
        own = configuration.own
        timing = configuration.timing
        let count = validators.count
        silent = Array(repeating: false, count: count)
        levels = Array(repeating: 0, count: count)
        paces = Array(repeating: nil, count: count)
        debts = Array(repeating: 0, count: count)
    }

    /// As many turns as there are leaders.
    private var roundLength: UInt64 { UInt64(validators.count) }

    // MARK: What it says

    /// Whether the chain has stood still for so many turns that everybody is waited for.
    ///
    /// - Parameters:
    ///   - turn: the present one, counted from the chain's first.
    ///   - committed: that in which the last committed block was proposed.
    private func isStill(in turn: UInt64, committed: UInt64) -> Bool {
        turn > committed.addingSaturating(roundLength)
    }

    /// Whether `leader` has a turn in the round of `turn`. Of two levels, the rounds of the higher
    /// are among those of the lower: replicas that differ have rounds in common.
    private func isTried(_ leader: ValidatorIndex, in turn: UInt64) -> Bool {
        let period = UInt64(1) << UInt64(levels[leader.rawValue])
        return (turn / roundLength) % period == period - 1
    }

    /// Whether `leader` is not waited for in `turn`, which is its own.
    public func isPassed(
        _ leader: ValidatorIndex, in turn: UInt64, committed: UInt64
    ) -> Bool {
        guard leader != own, !isStill(in: turn, committed: committed) else { return false }
        return silent[leader.rawValue] || !isTried(leader, in: turn)
    }

    /// How long `leader` may take in `turn`, if it is waited for.
    public func timeout(
        for leader: ValidatorIndex, in turn: UInt64, committed: UInt64
    ) -> Interval {
        let full = timing.viewTimeout
        let most = full.scaled(by: 1 << UInt64(timing.backoffLimit))
        let factor = UInt64(1) << UInt64(doublings)
        guard let usual, !isStill(in: turn, committed: committed) else {
            return min(most, full.scaled(by: factor))
        }
        let needed = usual.multipliedSaturating(by: Self.usualFactor)
        var base = max(full.nanoseconds / Self.shortDivisor, needed)
        if leader != own, isIndebted(leader) { base = slowBound(usual) }
        return min(most, Interval(nanoseconds: min(full.nanoseconds, base)).scaled(by: factor))
    }

    private func isIndebted(_ leader: ValidatorIndex) -> Bool {
        debts[leader.rawValue] > timing.viewTimeout.nanoseconds / Self.debtDivisor
    }

    private func slowBound(_ usual: UInt64) -> UInt64 {
        usual.multipliedSaturating(by: Self.slowFactor)
            .addingSaturating(timing.viewTimeout.nanoseconds / Self.slowDivisor)
    }

    /// Whether nothing was heard of `validator` since it failed or its link broke.
    public func isSilent(_ validator: ValidatorIndex) -> Bool {
        validator.rawValue < silent.count && silent[validator.rawValue]
    }

    public var isSomebodySilent: Bool { silent.contains(true) }

    // MARK: What it sees

    /// Anything of `validator` came that shows it to be alive.
    public mutating func heard(from validator: ValidatorIndex) {
        silent[validator.rawValue] = false
    }

    /// The link to `validator` broke.
    public mutating func lost(_ validator: ValidatorIndex) {
        guard validators.contains(validator), validator != own else { return }
        silent[validator.rawValue] = true
    }

    /// `turn` of `leader` ended without a block, by the word of a quorum.
    ///
    /// - Parameter isLate: whether it was waited for here until its time was over.
    public mutating func failed(_ leader: ValidatorIndex, in turn: UInt64, isLate: Bool) {
        guard leader != own else { return }
        if isLate { silent[leader.rawValue] = true }
        guard isTried(leader, in: turn) else { return }
        levels[leader.rawValue] = Self.highestLevel
        forgive(besides: leader)
    }

    /// `turn` of `leader` ended with a block.
    ///
    /// - Parameter time: after there was something to do, if that was so and it was waited for.
    public mutating func delivered(_ leader: ValidatorIndex, after time: Interval?) {
        let position = leader.rawValue
        if levels[position] > 0 { levels[position] -= 1 }
        guard let taken = time?.nanoseconds else { return }
        paces[position] = taken
        usual = median
        guard let usual else { return }
        let bound = slowBound(usual)
        if taken > bound {
            debts[position] = debts[position].addingSaturating(taken - bound)
        }
    }

    /// A turn of `leader` is over, however it ended.
    public mutating func pardon(_ leader: ValidatorIndex) {
        guard let usual else { return }
        let part = usual.multipliedSaturating(by: roundLength) / Self.pardonDivisor
        debts[leader.rawValue] -= min(part, debts[leader.rawValue])
    }

    /// The time was too short for this network, whoever leads.
    public mutating func backOff() {
        // Two more than otherwise, since there are two fewer to begin with.
        doublings = min(doublings + 1, timing.backoffLimit + 2)
    }

    public mutating func committed() { doublings = max(0, doublings - 1) }

    /// Forgives those that did best since they failed, but for `last`, until those that are left
    /// may all be malicious.
    private mutating func forgive(besides last: ValidatorIndex) {
        func isTooMuch() -> Bool {
            let power = zip(validators.powers, levels).reduce(VotingPower(0)) {
                $1.1 > 0 ? $0 + $1.0 : $0
            }
            return validators.isWeakQuorum(power)
        }
        while isTooMuch() {
            let others = levels.indices.filter { levels[$0] > 0 && $0 != last.rawValue }
            guard let best = others.min(by: { levels[$0] < levels[$1] }) else { return }
            levels[best] = 0
        }
    }

    /// What leaders with more than half of the power need at most, of those that have led.
    private var median: UInt64? {
        var known: [(pace: UInt64, power: VotingPower)] = []
        for (position, pace) in paces.enumerated() {
            if let pace { known.append((pace, validators.powers[position])) }
        }
        known.sort { $0.pace < $1.pace }
        var power: VotingPower = 0
        for entry in known {
            power += entry.power
            if 2 * power > validators.total { return entry.pace }
        }
        return nil
    }
}
