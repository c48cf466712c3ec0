import BFTBase
import BFTCore

/// Takes committed blocks from peers until a certified height is reached.
///
/// One peer is asked at a time, for headers and a certificate; their batches are fetched by name
/// like all others. Whatever comes must link to a block that is committed, from above or from
/// below, so a liar can only waste its own turn. An answer has to bring as much as fits, or the
/// turn passes to the next: who answers with a block at a time keeps nobody away.
///
/// An answer may come late: behind a network that is slower than the time for an answer, all of
/// them do. So whoever was asked may still answer when it is others' turn.
struct CatchUp: Equatable, Sendable {
    private struct Turn: Equatable, Sendable {
        let peer: ValidatorIndex
        let until: Instant
        /// The height that was to be reached.
        let height: Height
    }

    private var target: Certificate?
    /// On the way down from a committed block, if that is too far up to be taken at once.
    private(set) var descent: Descent?
    private var asked: Turn?
    /// Those whose turn ended without an answer. At most every validator once.
    private var late: [ValidatorIndex] = []
    private var turn = 0
    /// How many turns have ended since one brought something.
    private var turnsWithoutProgress = 0
    private let own: ValidatorIndex
    private let validators: ValidatorSet
    private let timeout: Interval
    private let skippedCheck: CatchUpCheck?

    /// How many times everybody is asked for the next blocks of a descent before it is begun anew.
    private static let roundLimit = 8

    init(own: ValidatorIndex, validators: ValidatorSet, limits: LedgerLimits) {
        self.own = own
        self.validators = validators
        timeout = limits.answerTimeout
        skippedCheck = limits.skippedCatchUpCheck
        turn = own.rawValue
    }

    /// Whether `condition` holds, which is what `check` asks for.
    func holds(_ check: CatchUpCheck, _ condition: Bool) -> Bool {
        condition || skippedCheck == check
    }

    var nextDeadline: Instant? { asked?.until }

    var isActive: Bool { target != nil }

    private var targetHeight: Height { target?.statement.committed?.height ?? .zero }

    /// Sets out for the height that `certificate` commits.
    mutating func reach(_ certificate: Certificate, from tail: Height) {
        guard let height = certificate.statement.committed?.height, height > tail,
            height > targetHeight
        else { return }
        target = certificate
    }

    /// Whom to ask now, and for what, if anybody. Goes on to the next peer when the last one did
    /// not answer.
    mutating func nextRequest(
        tail: Height, at now: Instant
    ) -> (peer: ValidatorIndex, request: SyncRequest)? {
        guard let target else { return nil }
        rise(to: tail)
        guard targetHeight > tail else {
            self.target = nil
            asked = nil
            late = []
            return nil
        }
        if let asked {
            guard now >= asked.until else { return nil }
            late.append(asked.peer)
            pass()
        }
        guard let peer = signer(of: target) else { return nil }
        late.removeAll { $0 == peer }
        asked = Turn(peer: peer, until: now.advanced(by: timeout), height: targetHeight)
        guard let name = descent?.lowest else { return (peer, .from(tail.next)) }
        return (peer, .ancestors(of: name.block, downTo: tail.next))
    }

    /// The next peer's turn, the last one having brought nothing.
    private mutating func pass() {
        turn += 1
        turnsWithoutProgress += 1
        guard turnsWithoutProgress >= Self.roundLimit * validators.count, !holds(.anew, false)
        else {
            return
        }
        turnsWithoutProgress = 0
        descent = nil
    }

    /// A signer of the target, from the present turn on: it has voted for the block. Votes take
    /// no body, and a signer may have lost its chain: once nobody had anything, anybody is asked.
    private mutating func signer(of target: Certificate) -> ValidatorIndex? {
        for _ in 0..<validators.count {
            let candidate = turn % validators.count
            let isAnybodyAsked = turnsWithoutProgress >= validators.count && !holds(.anybody, false)
            let mayHave = holds(.signers, target.signers[candidate] || isAnybodyAsked)
            if candidate != own.rawValue, mayHave {
                return ValidatorIndex(candidate)
            }
            turn += 1
        }
        return nil
    }

    /// Whether `peer` was asked and has not answered.
    func isAwaiting(_ peer: ValidatorIndex) -> Bool {
        holds(.invitation, asked?.peer == peer || late.contains(peer))
    }

    // MARK: Descents

    /// Begins to walk down from what `certificate` commits, the blocks down to `lowest` being
    /// known: the ledger has to reach that one, too.
    mutating func descend(from certificate: CommitCertificate, to lowest: CommittedName) {
        guard descent == nil else { return }
        descent = Descent(from: certificate)
        descent?.descend(to: lowest)
        reach(certificate.certificate, from: .zero)
    }

    /// Goes on with the walk below `lowest`.
    mutating func descend(to lowest: CommittedName) { descent?.descend(to: lowest) }

    /// Begins anew: what was walked down leads elsewhere.
    mutating func abandonDescent() { descent = nil }

    mutating func rise(to tail: Height) {
        descent?.rise(to: tail)
        if descent?.lowest == nil { descent = nil }
    }

    // MARK: Answers

    /// The answer of `peer` came and was good: ask it again if need be, unless it brought less than
    /// it could. Whoever was asked meanwhile may still answer.
    ///
    /// - Parameters:
    ///   - window: how much it brought, and up to which height.
    ///   - isWhole: whether that is all that was asked for, however little.
    mutating func progressed(
        by peer: ValidatorIndex, _ window: SyncWindow, upTo height: Height, isWhole: Bool = false
    ) {
        late.removeAll { $0 == peer }
        turnsWithoutProgress = 0
        let wanted = asked?.peer == peer ? asked?.height ?? .zero : targetHeight
        let isWorthATurn = holds(.worth, isWhole || window.isHalfFull || height >= wanted)
        if let asked, asked.peer != peer {
            guard isWorthATurn else { return }
            late.append(asked.peer)
            turn = peer.rawValue
        } else if !isWorthATurn {
            turn += 1
        }
        asked = nil
    }

    /// The answer of `peer` came and was of no use: the next peer's turn, if it was this one's.
    mutating func failed(by peer: ValidatorIndex) {
        late.removeAll { $0 == peer }
        guard asked?.peer == peer else { return }
        asked = nil
        pass()
    }
}
