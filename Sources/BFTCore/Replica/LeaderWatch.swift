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
/// - Who has failed is told by the committed chain, which all replicas see alike, and not by this
///   one's clock: otherwise one deceived replica and the malicious ones could keep an honest leader
///   from its turns for long.
/// - Should those who failed come to hold a third of the power, one of them is honest: those who
///   did best since are forgiven. Likewise those who are least too slow are not held to be.
/// - Whoever is slow is not passed, but has less time, which is enough for who is as fast as most.
///   Most are the median by power, which less than half of it can't move beyond what honest
///   leaders need.
/// - Who has failed is tried in turns of its own, not when others are, and adds nothing to the time
///   that others get: what they waste together doesn't grow faster than their number, and the more
///   there are, the less often each is tried.
///
/// After Aardvark (Clement et al., NSDI 2009), which takes a leader's turn away that delivers less
/// than others did.
public struct LeaderWatch: Equatable, Sendable {
    private let validators: ValidatorSet
    private let own: ValidatorIndex
    private let timing: ReplicaConfiguration.Timing

    private let schedule: LeaderSchedule

    /// Whose turn was waited for in vain, or whose link broke, and in which turn that was: nothing
    /// that it said in a later one has come.
    private var silentSince: [UInt64?]
    /// By validator: the last turn in which it said something that has come.
    private var lastWords: [UInt64]
    /// By leader: it is waited for in one of so many of its turns, as a power of two. As high as
    /// can be once a turn brought no block, one less with each that brought one.
    private var levels: [UInt8]
    /// By leader: the turn in which it failed last, and the blocks that it has delivered since.
    private var failures: [Failure]
    /// By leader: before this turn it may have been passed, and fails no more.
    private var chargedFrom: [UInt64]
    /// By leader: what its last turn took, in nanoseconds. `nil` before the first.
    private var paces: [UInt64?]
    /// By leader: by how many nanoseconds its turns were too slow, less what is pardoned.
    private var debts: [UInt64]
    /// The median of `paces` by power, once leaders with more than half of it have led.
    private var usual: UInt64?
    /// How many times the time for a turn is doubled: once for each turn that it was too short for,
    /// less one for each commit since.
    private var doublings = 0

    /// What became of a leader since it failed. The best has delivered most; of equals, the one
    /// that failed last, since whoever fails again and again is forgiven once only.
    private struct Failure: Equatable, Comparable, Sendable {
        var turn: UInt64 = 0
        var delivered: UInt64 = 0

        static func < (left: Self, right: Self) -> Bool {
            (left.delivered, left.turn) < (right.delivered, right.turn)
        }
    }

    /// Who has failed is tried again after about so many turns of anybody, times the number of
    /// those who have: with turns of 3 ms, they waste 250 ms every 6 s, however many they are.
    private static let turnsToNextTry: UInt64 = 2_048
    /// A leader gets so many times what is usual.
    private static let usualFactor: UInt64 = 8
    /// The least time that a leader gets is this part of the timeout.
    private static let shortDivisor: UInt64 = 4
    /// Slow is what takes so many times what is usual, and this part of the timeout more. Who is
    /// held to be slow gets no more than that.
    private static let slowFactor: UInt64 = 2
    private static let slowDivisor: UInt64 = 1_000
    /// With each of its turns, a leader is pardoned this part of what usually lies between two of
    /// them, and no less than this part of the timeout.
    private static let pardonDivisor: UInt64 = 16
    private static let leastPardonDivisor: UInt64 = 2_000
    /// A leader that owes more than this part of the timeout has to be as fast as most.
    private static let debtDivisor: UInt64 = 8

    public init(_ configuration: ReplicaConfiguration) {
        schedule = configuration.leaders
        validators = configuration.validators
        own = configuration.own
        timing = configuration.timing
        let count = validators.count
        silentSince = Array(repeating: nil, count: count)
        lastWords = Array(repeating: 0, count: count)
        levels = Array(repeating: 0, count: count)
        failures = Array(repeating: Failure(), count: count)
        chargedFrom = Array(repeating: 0, count: count)
        paces = Array(repeating: nil, count: count)
        debts = Array(repeating: 0, count: count)
    }

    /// The level of `leader` when it has just failed.
    private func highestLevel(of leader: ValidatorIndex) -> UInt8 {
        let failed = levels.indices.count { levels[$0] > 0 || $0 == leader.rawValue }
        let turns = Self.turnsToNextTry.multipliedSaturating(by: UInt64(failed))
        let own = turns.multipliedSaturating(by: schedule.tenuresPerCycle(of: leader))
        let tries = max(2, own / schedule.cycleLength)
        return UInt8(min(UInt64.bitWidth - 2, UInt64.bitWidth - 1 - tries.leadingZeroBitCount))
    }

    // MARK: What it says

    /// Whether the chain has stood still for so many turns that everybody is waited for.
    ///
    /// - Parameters:
    ///   - turn: the present one, counted from the chain's first.
    ///   - committed: that in which the last committed block was proposed.
    private func isStill(in turn: UInt64, committed: UInt64) -> Bool {
        turn > committed.addingSaturating(UInt64(validators.count))
    }

    /// Whether `leader` is given its `turn`. Of two levels, the turns of the higher are among those
    /// of the lower: replicas that differ have turns in common. Neighbours have others.
    private func isTried(_ leader: ValidatorIndex, in turn: UInt64) -> Bool {
        let period = UInt64(1) << UInt64(levels[leader.rawValue])
        let ordinal = schedule.ordinal(of: turn) &+ UInt64(leader.rawValue)
        return ordinal % period == period - 1
    }

