public import BFTBase
public import BFTCore
import BFTWire

/// Chained HotStuff: lock on the two-chain, commit on the three-chain.
public typealias HotStuff = HotStuffReplica<HotStuffThreeChainRules>

/// The two-chain variant: commits one view earlier, and skips views only by what timeouts show.
public typealias HotStuff2 = HotStuffReplica<HotStuffTwoChainRules>

/// One replica of HotStuff: propose, vote to the next leader, commit an ancestor; or give the view
/// up and go on.
///
/// Sources: Yin et al. (PODC 2019) for the chained form; DiemBFT v4 (2021) and Gelashvili et al.
/// (FC 2022) for the pacemaker and the two-chain rules. The article `HotStuff` lists the rules per
/// event and what is added to the papers.
///
/// - Invariant H1: it votes for at most one block in a view, and in rising views.
/// - Invariant H2: it never votes in a view that it gave up, nor in an earlier one.
/// - Invariant H3: it votes only for blocks whose certified parent its rules allow.
/// - Invariant H4: its votes name as committed what the rules say, blocks of consecutive views.
/// - Invariant H5: what a vote names is computed from the certified chain here, never believed.
/// - Invariant H6: it enters a view only by a certificate of the one before.
/// - Invariant H7: timeouts of different views are never counted together.
/// - Invariant H8: every vote and timeout is durable before it is signed, with the lock and the
///   certificate that it stands on.
/// - Invariant H9: the committed chain only grows.
/// - Invariant H10: what a peer can make it keep is bounded: one vote and one timeout for each view
///   and validator, within a window of views.
public struct HotStuffReplica<Rules: HotStuffRules>: ConsensusProtocol {
    public typealias Message = HotStuffMessage
    public typealias Unsigned = HotStuffUnsigned
    public typealias Durable = HotStuffRecord

    public static var commitKinds: [VoteKind] { [.vote] }

    public static func isEnough(
        _ power: VotingPower, of kind: VoteKind, among validators: ValidatorSet
    ) -> Bool {
        Rules().isQuorum(power, of: validators)
    }

    let configuration: ReplicaConfiguration
    let rules: Rules
    let schedule: LeaderSchedule

    public internal(set) var view: View
    var head: CommittedHead
    /// The certificate of the highest committed block that is known of, while that is not here; so
    /// it is after a restart between the blocks of a run, too.
    var commitTarget: Certificate?
    /// The certificate of the highest view. The genesis needs none.
    var high: Certificate?
    /// What this replica is bound by.
    var commitments = HotStuffCommitments()
    /// The last timeout that it made.
    var ownTimeout: HotStuffTimeoutStatement?
    /// The view of the last certificate, and the lock, that are durable.
    var durableHighView = View.zero
    var durableLock = View.zero
    var rounds: HotStuffRoundList
    var pacemaker: HotStuffPacemaker

    var leadership = Leadership.none
    /// Whether it told the others what let it into this view, having nothing to propose.
    var hasAnnounced = false
    var work = WorkClock()
    var inquiryPace: InquiryPace

    public init(
        configuration: ReplicaConfiguration, root: Block, certificate: CommitCertificate?,
        recovered: [HotStuffRecord]
    ) {
        self.configuration = configuration
        rules = Rules()
        schedule = configuration.leaders.withTenures(of: rules.viewsPerTenure)
        head = CommittedHead(root, floor: configuration.floor)
        view = max(root.view, configuration.floor.view).next
        commitments.votedView = configuration.floor.view
        commitments.timedOutView = configuration.floor.view
        rounds = HotStuffRoundList(configuration.validators)
        pacemaker = HotStuffPacemaker(configuration)
        inquiryPace = InquiryPace(
            resend: pacemaker.resendInterval, validatorCount: configuration.validators.count)
        recover(recovered)
        recover(certificate)
    }

    public func leader(of view: View) -> ValidatorIndex { schedule.leader(of: view) }

    public var committed: Block { head.block }
    public var commitVoteHeight: Height { head.voteHeight }

    /// The view of the highest certificate that is known here.
    var highView: View { high?.statement.view ?? .zero }

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
        case .connected(let peer):
            pacemaker.linked(peer)
            greet(peer, at: now, into: &effects)
        case .disconnected(let peer): pacemaker.lost(peer)
        case .timerFired: break  // What is due is looked at below, whatever came.
        case .work(let pending): work.note(pending: pending, to: &leadership)
        case .drafted(let draft, let view, let parent):
            propose(draft, in: view, on: parent, at: now, into: &effects)
        case .judged(let digest, let verdict): take(verdict, on: digest, into: &effects)
        case .caughtUp(let run): adopt(run, at: now, into: &effects)
        case .executed: return  // Nothing here depends on what a state is.
        }
        settle(at: now, into: &effects)
        noteWays()
        checkInvariants()
    }

    private mutating func receive(
        _ message: HotStuffMessage, from sender: ValidatorIndex, at now: Instant,
        into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        guard configuration.validators.contains(sender) else { throw .unknownSender(sender) }
        switch message {
        case .proposal(let proposal): try take(proposal, at: now, into: &effects)
        case .vote(let vote): try count(vote, into: &effects)
        case .certificate(let certificate):
            try check(certificate)
            learn(certificate)
        case .timeout(let timeout): try count(timeout)
        case .timeoutCertificate(let certificate):
            try check(certificate)
            learn(certificate)
        case .block(let block): try take(block)
        case .inquiry(let inquiry): answer(inquiry, from: sender, at: now, into: &effects)
        }
    }

    /// Draws every conclusion that the state allows.
    private mutating func settle(at now: Instant, into effects: inout [Effect<Self>]) {
        raiseLock()
        concludeTimeouts(into: &effects)
        advance(at: now, into: &effects)
        commitTargeted(into: &effects)
        if leadership == .due { requestDraft(at: now, into: &effects) }
        considerProposal(at: now, into: &effects)
        work.note(isWork: work.isPending || isWorkUncommitted, at: now)
        actOnTime(at: now, into: &effects)
        effects.append(.setTimer(nextDeadline))
    }

    private func checkInvariants() {
        precondition(view > committed.view, "H6: a view at or below the committed one")
        precondition(view > highView, "H6: a view at or below a certified one")
        let first = rounds.rounds.indices.first.map { rounds.rounds[$0].view }
        precondition(first.map { $0 > committed.view } ?? true, "H10: a committed round was kept")
    }
}
