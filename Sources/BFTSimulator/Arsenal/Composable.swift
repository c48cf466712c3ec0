public import BFTBase
public import BFTCore

/// Messages that can be taken apart and put together again: what the adversary that says
/// everything must know of a protocol.
public protocol Composable: Sendable, Equatable {
    /// What is signed beside votes and their certificates, and what is made of it.
    associatedtype Special: Sendable & Equatable

    /// Puts every block, vote, certificate and special thing of the message on its shelf.
    func takeApart(into arsenal: inout Arsenal<Special>)
    /// A message of one sort, made of anything in the arsenal and of what the coalition signs.
    /// `nil` if what it would be made of is not there.
    static func compose(_ variety: Int, _ forge: inout Forge<Special>) -> Self?
    /// The message with something else from the arsenal in one of its places, signed again where
    /// that is called for. `nil` if there is nothing to exchange.
    func altered(_ forge: inout Forge<Special>) -> Self?
    /// What shows `certificate` and nothing else.
    static func showing(_ certificate: Certificate) -> Self
    /// What casts `vote` and says nothing else.
    static func casting(_ vote: Vote) -> Self
    /// How many sorts of messages there are: at most ``Varieties/limit``.
    static var varietyCount: Int { get }
    /// The view that the thing is about.
    static func view(of special: Special) -> View?
    /// Which of its sorts of messages this is. A number of its own for what no honest validator
    /// says, the last one of ``Varieties/limit``.
    var variety: Int { get }
}

/// The numbers of the sorts of messages.
public enum Varieties {
    /// How many sorts of messages a protocol may have.
    public static let limit = 16
    /// That of messages which no honest validator sends.
    public static let strange = limit - 1
}

/// Where messages are made: what is known, whose keys there are, and chance.
public struct Forge<Special: Sendable & Equatable>: Sendable {
    public let configuration: ReplicaConfiguration
    /// Whose keys there are.
    public let members: [ValidatorIndex]
    /// The view that the coalition's own replica is in, and the last block it committed.
    public let view: View
    public let committed: Block
    public let wallTime: Timestamp
    public var random: SplitMix64
    public internal(set) var arsenal: Arsenal<Special>
    let temper: Temper
    let mood: Mood
    private let leaders: @Sendable (View) -> ValidatorIndex
    private let signatures: any WorldSignatures

    init(
        _ vantage: Vantage<some ConsensusProtocol>, committed: Block,
        leaders: @escaping @Sendable (View) -> ValidatorIndex, arsenal: Arsenal<Special>,
        random: SplitMix64, temper: Temper, mood: Mood
    ) {
        configuration = vantage.configuration
        members = vantage.coalition.members
        view = vantage.view
        self.committed = committed
        wallTime = vantage.wallTime
        self.leaders = leaders
        self.arsenal = arsenal
        self.random = random
        self.temper = temper
        self.mood = mood
        signatures = vantage.signatures
    }

    public var validators: ValidatorSet { configuration.validators }

    // MARK: Drawing

    /// Whether the next field is to be none that an honest validator would put there.
    public mutating func isStrange() -> Bool { random.oneIn(temper.strangeness) }

