public import BFTBase

/// How long to wait before dialling a peer again: longer after each failure, never in step with
/// the other nodes, and short again once a link has lasted.
public struct ReconnectBackoff: Equatable, Sendable {
    private let shortest: Interval
    private let longest: Interval
    private let stableAfter: Interval
    private var ceiling: Interval
    private var random: SplitMix64

    /// Waits between half of a ceiling and the ceiling, which starts at `shortest` and doubles up
    /// to `longest`. A link that lasts `stableAfter` sets it back. Two nodes with different seeds
    /// don't dial in step.
    public init(
        shortest: Interval = .milliseconds(100), longest: Interval = .seconds(30),
        stableAfter: Interval = .seconds(20), seed: UInt64
    ) {
        self.shortest = shortest
        self.longest = longest
        self.stableAfter = stableAfter
        ceiling = shortest
        random = SplitMix64(seed: seed)
    }

    /// The time to wait before the next attempt, after one failed or a link ended.
    public mutating func nextDelay() -> Interval {
        let half = ceiling.nanoseconds / 2
        let jitter = UInt64.random(in: 0...(ceiling.nanoseconds - half), using: &random)
        ceiling = min(ceiling.scaled(by: 2), longest)
        return Interval(nanoseconds: half + jitter)
    }

    /// Notes that a link lasted for `duration`.
    public mutating func linkEnded(after duration: Interval) {
        if duration >= stableAfter { ceiling = shortest }
    }
}

/// Which of two validators dials, and which of two connections between them stays.
///
/// Both sides decide alone and must decide alike, or each closes the connection that the other
/// keeps. So the rule goes by what both know: the fingerprints of the two keys, which no epoch
/// changes, and who dialled.
///
/// - The validator with the lower fingerprint dials at once and whenever it has no link. The other
///   dials only after it has had no link for a while, for the case that it can't be reached.
/// - Of two connections that the same side dialled, the newer stays: that side dials again only
///   when it has given the older up, however alive it looks from here.
/// - Of two that different sides dialled, the one that the lower fingerprint dialled stays, unless
///   it is the older and nothing was heard on it for `quietLimit`: then it is half dead, and the
///   other side, which has noticed, dialled for that reason.
public struct ConnectionRule: Sendable {
    private let isOwnPreferred: Bool
    private let quietLimit: Interval

    public init(own: Digest, peer: Digest, quietLimit: Interval = .seconds(4)) {
        isOwnPreferred = own < peer
        self.quietLimit = quietLimit
    }

    /// Whether this side dials as soon as there is no link.
    public var dialsAtOnce: Bool { isOwnPreferred }

    /// Whether a new, authenticated connection replaces the one that stands.
    ///
    /// - Parameter quietFor: how long nothing was heard on the old connection.
    public func replaces(
        old oldRole: HandshakeRole, quietFor: Interval, by newRole: HandshakeRole
    ) -> Bool {
        guard oldRole != newRole else { return true }
        let isNewPreferred = (newRole == .initiator) == isOwnPreferred
        return isNewPreferred || quietFor >= quietLimit
    }
}
