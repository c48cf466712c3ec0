public import BFTBase
public import BFTCore
public import BFTWire

/// The votes of PBFT: two on each instance, and one on each checkpoint.
extension VoteKind {
    /// The block has this place in this view, and so have its ancestors.
    public static let prepare = VoteKind(ballot: 0, per: .instance)
    /// The block is prepared. A quorum of these commits it with its ancestors.
    public static let commit = VoteKind(ballot: 1, per: .instance, outcome: .commitsBlock)
    /// The block was executed, and left this state. The statement has the state's digest where
    /// others name a block, and the block as what a quorum commits: whoever fell behind can set
    /// out for it.
    public static let checkpoint = VoteKind(ballot: 2, per: .height, outcome: .commitsAncestor)
}

/// The phase that a vote on an instance belongs to.
enum PBFTPhase: CaseIterable, Sendable {
    case prepare
    case commit

    /// The phase of `kind`, or `nil` if PBFT has no such vote on an instance.
    init?(_ kind: VoteKind) {
        switch kind {
        case .prepare: self = .prepare
        case .commit: self = .commit
        default: return nil
        }
    }
}

/// What a certificate of prepare or commit votes says, without the votes.
public struct PBFTCertificateName: Hashable, Sendable {
    /// The view of the votes. That of the block is the same or, if it was proposed again, earlier.
    public let view: View
    public let height: Height
    public let block: Digest

    public init(view: View, height: Height, block: Digest) {
        self.view = view
        self.height = height
        self.block = block
    }

    init(_ statement: Statement) {
        self.init(view: statement.view, height: statement.height, block: statement.block)
    }

    var blockName: BlockName { BlockName(height: height, digest: block) }

    /// Whether this one was made after `other`: in a later view, or in the same one further up.
    public func isAbove(_ other: PBFTCertificateName) -> Bool {
        (other.view, other.height) < (view, height)
    }
}

extension PBFTCertificateName: WireCodable {
    public func encode(into writer: inout Writer) {
        view.encode(into: &writer)
        height.encode(into: &writer)
        block.encode(into: &writer)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        self.init(
            view: try View(from: &reader), height: try Height(from: &reader),
            block: try Digest(from: &reader))
    }
}
