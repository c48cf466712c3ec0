public import BFTBase
public import BFTWire

/// A message that waits for its sender's signature.
public protocol Signable: Sendable, Equatable {
    associatedtype Signed: Sendable
    /// The exact bytes to sign.
    var signingBytes: [UInt8] { get }
    /// The only validator that the signed message is for, perhaps the sender itself; or `nil` if it
    /// is for all.
    var recipient: ValidatorIndex? { get }
    /// The message, with its signature.
    func signed(by signer: ValidatorIndex, _ signature: [UInt8]) -> Signed
}

extension Signable {
    /// For all, unless a message says otherwise.
    public var recipient: ValidatorIndex? { nil }
}

/// What a leader puts into a block.
public struct Draft: Sendable, Equatable {
    public let time: Timestamp
    public let applied: AppliedState
    /// Empty if there is nothing to order.
    public let payload: [BatchReference]

    public init(time: Timestamp, applied: AppliedState, payload: [BatchReference]) {
        self.time = time
        self.applied = applied
        self.payload = payload
    }
}

/// A block and the blocks it stands on that are not committed yet, oldest first.
public struct Branch: Sendable, Equatable {
    /// The last committed block.
    public let root: Block
    /// From the root's child to `tip`'s parent.
    public let ancestors: [Block]
    public let tip: Block
    /// The view in which the tip is looked at: its own or, if it is proposed again, a later one.
    public let view: View
    /// Whether a quorum, or so many that somebody honest is among them, has voted for the tip
    /// already: then the state that it vouches for was compared by somebody honest, and need not
    /// be known here, and its time and content were judged.
    public let isCertified: Bool
    /// Who is known to have voted for the tip, as far as somebody has noted it: whoever did holds
    /// its batches.
    public let voters: Bitmap?

    public init(
        root: Block, ancestors: [Block], tip: Block, in view: View? = nil,
        isCertified: Bool = false, voters: Bitmap? = nil
    ) {
        self.root = root
        self.ancestors = ancestors
        self.tip = tip
        self.view = view ?? tip.view
        self.isCertified = isCertified
        self.voters = voters
    }
}

/// What the ledger and the application say of a proposed block.
public enum Verdict: Sendable, Equatable {
    /// Its batches are held durably and its content is right.
    case valid
    /// No honest proposer makes such a block.
    case invalid
}

/// Consecutive committed blocks, oldest first, with the certificate that commits the last one or
/// a descendant. The others are committed as its ancestors: each is named by the parent of the
/// next.
///
/// - Invariant R1: `blocks` is not empty, heights are consecutive, parents link, views never fall,
///   and `certificate` commits the last or a block that digests link to it.
public struct CommittedRun: Sendable, Equatable {
    public let blocks: [Block]
    public let certificate: CommitCertificate

    /// The run, or `nil` unless the blocks link and the certificate commits the last one.
    public init?(blocks: [Block], certificate: CommitCertificate) {
        self.init(blocks: blocks, upTo: CommittedName(certificate))
    }

    /// The run, or `nil` unless the blocks link and `name` is that of the last one.
    public init?(blocks: [Block], upTo name: CommittedName) {
        guard name.parent(ofFirst: blocks) != nil else { return nil }
        self.blocks = blocks
        certificate = name.certificate
    }

    private init(_ blocks: [Block], _ certificate: CommitCertificate) {
        self.blocks = blocks
        self.certificate = certificate
    }

    /// What of the run follows the block named `digest`, or `nil` if nothing does.
    public func suffix(after digest: Digest) -> CommittedRun? {
        guard let next = blocks.firstIndex(where: { $0.parent == digest }) else { return nil }
        return next == 0 ? self : CommittedRun(Array(blocks[next...]), certificate)
    }

    public var first: Block { blocks[0] }
    public var last: Block { blocks[blocks.count - 1] }

    /// Whether the certificate commits the last block itself, and not only as an ancestor.
    public var isCertifiedItself: Bool { certificate.committed.digest == last.digest }
}

/// What is said to be a run: as it comes from a peer or a log.
public struct UncheckedRun: Sendable, Equatable {
    public let blocks: [Block]
    public let certificate: Certificate

