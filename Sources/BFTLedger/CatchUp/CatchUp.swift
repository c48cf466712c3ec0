import BFTBase
import BFTCore

/// Takes committed blocks from peers until a certified height is reached.
///
/// One peer is asked at a time, for headers and a certificate; their batches are fetched by name
/// like all others. Whatever comes must link to the last committed block and carry a commit
/// certificate, so a liar can only waste its own turn.
struct CatchUp: Equatable, Sendable {
    private var target: Certificate?
    private var asked: (peer: ValidatorIndex, until: Instant)?
    private var turn = 0
    private let own: ValidatorIndex
    private let validators: ValidatorSet
    private let timeout: Interval

    init(own: ValidatorIndex, validators: ValidatorSet, timeout: Interval) {
        self.own = own
        self.validators = validators
        self.timeout = timeout
        turn = own.rawValue
    }

    static func == (left: Self, right: Self) -> Bool {
        left.target == right.target && left.turn == right.turn
            && left.asked?.peer == right.asked?.peer && left.asked?.until == right.asked?.until
    }

    var nextDeadline: Instant? { asked?.until }

    var isActive: Bool { target != nil }

    /// Sets out for the height that `certificate` commits.
    mutating func reach(_ certificate: Certificate, from tail: Height) {
        guard let height = certificate.statement.committed?.height, height > tail,
            height > target?.statement.committed?.height ?? .zero
        else { return }
        target = certificate
    }

    /// Whom to ask now, if anybody. Goes on to the next peer when the last one did not answer.
    mutating func nextPeer(tail: Height, at now: Instant) -> ValidatorIndex? {
        guard let target else { return nil }
        guard let height = target.statement.committed?.height, height > tail else {
            self.target = nil
            asked = nil
            return nil
        }
        if let asked {
            guard now >= asked.until else { return nil }
            turn += 1
        }
        guard let peer = signer(of: target) else { return nil }
        asked = (peer, now.advanced(by: timeout))
        return peer
    }

    /// A signer of the target, from the present turn on: it has voted for the block.
    private mutating func signer(of target: Certificate) -> ValidatorIndex? {
        for _ in 0..<validators.count {
            let candidate = turn % validators.count
            if candidate != own.rawValue, target.signers[candidate] {
                return ValidatorIndex(candidate)
            }
            turn += 1
        }
        return nil
    }

    /// Whether an answer from `peer` is waited for.
    func isAwaiting(_ peer: ValidatorIndex) -> Bool { asked?.peer == peer }

    /// The answer came and was good: ask the same peer again if need be.
    mutating func progressed() { asked = nil }

    /// The answer came and was of no use: the next peer's turn.
    mutating func failed() {
        asked = nil
        turn += 1
    }
}
