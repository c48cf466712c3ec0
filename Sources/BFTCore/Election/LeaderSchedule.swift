public import BFTBase

/// Who leads which view: every validator in turn, as often as its power says.
///
/// A cycle has one slot for each unit of power after the powers are divided by their greatest
/// common divisor, capped; slots are spread by the smooth weighted round-robin, so that a heavy
/// validator's terms do not follow one another. A function of the validator set alone: every
/// replica computes the same one, and nobody can influence who leads when.
public struct LeaderSchedule: Equatable, Sendable {
    private let cycle: [ValidatorIndex]
    /// For each place in the cycle, how many earlier ones its leader has.
    private let ranks: [UInt32]
    /// By leader: how many places in the cycle it has.
    private let slots: [UInt32]
    /// How many views in a row each leader has: a tenure.
    private var viewsPerTenure: UInt64 = 1
    /// Whether the cycle says who leads each view, whatever tenure a protocol wants.
    private let isByView: Bool

    /// The most slots in a cycle. Powers are scaled down to fit, but nobody below one slot.
    static let slotLimit: UInt64 = 8_192

    public init(_ validators: ValidatorSet) {
        let shares = Self.shares(of: validators)
        let total = Int64(shares.reduce(0, +))
        var credit = Array(repeating: Int64(0), count: shares.count)
        var cycle: [ValidatorIndex] = []
        for _ in 0..<total {
            var best = 0
            for position in shares.indices {
                credit[position] += Int64(shares[position])
                if credit[position] > credit[best] { best = position }
            }
            credit[best] -= total
            cycle.append(ValidatorIndex(best))
        }
        self.cycle = cycle
        (ranks, slots) = Self.places(in: cycle)
        isByView = false
    }

    /// The schedule that repeats `cycle` view by view, for networks that agree on another rule.
    ///
    /// - Precondition: `cycle` is not empty.
    public init(cycle: [ValidatorIndex]) {
        precondition(!cycle.isEmpty, "nobody leads")
        self.cycle = cycle
        (ranks, slots) = Self.places(in: cycle)
        isByView = true
    }

    /// The same leaders in the same order, each for a tenure of `count` views in a row. A cycle
    /// that was given view by view stays as it is.
    ///
    /// - Precondition: `count` is not zero.
    public func withTenures(of count: UInt64) -> LeaderSchedule {
        precondition(count > 0, "a tenure without a view")
        guard !isByView else { return self }
        var schedule = self
        schedule.viewsPerTenure = count
        return schedule
    }

    /// Which tenure `view` is in. View 1 begins the first, of number 0.
    public func tenure(of view: View) -> UInt64 {
        (view.previous?.rawValue ?? 0) / viewsPerTenure
    }

    /// How many tenures there are until the first leader has its next.
    public var cycleLength: UInt64 { UInt64(cycle.count) }

    /// The leader of `view`. View 0 has none; view 1 is of the first of the cycle.
    public func leader(of view: View) -> ValidatorIndex {
        cycle[Int(tenure(of: view) % UInt64(cycle.count))]
    }

    /// How many tenures the leader of `tenure` had before that one.
    public func ordinal(of tenure: UInt64) -> UInt64 {
        let place = Int(tenure % cycleLength)
        let inCycle = UInt64(slots[cycle[place].rawValue])
        return tenure / cycleLength * inCycle + UInt64(ranks[place])
    }

    /// How many tenures `leader` has in a cycle.
    public func tenuresPerCycle(of leader: ValidatorIndex) -> UInt64 {
        leader.rawValue < slots.count ? UInt64(slots[leader.rawValue]) : 0
    }

    private static func places(
        in cycle: [ValidatorIndex]
    ) -> (ranks: [UInt32], slots: [UInt32]) {
        var slots = Array(repeating: UInt32(0), count: 1 + (cycle.map(\.rawValue).max() ?? 0))
        let ranks = cycle.map { leader in
            defer { slots[leader.rawValue] += 1 }
            return slots[leader.rawValue]
        }
        return (ranks, slots)
    }

    private static func shares(of validators: ValidatorSet) -> [UInt64] {
        let divisor = validators.powers.reduce(0) { greatestCommonDivisor($0, $1) }
        let reduced = validators.powers.map { $0 / divisor }
        let total = reduced.reduce(0, +)
        guard total > slotLimit else { return reduced }
        let scale = total / slotLimit + 1
        return reduced.map { max(1, $0 / scale) }
    }

    private static func greatestCommonDivisor(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var (left, right) = (first, second)
        while right != 0 { (left, right) = (right, left % right) }
        return left
    }
}