    public init(blocks: [Block], certificate: Certificate) {
        self.blocks = blocks
        self.certificate = certificate
    }

    public init(_ run: CommittedRun) {
        self.init(blocks: run.blocks, certificate: run.certificate.certificate)
    }
}

/// Everything that can happen to a replica.
public enum Input<P: ConsensusProtocol>: Sendable, Equatable {
    /// The first input, once.
    case started
    /// A message whose signatures were checked. From the replica itself: its own signed message,
    /// durable by then.
    case received(Verified<P.Message>, from: ValidatorIndex)
    /// A link to `peer` was made, perhaps again: what was sent before may be lost.
    case connected(ValidatorIndex)
    /// The link to `peer` broke.
    case disconnected(ValidatorIndex)
    /// The instant of the last `setTimer` has come.
    case timerFired
    /// Whether there are batches to order on top of the last committed block. Repeated whenever
    /// another one came to be held.
    case work(pending: Bool)
    /// The answer to `draft`, for a block of `view` on top of `parent`.
    case drafted(Draft, view: View, parent: Digest)
    /// The answer to `judge`.
    case judged(Digest, Verdict)
    /// The ledger took these blocks from a peer, verified: they are committed.
    case caughtUp(CommittedRun)
    /// A committed block and the state after it, once for each height that is executed here, in
    /// order; and after `started`, those to go on from.
    case executed(BlockName, stateRoot: Digest)
}

/// Everything a replica can ask of its host.
///
/// The host carries effects out in order and may crash between any two of them. `persist` is
/// durable before a later effect starts.
public enum Effect<P: ConsensusProtocol>: Sendable, Equatable {
    case persist(P.Durable)
    /// Sign, then send to the recipient or, if it names none, to every peer; then give it back as a
    /// received message, whomever it is for.
    case sign(P.Unsigned)
    case send(P.Message, to: ValidatorIndex)
    /// To every peer, not to the sender.
    case broadcast(P.Message)
    /// Replaces the timer that was set before.
    case setTimer(Instant)
    /// Ask for what to propose on top of `parent`.
    case draft(view: View, on: Branch)
    /// Ask for a verdict on the tip, which comes when its batches are here, or never.
    case judge(Branch)
    case commit(CommittedRun)
    /// A block was committed that this replica can't reach with what it holds: the ledger has to
    /// take it and its ancestors from peers.
    case fetch(Certificate)
    /// A validator contradicted itself.
    case accuse(Evidence)
    case reject(Rejection)
}

/// Why a message changed nothing.
public enum Rejection: Error, Sendable, Equatable {
    case unknownSender(ValidatorIndex)
    case otherChain
    case otherEpoch
    case unknownVoter(ValidatorIndex)
    case notLeader(ValidatorIndex, View)
    /// The proposal and its leader's vote don't say the same.
    case proposalMismatch
    case malformedBlock
    case weakCertificate
    /// The proposal of this view stands on less than a vote for it takes.
    case unjustified(View)
    /// Too far ahead to keep.
    case beyondWindow(View)
    /// A vote of a kind that the protocol does not have, or not in this place.
    case otherKind(VoteKind)
    /// Nobody asked for it.
    case unexpectedBlock(Digest)
    /// What is said to lead into this view does not.
    case unjustifiedView(View)
}

/// One replica of one agreement protocol, as a pure value.
///
/// It takes an input and the time, changes itself and appends effects: no I/O, no clock, no
/// randomness, no cryptography. Equal values given equal inputs stay equal.
public protocol ConsensusProtocol: Sendable, Equatable {
    associatedtype Message: Sendable & Equatable & Authenticated & WireCodable
    associatedtype Unsigned: Signable where Unsigned.Signed == Message
    associatedtype Durable: Sendable & Equatable & WireCodable

    /// The votes of which a quorum, or everybody if they say so, commits a block. No other
    /// certificate is ever taken for that of a commit.
    static var commitKinds: [VoteKind] { get }

    /// Whether validators of `power`, all of whom cast votes of `kind`, commit what they voted for.
    static func isEnough(
        _ power: VotingPower, of kind: VoteKind, among validators: ValidatorSet
    ) -> Bool

