public import BFTBase
public import BFTCore
import BFTWire

/// PBFT with the rules of the paper.
public typealias PBFT = PBFTReplica<PBFTSoundRules>

/// One replica of PBFT: a leader proposes block after block, each is prepared and committed, and
/// a leader that fails is replaced.
///
/// Source: Castro and Liskov, "Practical Byzantine Fault Tolerance" (OSDI 1999). The article
/// `PBFT` lists the rules per event and what differs from the paper.
///
/// - Invariant P1: it prepares at most one block at each height of a view.
/// - Invariant P2: what it prepares in a view is one chain.
/// - Invariant P3: it votes to commit only what a quorum prepared in the same view.
/// - Invariant P4: it says nothing in a view after asking for a later one.
/// - Invariant P5: its view change reports the highest certificate that it ever held.
/// - Invariant P6: a new view begins with the highest report of a quorum, computed again by all.
/// - Invariant P7: new blocks are prepared at most a window above the stable checkpoint.
/// - Invariant P8: a checkpoint is stable once a quorum has signed it.
/// - Invariant P9: every vote is durable before it is signed.
/// - Invariant P10: the committed chain only grows, and so does the view.
/// - Invariant P11: what a peer can make it keep is bounded: one vote of a kind per instance and
///   voter within windows of views and heights, and one view change per validator.
/// - Invariant P12: it gives no leader more than a term.
public struct PBFTReplica<Rules: PBFTRules>: ConsensusProtocol {
    public typealias Message = PBFTMessage
    public typealias Unsigned = PBFTUnsigned
    public typealias Durable = PBFTRecord

    /// A checkpoint shows that somebody honest committed, and is no proof that others take: a view
    /// change has to report votes to commit.
    public static var commitKinds: [VoteKind] { [.commit] }

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
    /// What commits a block above `committed` that can't be reached yet.
    var decision: Certificate?
    /// The highest prepared certificate above `committed`.
    var prepared: Certificate?
    /// The highest prepared or commit certificate that this replica ever held, whatever was
    /// committed since and in whatever way.
    var highest: PBFTInstanceCertificate?
    /// Whether the log has it.
    var isHighestDurable = true
    /// What was said in the view that the replica took part in last.
    var own: PBFTOwnVotes
    var instances: PBFTInstanceList
    var blocks = PBFTBlockTree()
    var checkpoints: PBFTCheckpointList

    /// The latest view change of each validator.
    var viewChanges: [SignedReport?]
    /// What this replica asked for last, with the certificate that it names.
    var ownReport: OwnReport?
    /// How this replica begins the view that it leads.
    var ownNewView: PBFTNewViewContent?
    /// How the present view began, for those who missed it.
    var newView: PBFTNewView?

    var pacemaker: PBFTPacemaker
    var term: PBFTTerm
    /// Runs while there is something to order or to commit, or a quorum waits for the new view.
    var work = WorkClock()
    var leadership = Leadership.none
    /// When this replica last proposed something in the present view.
    var proposedAt: Instant?
    var inquiryPace: InquiryPace
    /// Whether something was seen that only makes sense to replicas further ahead.
    var isBehind = false

    /// A view change, with the certificate that it names.
    struct SignedReport: Equatable, Sendable {
        let viewChange: PBFTViewChange
        let certificate: PBFTInstanceCertificate?

        var view: View { viewChange.content.view }
    }

    /// A view change before it is signed, with the certificate that it names.
    struct OwnReport: Equatable, Sendable {
        let content: PBFTViewChangeContent
        let certificate: PBFTInstanceCertificate?
    }

    public init(
        configuration: ReplicaConfiguration, root: Block, certificate: CommitCertificate?,
        recovered: [PBFTRecord]
    ) {
        let count = configuration.validators.count
        self.configuration = configuration
        rules = Rules()
        schedule = configuration.leaders
        head = CommittedHead(root, floor: configuration.floor)
        view = max(View(1), configuration.floor.view)
        own = PBFTOwnVotes(view: .zero, tail: root.name)
        instances = PBFTInstanceList(configuration.validators)
        checkpoints = PBFTCheckpointList(configuration.validators)
        viewChanges = Array(repeating: nil, count: count)
        pacemaker = PBFTPacemaker(timing: configuration.timing, validatorCount: count)
        term = PBFTTerm(view: root.view)
        inquiryPace = InquiryPace(resend: pacemaker.resendInterval, validatorCount: count)
        recover(recovered, certificate)
    }

    public func leader(of view: View) -> ValidatorIndex { schedule.leader(of: view) }

    public var committed: Block { head.block }
    public var commitVoteHeight: Height { head.voteHeight }

    /// Votes at committed heights, in this view and all before.
    public var forgotten: Floor { Floor(view: view, height: committed.height) }

    /// Whether this replica may have voted on this instance and forgot.
    func isForgotten(_ view: View, _ height: Height) -> Bool {
        view <= configuration.floor.view && height <= configuration.floor.height
    }

    /// Whether it lacks blocks that it may have voted for and forgot. It asks for them, and takes
    /// part in changing the view: its log begins with the highest certificate that it ever held.
    var isBelowFloor: Bool { committed.height < configuration.floor.height }

    /// Whether the replica takes part in its view, and does not wait for how it begins.
    var isJoined: Bool { own.view == view }

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
        case .disconnected(let peer): pacemaker.lost(peer, at: now)
        case .timerFired: break  // What is due is looked at below, whatever came.
        case .work(let pending): work.note(pending: pending, to: &leadership)
        case .drafted(let draft, let view, let parent):
            propose(draft, in: view, on: parent, at: now, into: &effects)
        case .judged(let digest, let verdict):
            take(verdict, on: digest, at: now, into: &effects)
        case .caughtUp(let run): adopt(run, at: now, into: &effects)
        case .executed(let block, let root): note(block, root: root, into: &effects)
        }
        settle(at: now, into: &effects)
        noteWays()
        checkInvariants()
    }

    private mutating func receive(
        _ message: PBFTMessage, from sender: ValidatorIndex, at now: Instant,
        into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        guard configuration.validators.contains(sender) else { throw .unknownSender(sender) }
        pacemaker.heard(from: sender)
        switch message {
        case .prePrepare(let proposal): try take(proposal, at: now, into: &effects)
        case .vote(let vote): try count(vote, at: now, into: &effects)
        case .certificate(let certificate): try take(certificate, at: now, into: &effects)
        case .viewChange(let viewChange, let certificate):
            try take(viewChange, certificate, at: now, into: &effects)
        case .newView(let newView): try take(newView, at: now, into: &effects)
        case .block(let block): try take(block)
        case .inquiry(let inquiry): answer(inquiry, from: sender, at: now, into: &effects)
        }
    }

    /// Draws every conclusion that the state allows.
    private mutating func settle(at now: Instant, into effects: inout [Effect<Self>]) {
        joinLaterView(at: now, into: &effects)
        beginView(into: &effects)
        commitPrepared(into: &effects)
        commitDecided(at: now, into: &effects)
        fetchStable(into: &effects)
        prepareProposals(at: now, into: &effects)
        switch leadership {
        case .due, .gathering: requestDraft(at: now, into: &effects)
        case .none, .drafting, .waiting, .proposed: break
        }
        noteWorkSince(now)
        actOnTime(at: now, into: &effects)
        effects.append(.setTimer(nextDeadline))
    }

    private func checkInvariants() {
        precondition(own.view <= view, "P10: took part in a later view")
        precondition(own.tail.height >= committed.height, "P10: builds below the committed block")
    }
}
