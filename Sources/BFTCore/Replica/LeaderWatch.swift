public import BFTBase

/// Whom a replica waits for when that one leads, and for how long: by what each leader did when it
/// led before.
///
/// A leader that is down, hung, wrong or slow by design would cost everybody its time in each of
/// its turns. So whoever showed no life since it failed is passed, and whoever shows life and
/// delivers nothing, or far less than most, is tried again in fewer and fewer turns. What is passed
/// is given up at once, without a timer.
///
/// This is local opinion. It moves nothing but this replica's own word that it gives a turn up, and
/// it takes a quorum of those to pass anybody. Four things keep it from stopping the chain:
/// - It counts only while the chain grows: a replica that has seen a whole cycle of turns without a
///   commit waits for everybody, as long as ever. So what the protocol promises of a network in
///   which everybody waits is what holds of one in which nothing is committed.
/// - All replicas try a leader again in the same turns: those that a power of two divides. Whoever
///   has more patience waits in all turns in which others do.
/// - What a leader is compared with is the median by power of what leaders last needed, which
///   validators of less than half of it can't move beyond what honest ones do.
/// - Should those who are tried more seldom come to hold a third of the power, one of them is
///   honest and the comparison wrong: all are tried again.
///
/// After Aardvark (Clement et al., NSDI 2009), which takes a leader's turn away that delivers less
/// than others did.
public struct LeaderWatch: Equatable, Sendable {
    private let validators: ValidatorSet
    private let own: ValidatorIndex
    private let timing: ReplicaConfiguration.Timing
    /// How many turns there are until all leaders have had theirs.
    private let cycleLength: UInt64

    /// Whose turn was waited for in vain, or whose link broke, without a word of it since.
    private var silent: [Bool]
    /// By leader: it is tried in the turns of cycles that this power of two divides.
    private var levels: [UInt8]
    /// By leader: how many turns in a row took it far longer than others.
    private var slowTurns: [UInt8]
    /// By leader: what its last turn took, in nanoseconds. `nil` before the first.
    private var paces: [UInt64?]
    /// The median of `paces` by power, once leaders with more than half of it have led.
    private var usual: UInt64?
    /// How many times the time for a turn is doubled: once for each turn that it was too short for,
    /// less one for each commit since.
    private var doublings = 0

    /// A turn that is waited for in vain may cost this part of the time of those until the next try.
    private static let costDivisor: UInt64 = 32
    private static let highestLevel: UInt8 = 20
    /// So many slow turns in a row cost a leader its next: when there is more to do all of a
    /// sudden, whoever leads next takes longer than the others did.
    private static let slowTurnLimit: UInt8 = 3
    /// A leader gets so many times what is usual.
    private static let usualFactor: UInt64 = 8
    /// The least time that a leader gets is this part of the timeout.
    private static let shortDivisor: UInt64 = 4

    public init(_ configuration: ReplicaConfiguration, cycleLength: UInt64) {
        validators = configuration.validators
        own = configuration.own
        timing = configuration.timing
        self.cycleLength = max(1, cycleLength)
        let count = validators.count
        silent = Array(repeating: false, count: count)
        levels = Array(repeating: 0, count: count)
        slowTurns = levels
        paces = Array(repeating: nil, count: count)
    }

    // MARK: What it says

    /// Whether the chain has stood still for so many turns that everybody is waited for.
    ///
    /// - Parameters:
    ///   - turn: the present one, counted from the chain's first.
    ///   - committed: that in which the last committed block was proposed.
    private func isStuck(in turn: UInt64, committed: UInt64) -> Bool {
        turn > committed.addingSaturating(cycleLength)
    }

    /// Whether `leader` is not waited for in `turn`, which is its own.
    public func isPassed(
        _ leader: ValidatorIndex, in turn: UInt64, committed: UInt64
    ) -> Bool {
        guard leader != own, !isStuck(in: turn, committed: committed) else { return false }
        if silent[leader.rawValue] { return true }
        let period = UInt64(1) << UInt64(levels[leader.rawValue])
        return !(turn / cycleLength).isMultiple(of: period)
    }

    /// How long a leader may take in `turn`.
    public func timeout(in turn: UInt64, committed: UInt64) -> Interval {
        let full = timing.viewTimeout
        // Two doublings more, as it is two fewer to begin with.
        let most = full.scaled(by: 1 << UInt64(timing.backoffLimit))
        guard let usual, !isStuck(in: turn, committed: committed) else {
            return min(most, full.scaled(by: 1 << UInt64(doublings)))
        }
        let least = full.nanoseconds / Self.shortDivisor
        let needed = usual.multipliedSaturating(by: Self.usualFactor)
        let base = Interval(nanoseconds: min(full.nanoseconds, max(least, needed)))
        return min(most, base.scaled(by: 1 << UInt64(doublings)))
    }

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

    /// `leader` was waited for in vain, for `wasted`.
    public mutating func failed(_ leader: ValidatorIndex, wasting wasted: Interval) {
        backOff()
        guard leader != own else { return }
        silent[leader.rawValue] = true
        losePatience(with: leader, over: wasted.nanoseconds)
    }

    /// The time was too short for this network, whoever leads.
    public mutating func backOff() {
        doublings = min(doublings + 1, timing.backoffLimit + 2)
    }

    public mutating func committed() { doublings = max(0, doublings - 1) }

    /// The turn of `leader` brought what it should, `time` after there was something to do.
    public mutating func delivered(_ leader: ValidatorIndex, after time: Interval) {
        let (position, taken) = (leader.rawValue, time.nanoseconds)
        paces[position] = taken
        usual = median
        guard leader != own, let usual else { return }
        let bound = usual.multipliedSaturating(by: 2)
            .addingSaturating(timing.viewTimeout.nanoseconds / 1_000)
        guard taken > bound else {
            slowTurns[position] = 0
            if levels[position] > 0 { levels[position] -= 1 }
            return
        }
        slowTurns[position] = min(slowTurns[position] + 1, Self.slowTurnLimit)
        if slowTurns[position] == Self.slowTurnLimit || levels[position] > 0 {
            losePatience(with: leader, over: taken - usual)
        }
    }

    /// `leader` is tried again once what it cost is little beside what others did in between.
    private mutating func losePatience(with leader: ValidatorIndex, over cost: UInt64) {
        let position = leader.rawValue
        var level = levels[position] + 1
        if let usual {
            let cycle = max(1, usual.multipliedSaturating(by: cycleLength))
            let cycles = cost.multipliedSaturating(by: Self.costDivisor) / cycle
            level = max(level, UInt8(UInt64.bitWidth - cycles.leadingZeroBitCount))
        }
        levels[position] = min(level, Self.highestLevel)
        let power = zip(validators.powers, levels).reduce(VotingPower(0)) {
            $1.1 > 0 ? $0 + $1.0 : $0
        }
        guard validators.isWeakQuorum(power) else { return }
        for position in levels.indices { (levels[position], slowTurns[position]) = (0, 0) }
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