    public mutating func choice(of count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    public mutating func member() -> ValidatorIndex {
        members.randomElement(using: &random) ?? configuration.own
    }

    /// Whoever leads `view`, as far as the coalition knows.
    public func leader(of view: View) -> ValidatorIndex { leaders(view) }

    /// Near the present view, mostly.
    public mutating func nearbyView() -> View {
        if isStrange(), let certificate = certificate() { return certificate.statement.view }
        let offset = [0, 0, 0, 1, 1, 2, 3, 5].randomElement(using: &random) ?? 0
        return View(view.rawValue &+ UInt64(offset)).retreated(by: random.oneIn(4) ? 2 : 0)
    }

    /// A view that a member leads, the nearest from the last one on, mostly.
    public mutating func ledView() -> View? {
        var candidate = view.retreated(by: random.oneIn(4) ? 2 : 0)
        let skipped = random.oneIn(4) ? choice(of: 4) : 0
        var led: [View] = []
        for _ in 0..<16 where led.count <= skipped {
            if members.contains(leader(of: candidate)), candidate > .zero { led.append(candidate) }
            candidate = candidate.next
        }
        return isStrange() ? nearbyView() : led.last
    }

    public mutating func certificate() -> Certificate? { arsenal.certificates.pick(&random) }

    /// Any that fits, or one that is as old as the mood wants it. Mostly none that is kept.
    public mutating func certificate(where isFit: (Certificate) -> Bool) -> Certificate? {
        guard !isStrange() else { return certificate() }
        let isDiscreet = !random.oneIn(8)
        let isChosen: (Certificate) -> Bool = { [self] in
            isFit($0) && !(isDiscreet && isSecret($0))
        }
        guard random.oneIn(2) else { return arsenal.certificates.pick(&random, where: isChosen) }
        let fit = arsenal.certificates.items.filter(isChosen)
        let views = Set(fit.map(\.statement.view)).sorted(by: >)
        guard let view = views.dropFirst(mood.rank).first ?? views.last else { return nil }
        return fit.filter { $0.statement.view == view }.randomElement(using: &random)
    }

    /// Whether it is kept from others for now: only the coalition can make it, as far as it knows.
    func isSecret(_ certificate: Certificate) -> Bool {
        mood.isKeeping(certificate.statement.view) && !arsenal.isShown(certificate.statement)
    }

    /// Any block, the committed one now and then.
    public mutating func block() -> Block {
        random.oneIn(6) ? committed : arsenal.blocks.pick(&random) ?? committed
    }

    /// The digest of any block, or of none.
    public mutating func digest() -> Digest {
        isStrange() ? Digest(random.next(), 0, 0, 0) : block().digest
    }

    /// A block upon `parent`, right in most of its fields.
    public mutating func child(of parent: Block, in view: View) -> Block {
        var time = max(parent.time, wallTime)
        if isStrange() { time = parent.time }
        var (height, applied) = (parent.height.next, parent.applied)
        if isStrange() { height = parent.height }
        if isStrange() { applied = block().applied }
        var payload: [BatchReference] = []
        if random.oneIn(3), let batch = arsenal.batches.pick(&random) { payload = [batch] }
        return Block(
            epoch: configuration.epoch, view: view, height: height, parents: [parent.digest],
            proposer: isStrange() ? member() : leader(of: view), time: time, applied: applied,
            payload: payload)
    }

    /// What a vote of `kind` for `block` says.
    public mutating func statement(
        _ kind: VoteKind, in view: View, height: Height, block: Digest,
        ancestor: BlockName? = nil
    ) -> Statement {
        Statement(
            chain: isStrange() && isStrange() ? .zero : configuration.chain,
            epoch: configuration.epoch, kind: kind, view: view, height: height, block: block,
            ancestor: kind.outcome == .commitsAncestor ? ancestor : nil)
    }

    public mutating func kind(of kinds: [VoteKind]) -> VoteKind { kinds[choice(of: kinds.count)] }

    // MARK: Signing

    public func sign(_ bytes: [UInt8], as member: ValidatorIndex) -> [UInt8] {
        precondition(members.contains(member), "a key that the coalition does not own")
        return signatures.sign(bytes, as: member)
    }

    /// The vote of whoever leads the view of `statement` if that is a member, or of any.
    public mutating func signed(_ statement: Statement) -> Vote {
        let leader = leader(of: statement.view)
        return signed(
            statement, by: members.contains(leader) && !isStrange() ? leader : member())
    }

    public func signed(_ statement: Statement, by member: ValidatorIndex) -> Vote {
        Vote(
            statement: statement, voter: member,
            signature: sign(statement.signingBytes, as: member))
    }

    /// All members vote for what any known vote says, and a certificate is made if a quorum did by
    /// then. Returns it.
    @discardableResult
    mutating func complete(_ statement: Statement) -> Certificate? {
        var power: VotingPower = 0
        let known = arsenal.votes(for: statement).map(\.voter)
        for voter in known { power += validators.powers[voter.rawValue] }
        for member in members where !known.contains(member) {
            power += validators.powers[member.rawValue]
        }
        guard validators.isQuorum(power) else { return nil }
        for member in members where !known.contains(member) {
            arsenal.add(signed(statement, by: member))
        }
        let certificate = Certificate(
            statement: statement, votes: arsenal.votes(for: statement),
            validatorCount: validators.count)
        if let certificate { arsenal.add(certificate) }
        return certificate
    }
}

extension View {
    fileprivate func retreated(by count: UInt64) -> View {
        View(rawValue - min(rawValue, UInt64(count)))
    }
}
