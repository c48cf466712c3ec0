public import BFTBase
public import BFTCore
import BFTLedger

/// What a message is for, in any protocol.
public enum MessageRole: Sendable, Equatable {
    /// A leader puts a block forward.
    case proposal
    /// One validator says something that counts towards a quorum.
    case vote
    /// A quorum said something.
    case certificate
    /// Everything else: questions, answers, bodies.
    case other
}

/// One thing to change in a message before it is signed.
public enum Change: Sendable, Equatable {
    /// The same with another block, which is as good as the first.
    case otherBlock
    /// A proposal of a block in the place of this one's parent, by the proposer of this one.
    case onGrandparent(parent: Block)
    /// Every other kind of vote that can be made of it.
    case otherKinds
    /// The same block with other batches.
    case payload([BatchReference])
    /// The same block, vouching for another state.
    case applied(AppliedState)
    case view(View)
    case block(Digest)
    case epoch(Epoch)
    case chain(Digest)
}

/// What attacks and oracles must know of a protocol's messages.
///
/// A protocol says this once, in `SimulatedProtocols`, and every adversary and oracle runs on it.
public protocol Attackable: ConsensusProtocol where Message: Composable {
    static func role(of unsigned: Unsigned) -> MessageRole
    static func role(of message: Message) -> MessageRole
    static func view(of unsigned: Unsigned) -> View
    /// The view that the message is about, if it is about one.
    static func view(of message: Message) -> View?

    /// Whether `unsigned` is said where a validator with this floor may have said something else.
    static func isForgotten(_ unsigned: Unsigned, by floor: Floor) -> Bool

    /// What can be signed instead of `unsigned` with `change` made. Empty if it can't be made.
    static func variants(of unsigned: Unsigned, _ change: Change) -> [Unsigned]
    /// What the sender of `message` signed, to be said again under another name.
    static func unsigned(of message: Message) -> Unsigned?
    /// Messages in the manner of `message` whose signatures don't hold, made of signatures that do.
    static func forgeries(of message: Message, _ random: inout SplitMix64) -> [Message]

    /// Whether an honest validator may give a vote this form. One in another counts for nothing.
    static func isWellFormed(_ statement: Statement) -> Bool
    /// The signed votes in `message`, outside of certificates.
    static func votes(in message: Message) -> [Vote]
    /// The block that `message` proposes.
    static func proposedBlock(in message: Message) -> Block?
    /// The block that `unsigned` proposes.
    static func proposedBlock(in unsigned: Unsigned) -> Block?

    /// How many views this replica keeps something of.
    var keptViewCount: Int { get }
    /// The most views that it may ever keep something of, as it stands.
    var keptViewLimit: UInt64 { get }

    /// The protocol's own invariants, by the names that its article gives them.
    static var invariants: [OracleEntry<Self>] { get }
}

extension Attackable {
    public static func isForgotten(_ unsigned: Unsigned, by floor: Floor) -> Bool {
        view(of: unsigned) <= floor.view
    }
}
