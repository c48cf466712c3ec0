public import BFTBase
import BFTCore

/// What paces a replica and makes none unsafe: tests put other paces in.
public protocol HotStuffPacing {
    /// How many views in a row a leader keeps. The same at every validator of a network.
    var viewsPerTenure: UInt64 { get }
    /// Was the time for a view too short, if leaders that hold `power` together had all of it when
    /// they led last, and did not get by?
    func isTooShort(failedBy power: VotingPower, of validators: ValidatorSet) -> Bool
    /// How many times the time for a view is doubled after it was found too short `failures` times.
    func doublings(after failures: Int, limit: Int) -> Int
}

extension HotStuffPacing {
    /// One of the leaders is honest, then, and needs more time. Any fewer may be down, or lie.
    public func isTooShort(failedBy power: VotingPower, of validators: ValidatorSet) -> Bool {
        validators.isWeakQuorum(power)
    }

    public func doublings(after failures: Int, limit: Int) -> Int { min(failures, limit) }
}

extension HotStuffThreeChainRules {
    /// Three blocks in a row, and a view in which to show the certificate of the third: so an
    /// honest leader commits a block without the help of another.
    public var viewsPerTenure: UInt64 { 4 }
}

extension HotStuffTwoChainRules {
    /// Two blocks in a row, and a view in which to show the certificate of the second.
    public var viewsPerTenure: UInt64 { 3 }
}

/// How long this replica waits for whom. Local opinion: it makes a replica give a view up sooner
/// or later, and only a quorum of those moves the view.
///
/// A leader that does not get by shows nothing about the time: it may be down, or lie. That the
/// time is too short is shown by leaders with more than a third of the power, as one of them is
/// honest; that half of it is enough, by leaders with more than two thirds, so that no more than a
/// third can be wronged.
struct HotStuffPacemaker: Equatable, Sendable {
    /// How many views ahead of its own a replica keeps votes and timeouts for.
    static let window: UInt64 = 64

    private let timing: ReplicaConfiguration.Timing
    private let validators: ValidatorSet
    private let own: ValidatorIndex
    /// How many times the time was found too short, less how many times half was found enough.
    private(set) var failures = 0
    /// By leader: the tenure in which it last did not get by, if that was its last one.
    private var failed: [UInt64?]
    /// Leaders that failed in the whole time that they have now.
    private var late: [Bool]
    /// Leaders that got by in half of the time that they have now.
    private var early: [Bool]
    /// By validator: the tenure in which it was heard of last.
    private var heard: [UInt64?]
    /// Leaders that said nothing in a tenure of theirs of which a view was given up, nor since.
    private var silent: [Bool]
    /// Validators whose link broke, and that were not heard of since, nor linked again.
    private var unlinked: [Bool]
    /// The tenure in which a quorum gave a view up, and no view was certified since.
    private var givenUpTenure: UInt64?

    /// A leader gets this part of the time for the rest of a tenure of which a view was given up.
    /// So does a silent one, which gets none for the rest of it. Nor does one without a link.
    private static let shortDivisor: UInt64 = 16

    init(_ configuration: ReplicaConfiguration) {
        timing = configuration.timing
        validators = configuration.validators
        own = configuration.own
        let nobody = Array(repeating: false, count: validators.count)
        (late, early, silent, unlinked) = (nobody, nobody, nobody, nobody)
        failed = Array(repeating: nil, count: validators.count)
        heard = failed
    }

    var failureLimit: Int { timing.backoffLimit }
    var idleInterval: Interval { timing.idleInterval }
    var resendInterval: Interval { timing.viewTimeout }

    func isSilent(_ leader: ValidatorIndex) -> Bool { silent[leader.rawValue] }
    func isUnlinked(_ leader: ValidatorIndex) -> Bool { unlinked[leader.rawValue] }
    func hasFailed(_ leader: ValidatorIndex) -> Bool {
        isSilent(leader) || isUnlinked(leader) || failed[leader.rawValue] != nil
    }

