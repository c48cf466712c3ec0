import BFTBase
import BFTCore

/// How long this replica waits for what. Local opinion: it moves a replica to ask for another
/// view, and only a quorum of those moves the view.
struct PBFTPacemaker: Equatable, Sendable {
    private let timing: ReplicaConfiguration.Timing
    /// How many times the timeout is doubled: once for each view that failed, less one for each
    /// commit since.
    private var doublings = 0

    init(timing: ReplicaConfiguration.Timing) { self.timing = timing }

    /// How long the next block may take. Doubles with every view given up, so that it comes to
    /// exceed the network's delay, whatever that is.
    var timeout: Interval { timing.viewTimeout.scaled(by: 1 << UInt64(doublings)) }

    /// How long a leader gathers for its next block at most.
    var gatherInterval: Interval { Interval(nanoseconds: timing.viewTimeout.nanoseconds / 128) }

    var idleInterval: Interval { timing.idleInterval }
    var resendInterval: Interval { timing.viewTimeout }

    mutating func gaveUp() { doublings = min(doublings + 1, timing.backoffLimit) }

    mutating func committed() { doublings = max(0, doublings - 1) }
}
