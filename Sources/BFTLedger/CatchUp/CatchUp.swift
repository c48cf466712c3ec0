import BFTBase
import BFTCore

/// Takes committed blocks from peers until a certified height is reached.
///
/// One peer is asked at a time, for headers and a certificate; their batches are fetched by name
/// like all others. Whatever comes must link to the last committed block and carry a commit
/// certificate, so a liar can only waste its own turn.
///
/// An answer may come late: behind a network that is slower than the time for an answer, all of
/// them do. So whoever was asked may still answer when it is others' turn.
struct CatchUp: Equatable, Sendable {
    private var target: Certificate?
    private var asked: (peer: ValidatorIndex, until: Instant)?
    /// Those whose turn ended without an answer. At most every validator once.
    private var late: [ValidatorIndex] = []
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
            && left.late == right.late
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
            late = []
            return nil
        }
        if let asked {
            guard now >= asked.until else { return nil }
            late.append(asked.peer)
            turn += 1
        }
        guard let peer = signer(of: target) else { return nil }
        late.removeAll { $0 == peer }
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

    /// Whether `peer` was asked and has not answered.
    func isAwaiting(_ peer: ValidatorIndex) -> Bool { asked?.peer == peer || late.contains(peer) }

    /// The answer of `peer` came and was good: ask it again if need be. Whoever was asked
    /// meanwhile may still answer.
    mutating func progressed(by peer: ValidatorIndex) {
        late.removeAll { $0 == peer }
        if let asked, asked.peer != peer {
            late.append(asked.peer)
            turn = peer.rawValue
        }
        asked = nil
    }

    /// The answer of `peer` came and was of no use: the next peer's turn, if it was this one's.
    mutating func failed(by peer: ValidatorIndex) {
        late.removeAll { $0 == peer }
        guard asked?.peer == peer else { return }
        asked = nil
        turn += 1
    }
}
