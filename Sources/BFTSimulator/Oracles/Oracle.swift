public import BFTBase
public import BFTCore
public import BFTLedger
public import BFTWire

/// Something that happened at an honest validator.
public enum Observation<P: ConsensusProtocol>: Sendable {
    /// A client gave a batch to the node.
    case submitted(Batch, at: ValidatorIndex)
    /// A batch of its own is durable at the node.
    case stored(BatchReference, at: ValidatorIndex)
    /// The node sends a batch of its own with its signature.
    case authored(BatchReference, at: ValidatorIndex)
    /// A record of the protocol can't be lost any more.
    case durable(P.Durable, at: ValidatorIndex)
    /// The log has a batch, and it can't be lost any more.
    case batchDurable(BatchReference, at: ValidatorIndex)
    /// The replica asks its host for this, in this order.
    case asked([ReplicaEffect<P>], at: ValidatorIndex)
    /// The host has an effect carried out by which something is said, or a block executed.
    case carriedOut(ReplicaEffect<P>, at: ValidatorIndex)
    /// The disk refuses to go on.
    case diskFailed(at: ValidatorIndex)
    /// The power was cut, and `keeping` executed blocks are left.
    case powerCut(at: ValidatorIndex, keeping: Int)
    /// The node starts, and its chain ends below what its log says to have forgotten.
    case beganBelow(Floor, at: ValidatorIndex)
    case entered(View, at: ValidatorIndex)
    case signed(P.Unsigned, by: ValidatorIndex)
    /// A message came whose signatures hold; the replica hears it if it is `useful`. `committed`
    /// is where its last committed block stands, and `current` its view, before that.
    case received(P.Message, at: ValidatorIndex, isUseful: Bool, committed: Floor, current: View)
    case committed(CommittedRun, at: ValidatorIndex)
    case executed(CommittedBlock, root: Digest, at: ValidatorIndex)
    case accused(Evidence, by: ValidatorIndex)
    /// The run is over, and an accusation still waits for a record that is not durable: nothing
    /// leaves a node before what was to be durable earlier.
    case heldBack(Evidence, by: ValidatorIndex)
    /// The node's state differs from what `proposer` vouches for.
    case diverged(from: ValidatorIndex, at: ValidatorIndex)
    case displaced(Batch, at: ValidatorIndex)
    /// The node refused a proposal as none that an honest leader makes.
    case refusedProposal(at: ValidatorIndex)
    case readRequested(UInt64, at: ValidatorIndex)
    case readsAnswered(upTo: UInt64, seeing: Int, at: ValidatorIndex)
    /// A client began an operation, the transaction of a batch unless it is a read. They are
    /// numbered in this order.
    case invoked(Int, ClientOperation.Action, batch: BatchReference?, at: ValidatorIndex)
    /// A client was told.
    case answered(Int, ClientOperation.Answer, at: ValidatorIndex)
    /// What the replica keeps, and the most that it may.
    case measured(keptViews: Int, viewLimit: UInt64, pendingBytes: Int, at: ValidatorIndex)
    /// Faults are over, and the bound on progress as well.
    case rested(unfinished: String?)
    /// After that the malicious fell silent, everybody honest was given a batch more, and the bound
    /// is over once more.
    case outlived(unfinished: String?)
}

/// What oracles are told of a world before it begins.
public struct Scene: Sendable {
    public let validators: ValidatorSet
    public let isHonest: [Bool]
    /// Whether no wall clock is ever set wrong: otherwise honest leaders make blocks that are
    /// refused.
    let areClocksRight: Bool
    public let chain: Digest
    let limits: LedgerLimits
    let signatures: any WorldSignatures

    public func isHonest(_ validator: ValidatorIndex) -> Bool { isHonest[validator.rawValue] }

    /// Restated: more than two thirds of the power.
    public func isQuorum(_ power: VotingPower) -> Bool {
        let total = validators.powers.reduce(0, +)
        return power > total - power && 3 * power > 2 * total
    }

    /// Whether `signers`, honest ones, and every malicious validator together are a quorum: what
    /// they can make the network believe.
    public func canBeQuorum(_ signers: Set<ValidatorIndex>) -> Bool {
        var power: VotingPower = 0
        for position in isHonest.indices
        where !isHonest[position] || signers.contains(ValidatorIndex(position)) {
            power += validators.powers[position]
        }
        return isQuorum(power)
    }

    /// Whether `signers`, honest ones, and every malicious validator together are more than a third
    /// of the power.
    public func canBeWeakQuorum(_ signers: Set<ValidatorIndex>) -> Bool {
        var power: VotingPower = 0
        for position in isHonest.indices
        where !isHonest[position] || signers.contains(ValidatorIndex(position)) {
            power += validators.powers[position]
        }
        return 3 * power > validators.powers.reduce(0, +)
    }

    /// Whether `signers`, honest ones, are all honest validators.
    public func canBeEverybody(_ signers: Set<ValidatorIndex>) -> Bool {
        isHonest.indices.allSatisfy { !isHonest[$0] || signers.contains(ValidatorIndex($0)) }
    }

    public func holds(_ claims: [SignatureClaim]) -> Bool {
        claims.allSatisfy { signatures.holds($0) }
    }
}

/// A property that must hold in every run, stated independently of the code that it judges.
public protocol Oracle<P>: Sendable {
    associatedtype P: ConsensusProtocol
    /// Takes note of `observation`. Says what is wrong with it, if anything.
    mutating func judge(_ observation: Observation<P>) -> String?
    /// How much it was asked to judge and could not.
    var undecidedCount: Int { get }
}

extension Oracle {
    public var undecidedCount: Int { 0 }
}

/// An oracle by its name, for a world that is about to begin.
public struct OracleEntry<P: ConsensusProtocol>: Sendable {
    public let name: String
    public let make: @Sendable (Scene) -> any Oracle<P>

    public init(_ name: String, _ make: @escaping @Sendable (Scene) -> any Oracle<P>) {
        self.name = name
        self.make = make
    }
}

/// Which oracles judge a run.
public enum OracleSelection: Sendable, Equatable {
    case all
    case only([String])
    case allBut([String])

    func contains(_ name: String) -> Bool {
        switch self {
        case .all: true
        case .only(let names): names.contains(name)
        case .allBut(let names): !names.contains(name)
        }
    }
}

/// The oracles of a world.
struct OracleBench<P: ConsensusProtocol>: Sendable {
    private var oracles: [(name: String, oracle: any Oracle<P>)]

    init(_ selection: OracleSelection, and guests: [OracleEntry<P>], scene: Scene) {
        let chosen = Self.all.filter { selection.contains($0.name) } + guests
        oracles = chosen.map { ($0.name, $0.make(scene)) }
    }

    static var all: [OracleEntry<P>] { catalogue + ownInvariants }

    mutating func judge(_ observation: Observation<P>) -> [String] {
        var violations: [String] = []
        for position in oracles.indices {
            if let violation = oracles[position].oracle.judge(observation) {
                violations.append("\(oracles[position].name): \(violation)")
            }
        }
        return violations
    }

    var undecidedCount: Int { oracles.reduce(0) { $0 + $1.oracle.undecidedCount } }

    /// What the protocol says of itself, if it does.
    private static var ownInvariants: [OracleEntry<P>] {
        guard let protocolType = P.self as? any Attackable.Type else { return [] }
        func entries<A: Attackable>(of type: A.Type) -> [OracleEntry<P>] {
            A.invariants as? [OracleEntry<P>] ?? []
        }
        return entries(of: protocolType)
    }
}
