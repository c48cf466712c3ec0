public import BFTBase
public import BFTCore
public import BFTLedger

/// What an adversary sees and holds at one moment.
public struct Vantage<P: ConsensusProtocol>: Sendable {
    public let configuration: ReplicaConfiguration
    public let limits: LedgerLimits
    public let now: Instant
    public let wallTime: Timestamp
    /// Its own replica, which follows the protocol. `nil` while the machine is down.
    public let replica: Replica<P>?
    /// The committed state that every replica starts from.
    public let genesis: CommittedState
    public var random: SplitMix64
    /// What the malicious validators share.
    public var coalition: Coalition<P>
    let signatures: any WorldSignatures

    public var own: ValidatorIndex { configuration.own }
    public var validators: ValidatorSet { configuration.validators }
    /// The view that its own replica is in.
    public var view: View { replica?.consensus.view ?? .zero }

    /// All validators but this one.
    public var peers: [ValidatorIndex] { validators.indices.filter { $0 != own } }

    /// Those whom an honest replica would send `unsigned`.
    public func recipients(of unsigned: P.Unsigned) -> [ValidatorIndex] {
        unsigned.recipients(among: peers)
    }

    /// All validators that are not malicious.
    public var honest: [ValidatorIndex] {
        validators.indices.filter { !coalition.members.contains($0) }
    }

    /// Signs with the key of one of the malicious validators.
    ///
    /// - Precondition: `member` is one of them.
    public func signed(_ unsigned: P.Unsigned, by member: ValidatorIndex) -> ReplicaMessage<P> {
        precondition(coalition.members.contains(member), "a key that the adversary does not own")
        let signature = signatures.sign(unsigned.signingBytes, as: member)
        return .consensus(unsigned.signed(by: member, signature))
    }

    /// A copy of a batch, signed with the key of one of the malicious validators: its author's or,
    /// if that is honest, its own.
    public func signed(_ batch: Batch) -> BatchCopy {
        let signer = coalition.members.contains(batch.author) ? batch.author : own
        let (chain, epoch) = (configuration.chain, configuration.epoch)
        let statement = batch.reference.statement(chain: chain, epoch: epoch)
        return BatchCopy(
            batch,
            Authorship(
                chain: chain, epoch: epoch,
                signature: signatures.sign(statement.signingBytes, as: signer)))
    }

    /// A certificate that the malicious validators sign among themselves.
    public func certificate(of statement: Statement) -> Certificate? {
        let votes = coalition.members.map { member in
            Vote(
                statement: statement, voter: member,
                signature: signatures.sign(statement.signingBytes, as: member))
        }
        return Certificate(
            statement: statement, votes: votes, validatorCount: validators.count)
    }

    /// One of `count` choices.
    public mutating func choice(of count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    /// Heads or tails.
    public mutating func coin() -> Bool { Bool.random(using: &random) }

    public mutating func some(of validators: [ValidatorIndex]) -> [ValidatorIndex] {
        validators.filter { _ in Bool.random(using: &random) }
    }
}

extension Signable {
    /// Those of `peers` that an honest replica sends this to, once it is signed.
    func recipients(among peers: [ValidatorIndex]) -> [ValidatorIndex] {
        guard let recipient else { return peers }
        return peers.filter { $0 == recipient }
    }
}

/// What the malicious validators of one world share: keys, what they heard, what they agreed upon.
public struct Coalition<P: ConsensusProtocol>: Sendable {
    public let members: [ValidatorIndex]
    /// What any of them heard, the latest last.
    public private(set) var heard: [ReplicaMessage<P>] = []
    /// How much they heard in all.
    private(set) var heardCount = 0
    /// The forks that they try to make, one in a view.
    public private(set) var forks: [Fork] = []

    /// Two things to say in one view, each to its own side.
    public struct Fork: Sendable {
        public let view: View
        public let first: P.Unsigned
        public let second: P.Unsigned
        /// Who is to believe the first.
        public let side: [ValidatorIndex]
    }

    /// Who is cut off from most others at present, by position.
    var secluded: UInt64 = 0
    /// What members that say anything do at all in this run.
    let repertoire: Repertoire
    /// What they agree upon at present.
    var mood: Mood?
    /// What members that draw by occasion draw from.
    private(set) var occasions: Occasions

    init(members: [ValidatorIndex], seed: UInt64, turns: [Turn]) {
        self.members = members
        repertoire = Repertoire(seed: seed)
        occasions = Occasions(seed: seed, turns: turns)
    }

    static var heardLimit: Int { 512 }
    static var forkLimit: Int { 64 }

    mutating func hear(_ message: ReplicaMessage<P>) {
        if heard.count == Self.heardLimit { heard.removeFirst(Self.heardLimit / 2) }
        heard.append(message)
        heardCount += 1
    }

    /// What was heard after the first `count` messages, as far as it is kept.
    func heard(since count: Int) -> ArraySlice<ReplicaMessage<P>> {
        heard.suffix(heardCount - count)
    }

    var occasionCount: UInt64 { occasions.count }

    mutating func nextOccasion() -> SplitMix64 { occasions.next() }

    public mutating func agree(on fork: Fork) {
        if forks.count == Self.forkLimit { forks.removeFirst(Self.forkLimit / 2) }
        forks.append(fork)
    }

    public func fork(in view: View) -> Fork? { forks.last { $0.view == view } }
}
