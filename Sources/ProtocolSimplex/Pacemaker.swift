import BFTBase
import BFTCore

/// How long this replica waits for whom. Local opinion: it moves a replica to nullify sooner or
/// later, and only a quorum of those moves the view.
struct Pacemaker: Equatable, Sendable {
    private let timing: ReplicaConfiguration.Timing
    /// Views given up in a row.
    private var failures = 0
    /// Leaders whose last view was given up and who have not been heard of since.
    private var silent: [Bool]

    /// A silent leader gets this part of the time that others get.
    private static let silentDivisor: UInt64 = 16

    init(timing: ReplicaConfiguration.Timing, validatorCount: Int) {
        self.timing = timing
        silent = Array(repeating: false, count: validatorCount)
    }

    /// How long `leader` may take. Doubles with every view given up, so that it comes to exceed
    /// the network's delay, whatever that is.
    func timeout(for leader: ValidatorIndex) -> Interval {
        let factor = UInt64(1) << UInt64(min(failures, timing.backoffLimit))
        let full = timing.viewTimeout.scaled(by: factor)
        guard silent[leader.rawValue] else { return full }
        return max(
            Interval(nanoseconds: full.nanoseconds / Self.silentDivisor), .milliseconds(10))
    }

    /// How long a leader without anything to order waits before it proposes an empty block.
    /// Shorter while a block with a payload is not committed: the next block helps it along.
    func proposalDelay(isWorkUncommitted: Bool) -> Interval {
        guard isWorkUncommitted else { return timing.idleInterval }
        return min(
            timing.idleInterval, Interval(nanoseconds: timing.viewTimeout.nanoseconds / 4))
    }

    var idleInterval: Interval { timing.idleInterval }
    var resendInterval: Interval { timing.viewTimeout }

    mutating func gaveUp(on leader: ValidatorIndex) {
        failures += 1
        silent[leader.rawValue] = true
    }

    mutating func heard(from validator: ValidatorIndex) { silent[validator.rawValue] = false }

    mutating func committed() { failures = 0 }
}
