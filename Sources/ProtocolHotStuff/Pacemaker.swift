import BFTBase
import BFTCore

/// How long this replica waits for whom. Local opinion: it makes a replica give a view up sooner
/// or later, and only a quorum of those moves the view.
struct Pacemaker: Equatable, Sendable {
    private let timing: ReplicaConfiguration.Timing
    /// How many views the time was too short for, less one for each commit since.
    private(set) var failures = 0
    /// Leaders that proposed nothing in a view that was given up, and were not heard of since.
    private var silent: [Bool]

    /// A silent leader gets this part of the time that others get.
    private static let silentDivisor: UInt64 = 16

    init(timing: ReplicaConfiguration.Timing, validatorCount: Int) {
        self.timing = timing
        silent = Array(repeating: false, count: validatorCount)
    }

    var failureLimit: Int { timing.backoffLimit }

    /// How long `leader` may take.
    func timeout(for leader: ValidatorIndex, doublings: Int) -> Interval {
        let full = timing.viewTimeout.scaled(by: 1 << UInt64(doublings))
        guard isSilent(leader) else { return full }
        return max(
            Interval(nanoseconds: full.nanoseconds / Self.silentDivisor), .milliseconds(10))
    }

    var idleInterval: Interval { timing.idleInterval }
    var resendInterval: Interval { timing.viewTimeout }

    func isSilent(_ validator: ValidatorIndex) -> Bool { silent[validator.rawValue] }

    /// The view ended without a certificate, and its leader proposed nothing.
    mutating func wasSilent(_ leader: ValidatorIndex) { silent[leader.rawValue] = true }

    /// The view took longer than the time for it.
    mutating func ranShort() { failures = min(failures + 1, timing.backoffLimit) }

    mutating func heard(from validator: ValidatorIndex) { silent[validator.rawValue] = false }

    mutating func committed() { failures = max(0, failures - 1) }
}
