public import BFTBase

/// Who leads which view: every validator in turn, as often as its power says.
///
/// A cycle has one slot for each unit of power after the powers are divided by their greatest
/// common divisor, capped; slots are spread by the smooth weighted round-robin, so that a heavy
/// validator's terms do not follow one another. A function of the validator set alone: every
/// replica computes the same one, and nobody can influence who leads when.
public struct LeaderSchedule: Equatable, Sendable {
    private let cycle: [ValidatorIndex]

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
    }

    /// The schedule that repeats `cycle`, for networks that agree on another rule.
    ///
    /// - Precondition: `cycle` is not empty.
    public init(cycle: [ValidatorIndex]) {
        precondition(!cycle.isEmpty, "nobody leads")
        self.cycle = cycle
    }

    /// The leader of `view`. View 0 has none; view 1 is the first of the cycle.
    public func leader(of view: View) -> ValidatorIndex {
        let slot = (view.previous?.rawValue ?? 0) % UInt64(cycle.count)
        return cycle[Int(slot)]
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