    /// The replica that `configuration` describes, on top of the committed block `root`, with
    /// every record it made durable and did not give up since, in order. `certificate` commits
    /// the root or a descendant; only the genesis has none.
    init(
        configuration: ReplicaConfiguration, root: Block, certificate: CommitCertificate?,
        recovered: [Durable])

    mutating func handle(_ input: Input<Self>, at now: Instant, into effects: inout [Effect<Self>])

    /// Whether a leader that has something to propose should wait a moment for those who are about
    /// to write. That pays where a block is committed before the next one is proposed: all clients
    /// are answered at once, and write again at once.
    static var leadersGather: Bool { get }

    /// Whether `message` could change anything. A host asks before it spends time on signatures.
    func isUseful(_ message: Message) -> Bool

    /// The largest message, in its encoding, that an honest replica sends among `validators`, whose
    /// signatures have so many bytes. A chain is refused whose network does not carry it.
    static func largestMessage(
        among validators: ValidatorSet, signatureByteCount: Int
    ) -> Message

    /// The view the replica is in.
    var view: View { get }
    /// The leader of `view`.
    func leader(of view: View) -> ValidatorIndex
    /// The last block known to be committed.
    var committed: Block { get }
    /// The highest height that this replica helped to commit or knows to be committed: no block
    /// above it can be committed without another vote of this replica counting.
    var commitVoteHeight: Height { get }
    /// The records that a new log must begin with, once all earlier ones are dropped.
    var liveRecords: [Durable] { get }
    /// What this replica may have said without a record of it in `liveRecords`, because it is
    /// committed.
    var forgotten: Floor { get }
}

extension ConsensusProtocol {
    public static var leadersGather: Bool { false }

    /// Everything in views up to that of the committed block.
    public var forgotten: Floor { Floor(view: committed.view, height: committed.height) }

    /// What it takes to commit a block of a network that is configured like this.
    public static func commitRules(_ configuration: ReplicaConfiguration) -> CommitRules {
        CommitRules(
            chain: configuration.chain, epoch: configuration.epoch,
            validators: configuration.validators, kinds: commitKinds,
            isEnough: { isEnough($0, of: $1, among: $2) })
    }

    public static func isEnough(
        _ power: VotingPower, of kind: VoteKind, among validators: ValidatorSet
    ) -> Bool {
        CommitRules.isEnough(power, of: kind, among: validators)
    }
}

/// What a replica is told once, at its start.
public struct ReplicaConfiguration: Sendable, Equatable {
    public let chain: Digest
    public let epoch: Epoch
    public let validators: ValidatorSet
    public let own: ValidatorIndex
    public let timing: Timing
    /// Who leads which view. The same at every validator of a network.
    public let leaders: LeaderSchedule
    /// What this replica may have said and has no record of. At or below it, it says nothing that
    /// could contradict what it forgot.
    public let floor: Floor

    /// - Parameter leaders: the schedule that the powers make, unless given.
    public init(
        chain: Digest, epoch: Epoch, validators: ValidatorSet, own: ValidatorIndex, timing: Timing,
        leaders: LeaderSchedule? = nil, floor: Floor = .ground
    ) {
        precondition(validators.contains(own), "this replica is not a validator")
        self.floor = floor
        self.chain = chain
        self.epoch = epoch
        self.validators = validators
        self.own = own
        self.timing = timing
        self.leaders = leaders ?? LeaderSchedule(validators)
    }

    /// The same, above `floor`.
    public func above(_ floor: Floor) -> Self {
        Self(
            chain: chain, epoch: epoch, validators: validators, own: own, timing: timing,
            leaders: leaders, floor: floor)
    }

    /// How long to wait for what. The same at every validator of a network, though nothing but
    /// speed depends on that.
    public struct Timing: Sendable, Equatable {
        /// How long a leader may take before its view is given up.
        public let viewTimeout: Interval
        /// How often an idle network makes an empty block.
        public let idleInterval: Interval
        /// How many times the timeout may double while views fail.
        public let backoffLimit: Int

        public init(viewTimeout: Interval, idleInterval: Interval, backoffLimit: Int = 6) {
            self.viewTimeout = viewTimeout
            self.idleInterval = idleInterval
            self.backoffLimit = backoffLimit
        }
    }
}
