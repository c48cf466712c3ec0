public import BFTBase
import BFTCore

/// What paces a replica and makes none unsafe: tests put other paces in.
public protocol PBFTPacing {
    /// When does the term of a leader end, though nothing is wrong? `nil` if never.
    func endOfTerm(from beginning: Instant, viewTimeout: Interval) -> Instant?
}

extension PBFTPacing {
    /// P12: after so many view timeouts. Safe whenever it is: any replica may ask for any later
    /// view at any time.
    public func endOfTerm(from beginning: Instant, viewTimeout: Interval) -> Instant? {
        beginning.advanced(by: viewTimeout.scaled(by: PBFTBounds.termTimeouts))
    }
}

/// The bounds of the protocol, in instances unless said otherwise.
public enum PBFTBounds {
    /// A checkpoint is signed at every multiple of this height.
    public static let checkpointInterval: UInt64 = 8
    /// How far above the stable checkpoint instances may be prepared: L of the paper. A multiple
    /// of the interval, so that the last instance of a full window is a checkpoint itself.
    public static let window: UInt64 = 16
    /// How many instances a leader has under way before it gathers more for the next one.
    public static let parallel: UInt64 = 8
    /// How many views ahead of its own a replica keeps votes for.
    static let views: UInt64 = 4
    /// How long a leader's term is, in view timeouts. A change of views takes a few message
    /// delays, and a leader that is down one timeout: less than a hundredth of this each.
    public static let termTimeouts: UInt64 = 60

    static func isCheckpoint(_ height: Height) -> Bool {
        height.rawValue > 0 && height.rawValue.isMultiple(of: checkpointInterval)
    }
}

/// How long this replica waits for what. Local opinion: it moves a replica to ask for another
/// view, and only a quorum of those moves the view.
struct PBFTPacemaker: Equatable, Sendable {
    private let timing: ReplicaConfiguration.Timing
    /// How many times the timeout is doubled: once for each view that failed, less one for each
    /// commit since.
    private var doublings = 0
    /// Leaders that were given up, or whose link broke, and that sent nothing since then.
    private var silentSince: [Instant?]

    /// A silent leader gets this part of the time that others get: who has just lost a link, and
    /// has it again, gave nothing up.
    private static let silentDivisor: UInt64 = 16

    init(timing: ReplicaConfiguration.Timing, validatorCount: Int) {
        self.timing = timing
        silentSince = Array(repeating: nil, count: validatorCount)
    }

    /// Until when `leader` has time for a block, if its time began at `start`. Doubles with every
    /// view given up, so that it comes to exceed the network's delay, whatever that is. A link that
    /// breaks in the middle leaves a part of the whole from then on.
    func deadline(for leader: ValidatorIndex, from start: Instant) -> Instant {
        let whole = timing.viewTimeout.scaled(by: 1 << UInt64(doublings))
        let end = start.advanced(by: whole)
        guard let since = silentSince[leader.rawValue] else { return end }
        let part = Interval(nanoseconds: whole.nanoseconds / Self.silentDivisor)
        return min(end, max(start, since).advanced(by: part))
    }

    /// How long a leader gathers for its next block at most.
    var gatherInterval: Interval { Interval(nanoseconds: timing.viewTimeout.nanoseconds / 128) }

    var idleInterval: Interval { timing.idleInterval }
    var resendInterval: Interval { timing.viewTimeout }

    mutating func heard(from validator: ValidatorIndex) { silentSince[validator.rawValue] = nil }

    /// The link to `validator` broke.
    mutating func lost(_ validator: ValidatorIndex, at now: Instant) {
        if validator.rawValue < silentSince.count { silentSince[validator.rawValue] = now }
    }

    mutating func gaveUp(on leader: ValidatorIndex, at now: Instant) {
        silentSince[leader.rawValue] = now
        backOff()
    }

    private mutating func backOff() { doublings = min(doublings + 1, timing.backoffLimit) }

    mutating func committed() { doublings = max(0, doublings - 1) }
}
