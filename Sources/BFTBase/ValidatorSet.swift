/// Voting power: an integer, fixed for an epoch.
public typealias VotingPower = UInt64

/// Why a list of powers is not a validator set.
public enum ValidatorSetError: Error, Equatable, Sendable {
    case empty
    case tooMany(limit: Int)
    case powerless(ValidatorIndex)
    case totalTooLarge
}

/// The validators of one epoch and their voting power, in an order that every replica shares.
///
/// Quorum arithmetic lives here and nowhere else. With total power `T` and Byzantine power below
/// `T/3`: two quorums (`3p > 2T`) share power above `T/3`, so at least one honest validator; a weak
/// quorum (`3p > T`) holds at least one honest validator.
public struct ValidatorSet: Equatable, Sendable {
    /// The power of each validator, by index.
    public let powers: [VotingPower]
    public let total: VotingPower

    /// The most validators that one set may hold.
    public static let countLimit = 4_096

    /// - Postcondition: `3 * total` fits in 64 bits, so that quorum arithmetic can't overflow.
    public init(_ powers: [VotingPower]) throws(ValidatorSetError) {
        guard !powers.isEmpty else { throw .empty }
        guard powers.count <= Self.countLimit else { throw .tooMany(limit: Self.countLimit) }
        var total: VotingPower = 0
        for (position, power) in powers.enumerated() {
            guard power > 0 else { throw .powerless(ValidatorIndex(position)) }
            guard power <= VotingPower.max / 3 - total else { throw .totalTooLarge }
            total += power
        }
        self.powers = powers
        self.total = total
    }

    public var count: Int { powers.count }

    /// The indices of all validators, in order.
    public var indices: some Sequence<ValidatorIndex> & Sendable {
        (0..<powers.count).lazy.map { ValidatorIndex($0) }
    }

    public func contains(_ validator: ValidatorIndex) -> Bool {
        validator.rawValue < powers.count
    }

    /// The power of `validator`, or `nil` if the set holds no such validator.
    public func power(of validator: ValidatorIndex) -> VotingPower? {
        contains(validator) ? powers[validator.rawValue] : nil
    }

    /// The power of all `signers` together. Bits beyond the set count for nothing.
    public func power(of signers: Bitmap) -> VotingPower {
        var sum: VotingPower = 0
        for position in powers.indices where signers[position] { sum += powers[position] }
        return sum
    }

    /// Whether `power` is more than two thirds of the total.
    public func isQuorum(_ power: VotingPower) -> Bool {
        precondition(power <= total, "more power than there is")
        return 3 * power > 2 * total
    }

    /// The fewest of `signers` whose power satisfies `isEnough`, heaviest first, by rising index;
    /// or `nil` if all together don't.
    public func fewest(
        of signers: [Int], where isEnough: (VotingPower) -> Bool
    ) -> [Int]? {
        let heaviestFirst = signers.sorted { (powers[$1], $0) < (powers[$0], $1) }
        var power: VotingPower = 0
        var chosen: [Int] = []
        for signer in heaviestFirst where !isEnough(power) {
            power += powers[signer]
            chosen.append(signer)
        }
        return isEnough(power) ? chosen.sorted() : nil
    }

    /// No quorum has more members than this, if it was put together heaviest first and no further
    /// than it takes: all but the last are no quorum, so they are no more than the lightest of all
    /// that are none.
    public var largestQuorumCount: Int {
        var (power, count): (VotingPower, Int) = (0, 0)
        for next in powers.sorted() where !isQuorum(power) {
            power += next
            count += 1
        }
        return count
    }

    /// Whether `power` is more than one third of the total: at least one holder is honest.
    public func isWeakQuorum(_ power: VotingPower) -> Bool {
        precondition(power <= total, "more power than there is")
        return 3 * power > total
    }
}