    /// Whether a quorum has given up on `leader` for `tenure`. It does not give up on itself.
    func isGivenUp(_ leader: ValidatorIndex, in tenure: UInt64) -> Bool {
        givenUpTenure == tenure && leader != own
    }

    /// Whether `leader` has all the time there is for a view of `tenure`.
    func hasWholeTime(_ leader: ValidatorIndex, in tenure: UInt64) -> Bool {
        !isSilent(leader) && !isGivenUp(leader, in: tenure) && !isUnlinked(leader)
    }

    /// How long `leader` may take for a view of `tenure`.
    ///
    /// - Parameter isStill: whether nothing was committed for so long that nobody is passed.
    func timeout(
        for leader: ValidatorIndex, in tenure: UInt64, doublings: Int, isStill: Bool
    ) -> Interval {
        let whole = wholeTime(doublings: doublings)
        if hasWholeTime(leader, in: tenure) { return whole }
        if isUnlinked(leader), !isStill { return .zero }
        // Given up, and not heard of since: nobody is there.
        if isSilent(leader), isGivenUp(leader, in: tenure) { return .zero }
        return max(Interval(nanoseconds: whole.nanoseconds / Self.shortDivisor), .milliseconds(10))
    }

    private func wholeTime(doublings: Int) -> Interval {
        timing.viewTimeout.scaled(by: 1 << UInt64(doublings))
    }

    /// The link to `validator` broke.
    mutating func lost(_ validator: ValidatorIndex) {
        guard validators.contains(validator), validator != own else { return }
        unlinked[validator.rawValue] = true
    }

    mutating func linked(_ validator: ValidatorIndex) {
        if validators.contains(validator) { unlinked[validator.rawValue] = false }
    }

    mutating func heard(from validator: ValidatorIndex, in tenure: UInt64) {
        heard[validator.rawValue] = tenure
        silent[validator.rawValue] = false
        unlinked[validator.rawValue] = false
    }

    // MARK: Conclusions

    /// A quorum gave a view of `tenure` up.
    mutating func gaveUp(_ tenure: UInt64, of leader: ValidatorIndex) {
        givenUpTenure = tenure
        if heard[leader.rawValue] != tenure, leader != own { silent[leader.rawValue] = true }
    }

    /// A view of `tenure` was certified.
    mutating func certified(_ tenure: UInt64) {
        if givenUpTenure == tenure { givenUpTenure = nil }
    }

    /// `leader` did not get by in a view of `tenure`. To be said before a quorum's opinion on it.
    mutating func failed(
        _ leader: ValidatorIndex, in tenure: UInt64, isTooShort: (VotingPower) -> Bool
    ) {
        failed[leader.rawValue] = tenure
        early[leader.rawValue] = false
        // In less than the whole time, nothing is learned about it.
        guard hasWholeTime(leader, in: tenure) else { return }
        late[leader.rawValue] = true
        guard isTooShort(power(of: late)) else { return }
        failures = min(failures + 1, timing.backoffLimit)
        forgetTimes()
    }

    /// `leader` got by in a view of `tenure`, and took `time`.
    mutating func succeeded(
        _ leader: ValidatorIndex, in tenure: UInt64, within time: Interval, doublings: Int
    ) {
        // What it failed in this tenure counts until it does better in another.
        if let last = failed[leader.rawValue], last < tenure {
            failed[leader.rawValue] = nil
            late[leader.rawValue] = false
        }
        guard failures > 0, failed[leader.rawValue] == nil,
            time.scaled(by: 2) <= wholeTime(doublings: doublings)
        else { return }
        early[leader.rawValue] = true
        guard validators.isQuorum(power(of: early)) else { return }
        failures -= 1
        forgetTimes()
    }

    /// Leaders have another time from now on.
    private mutating func forgetTimes() {
        for position in late.indices { (late[position], early[position]) = (false, false) }
    }

    private func power(of leaders: [Bool]) -> VotingPower {
        zip(validators.powers, leaders).reduce(0) { $1.1 ? $0 + $1.0 : $0 }
    }
}
