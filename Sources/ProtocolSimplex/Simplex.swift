public import BFTBase
public import BFTCore
import BFTWire

/// Simplex with the rules of the paper.
public typealias Simplex = SimplexReplica<SimplexSoundRules>

/// One replica of Simplex: propose, notarize, and finalize unless everybody notarized; or nullify
/// and go on.
///
/// Source: Chan and Pass, "Simplex Consensus: A Simple and Fast Consensus Protocol" (TCC 2023).
/// The fast path after Kudzu (Shoup, Sliwinski and Vonlanthen, 2025) and Alpenglow (Kniep,
/// Sliwinski and Wattenhofer, 2025).
/// The article `Simplex` lists the rules per event and what is added to the paper.
///
/// - Invariant S1: it notarizes at most one block in a view, or says that it abstains.
/// - Invariant S2: it never finalizes in a view that it nullifies or supports a block of.
/// - Invariant S3: it notarizes only blocks whose parent is notarized, with every view between
///   nullified, and supports only what somebody honest notarized.
/// - Invariant S4: every vote is durable before it is signed, and so is what one to notarize
///   stands on.
/// - Invariant S5: the committed chain only grows.
/// - Invariant S6: it enters a view only by a certificate of the one before.
/// - Invariant S7: what a peer can make it keep is bounded: one vote of a kind per view and voter,
///   two to support what is not known to be backed, within a window of views.
/// - Invariant S8: it nullifies a view in which it notarized only if a weak quorum shows that not
///   everybody notarized the same, and supports only what a weak quorum notarized.
public struct SimplexReplica<Rules: SimplexRules>: ConsensusProtocol {
    public typealias Message = SimplexMessage
    public typealias Unsigned = SimplexUnsigned
    public typealias Durable = SimplexRecord

    public static var commitKinds: [VoteKind] { [.finalize, .notarize] }
    public static var leadersGather: Bool { true }

    public static func isEnough(
        _ power: VotingPower, of kind: VoteKind, among validators: ValidatorSet
    ) -> Bool {
        kind == .notarize
            ? Rules().isUnanimous(power, of: validators) : Rules().isQuorum(power, of: validators)
    }

    let configuration: ReplicaConfiguration
    let rules: Rules
    let schedule: LeaderSchedule

    public internal(set) var view: View
    /// What commits a descendant of its block stands in the round that it names.
    var head: CommittedHead
    var rounds: SimplexRoundList
    var pacemaker: SimplexPacemaker
    /// The last view in which this replica voted to finalize.
    var finalizedView = View.zero
    /// Up to which view each peer was sent what ended or commits it, because its votes showed that
    /// it does not know.
    var sentCertificateView: [View]

    var leadership = Leadership.none
    var work = WorkClock()
    /// How long the leader of the present view may take, `nil` if it is not waited for. As of when
    /// the view was entered: what is learned since takes no time from it.
    var patience: Interval?
    /// Since when the leader of the present view has no link.
    var leaderLostAt: Instant?
    /// When the leader of the present view is told how it came to lead, unless it is heard of.
    var handOverAt: Instant?
    /// Why this replica gave the present view up, if it did.
    var surrender: SimplexSurrender?
    var inquiryPace: InquiryPace
    /// Whether a vote from far ahead was seen since the last inquiry.
    var isBehind = false
    /// Since when a peer that was not asked yet is known to be in a later view.
    var aheadSince: Instant?
    /// Whom this replica asked in this view because they are in a later one.
    var askedAhead: Bitmap

    public init(
        configuration: ReplicaConfiguration, root: Block, certificate: CommitCertificate?,
        recovered: [SimplexRecord]
    ) {
        let count = configuration.validators.count
        self.configuration = configuration
        rules = Rules()
        schedule = configuration.leaders
        head = CommittedHead(root, floor: configuration.floor)
        view = max(root.view, configuration.floor.view).next
        rounds = SimplexRoundList(configuration.validators, floor: configuration.floor.view)
        pacemaker = SimplexPacemaker(configuration)
        inquiryPace = InquiryPace(resend: pacemaker.resendInterval, validatorCount: count)
        sentCertificateView = Array(repeating: .zero, count: count)
        askedAhead = Bitmap(count: count)
        recover(recovered)
        recover(certificate)
    }

    public func leader(of view: View) -> ValidatorIndex { schedule.leader(of: view) }

    public var committed: Block { head.block }
    public var commitVoteHeight: Height { head.voteHeight }

    public mutating func handle(
        _ input: Input<Self>, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        switch input {
        case .started: start(at: now, into: &effects)
        case .received(let message, let sender):
            do throws(Rejection) {
                try receive(message.value, from: sender, at: now, into: &effects)
            } catch {
                effects.append(.reject(error))
            }
        case .connected(let peer): greet(peer, at: now, into: &effects)
        case .disconnected(let peer): lose(peer, at: now)
        case .timerFired: break  // What is due is looked at below, whatever came.
        case .work(let pending): work.note(pending: pending, to: &leadership)
        case .drafted(let draft, let view, let parent):
            propose(draft, in: view, on: parent, at: now, into: &effects)
        case .judged(let digest, let verdict): take(verdict, on: digest, into: &effects)
        case .caughtUp(let run): adopt(run, at: now, into: &effects)
        case .executed: return  // Nothing here depends on what a state is.
        }
        settle(at: now, into: &effects)
        checkInvariants()
    }

    private mutating func receive(
        _ message: SimplexMessage, from sender: ValidatorIndex, at now: Instant,
        into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        guard configuration.validators.contains(sender) else { throw .unknownSender(sender) }
        switch message {
        case .proposal(let proposal): try take(proposal, into: &effects)
        case .vote(let vote): try count(vote, into: &effects)
        case .certificate(let certificate): try take(certificate, into: &effects)
        case .block(let block): try take(block)
        case .inquiry(let inquiry): answer(inquiry, from: sender, at: now, into: &effects)
        }
    }

    /// Draws every conclusion that the state allows.
    private mutating func settle(at now: Instant, into effects: inout [Effect<Self>]) {
        finalizeNotarized(at: now, into: &effects)
        advance(at: now, into: &effects)
        commitFinalized(into: &effects)
        if leadership == .due { requestDraft(at: now, into: &effects) }
        considerProposal(at: now, into: &effects)
        work.note(isWork: work.isPending || isWorkUncommitted, at: now)
        noteAhead(now)
        actOnTime(at: now, into: &effects)
        fallBack(into: &effects)
        effects.append(.setTimer(nextDeadline))
    }

    private func checkInvariants() {
        precondition(view > committed.view, "S6: a view at or below the committed one")
        for position in rounds.rounds.indices {
            precondition(
                rounds.rounds[position].view > committed.view, "S7: a committed round was kept")
            precondition(rules.isConsistent(rounds.rounds[position].own), "S1, S2")
        }
    }
}