    /// Whether `leader` is not waited for in `turn`, which is its own.
    public func isPassed(
        _ leader: ValidatorIndex, in turn: UInt64, committed: UInt64
    ) -> Bool {
        guard leader != own, !isStill(in: turn, committed: committed) else { return false }
        return isSilent(leader) || !isTried(leader, in: turn)
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
        if leader != own, isIndebted(leader) {
            base = slowBound(usual)
        }
        return min(most, Interval(nanoseconds: min(full.nanoseconds, base)).scaled(by: factor))
    }

    /// Whether `leader` is held to be slow: not if it and those that owe as much or more hold a
    /// third of the power, for then one of them is honest, and it no worse than that one.
    private func isIndebted(_ leader: ValidatorIndex) -> Bool {
        let debt = debts[leader.rawValue]
        guard debt > timing.viewTimeout.nanoseconds / Self.debtDivisor else { return false }
        return !isWeakQuorum { debts[$0] >= debt }
    }

    private func isWeakQuorum(where isMeant: (Int) -> Bool) -> Bool {
        var power: VotingPower = 0
        for position in validators.powers.indices where isMeant(position) {
            power += validators.powers[position]
        }
        return validators.isWeakQuorum(power)
    }

    private func slowBound(_ usual: UInt64) -> UInt64 {
        usual.multipliedSaturating(by: Self.slowFactor)
            .addingSaturating(timing.viewTimeout.nanoseconds / Self.slowDivisor)
    }

    /// Whether nothing was heard of `validator` since it failed or its link broke.
    public func isSilent(_ validator: ValidatorIndex) -> Bool {
        validator.rawValue < silentSince.count && silentSince[validator.rawValue] != nil
    }

    /// Whether what `validator` said in `turn` shows it to be there, of whom nothing was heard: and
    /// is not an old word that comes late, or that somebody else sends.
    public func isLifeSign(of validator: ValidatorIndex, in turn: UInt64) -> Bool {
        guard validator.rawValue < silentSince.count, let since = silentSince[validator.rawValue]
        else { return false }
        return turn > since
    }

    /// What most leaders need for a turn, once that is known.
    public var usualTime: Interval? { usual.map { Interval(nanoseconds: $0) } }

    public var isSomebodySilent: Bool { silentSince.contains { $0 != nil } }

    // MARK: What it sees

    /// What `validator` said in `turn` has come.
    public mutating func heard(from validator: ValidatorIndex, in turn: UInt64) {
        guard validator.rawValue < lastWords.count else { return }
        lastWords[validator.rawValue] = max(lastWords[validator.rawValue], turn)
        if isLifeSign(of: validator, in: turn) { silentSince[validator.rawValue] = nil }
    }

    /// The link to `validator` broke, in `turn`, or its turn was waited for in vain.
    public mutating func lost(_ validator: ValidatorIndex, in turn: UInt64) {
        guard validators.contains(validator), validator != own else { return }
        silentSince[validator.rawValue] = max(turn, lastWords[validator.rawValue])
    }

    /// The committed chain has no block of `turn`, which `leader` had.
    public mutating func failed(_ leader: ValidatorIndex, in turn: UInt64) {
        guard isTried(leader, in: turn), turn >= chargedFrom[leader.rawValue] else { return }
        levels[leader.rawValue] = highestLevel(of: leader)
        failures[leader.rawValue] = Failure(turn: turn)
        forgive(besides: leader, in: turn)
    }

    /// The committed chain has a block of `leader`.
    public mutating func delivered(_ leader: ValidatorIndex) {
        guard levels[leader.rawValue] > 0 else { return }
        levels[leader.rawValue] -= 1
        failures[leader.rawValue].delivered += 1
    }

    /// A turn of `leader` brought a block, `time` after there was something to do.
    public mutating func measured(_ leader: ValidatorIndex, _ time: Interval) {
        let (position, taken) = (leader.rawValue, time.nanoseconds)
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
        let turns = schedule.cycleLength / max(1, schedule.tenuresPerCycle(of: leader))
        let part = max(
            usual.multipliedSaturating(by: turns) / Self.pardonDivisor,
            timing.viewTimeout.nanoseconds / Self.leastPardonDivisor)
        debts[leader.rawValue] -= min(part, debts[leader.rawValue])
    }

    /// The time was too short for this network, or else for `leader`.
    public mutating func backOff(for leader: ValidatorIndex) {
        // Of who has failed before, more time is not expected to make more.
        guard levels[leader.rawValue] == 0 else { return }
        // Two more than otherwise, since there are two fewer to begin with.
        doublings = min(doublings + 1, timing.backoffLimit + 2)
    }

    public mutating func committed() { doublings = max(0, doublings - 1) }

    /// Forgives those that did best since they failed, `last` after all others, until those that
    /// are left may all be malicious. The views that are under way, or over, passed them: they are
    /// charged with none of them.
    private mutating func forgive(besides last: ValidatorIndex, in turn: UInt64) {
        while isWeakQuorum(where: { levels[$0] > 0 }) {
            let others = levels.indices.filter { levels[$0] > 0 && $0 != last.rawValue }
            let best = others.max { failures[$0] < failures[$1] } ?? last.rawValue
            levels[best] = 0
            chargedFrom[best] = turn.addingSaturating(UInt64(validators.count))
        }
    }

    /// What leaders with more than half of the power need at most, of those that have led. Whoever
    /// failed since has no pace any more.
    private var median: UInt64? {
        var known: [(pace: UInt64, power: VotingPower)] = []
        var total: VotingPower = 0
        for (position, pace) in paces.enumerated() where levels[position] == 0 {
            let power = validators.powers[position]
            total += power
            if let pace { known.append((pace, power)) }
        }
        known.sort { $0.pace < $1.pace }
        var power: VotingPower = 0
        for entry in known {
            power += entry.power
            if 2 * power > total { return entry.pace }
        }
        return nil
    }
}
