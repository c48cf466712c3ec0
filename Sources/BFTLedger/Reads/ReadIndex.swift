import BFTBase

/// Linearizable reads without a trip through the log.
///
/// A probe asks every validator for its *claim*: the highest height it has voted to commit. A read
/// that came before the probe may be served once validators with a quorum of power, this one
/// among them, have claims at or below the height executed here.
///
/// Why that is right: a write acknowledged before the read came was committed at some height h by
/// a quorum of votes. That quorum shares an honest validator with the quorum of claims. It voted
/// for height h before it answered the probe, so its claim is at least h; and the claim is at most
/// the executed height. So the write is in the state that the read sees. A validator that claims
/// too much is not counted and so harmless; one that claims too little is no honest one.
///
/// One probe at a time: reads that come while it is under way share the next one.
struct ReadIndex: Equatable, Sendable {
    private let own: ValidatorIndex
    private let validators: ValidatorSet
    private let retryInterval: Interval

    /// Tickets up to this one are answered.
    private var answered: UInt64 = 0
    /// The probe under way covers tickets up to this one.
    private var covered: UInt64 = 0
    /// The last ticket that came.
    private var latest: UInt64 = 0
    private(set) var nonce: UInt64 = 0
    private var claims: [Height?] = []
    private var retryAt: Instant?

    init(own: ValidatorIndex, validators: ValidatorSet, retryInterval: Interval) {
        self.own = own
        self.validators = validators
        self.retryInterval = retryInterval
    }

    private var isProbing: Bool { covered > answered }

    var nextDeadline: Instant? { isProbing ? retryAt : nil }

    /// Notes a read. Tickets rise.
    mutating func request(_ ticket: UInt64) {
        precondition(ticket > latest, "read tickets rise")
        latest = ticket
    }

    /// The nonce to send to everybody, if a probe is to start or to be repeated now.
    ///
    /// Nonces begin at the wall clock's time, so that a claim made before a restart answers no
    /// probe made after it.
    mutating func probe(ownClaim: Height, wallTime: Timestamp, at now: Instant) -> UInt64? {
        if isProbing {
            guard let due = retryAt, now >= due else { return nil }
        } else {
            guard latest > covered else { return nil }
            covered = latest
            nonce = max(nonce &+ 1, wallTime.milliseconds &<< 20)
            claims = Array(repeating: nil, count: validators.count)
        }
        claims[own.rawValue] = ownClaim
        retryAt = now.advanced(by: retryInterval)
        return nonce
    }

    /// Returns whether the claim counts.
    mutating func take(claim: Height, nonce: UInt64, from peer: ValidatorIndex) -> Bool {
        guard isProbing, nonce == self.nonce, validators.contains(peer), peer != own,
            claims[peer.rawValue] == nil
        else { return false }
        claims[peer.rawValue] = claim
        return true
    }

    /// The ticket up to which reads may be served from the state at `executed`, if it rose.
    mutating func ready(executed: Height) -> UInt64? {
        guard isProbing else { return nil }
        var power: VotingPower = 0
        for (position, claim) in claims.enumerated() {
            if let claim, claim <= executed { power += validators.powers[position] }
        }
        guard validators.isQuorum(power) else { return nil }
        answered = covered
        retryAt = nil
        return answered
    }
}
