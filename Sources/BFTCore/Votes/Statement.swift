public import BFTBase
public import BFTWire

/// A block by height and digest.
public struct BlockName: Hashable, Sendable {
    public let height: Height
    public let digest: Digest

    public init(height: Height, digest: Digest) {
        self.height = height
        self.digest = digest
    }
}

/// The exact thing that a validator signs.
///
/// It names chain, epoch, view, height and kind, so that a signature made for one can't be used
/// for another. A statement that is not about a block has zero for height and digest.
public struct Statement: Hashable, Sendable {
    /// The genesis digest.
    public let chain: Digest
    public let epoch: Epoch
    public let kind: VoteKind
    public let view: View
    public let height: Height
    public let block: Digest
    /// The ancestor of the block that a quorum of this commits. Only in kinds whose outcome is
    /// `commitsAncestor`.
    public let ancestor: BlockName?

    /// - Precondition: an ancestor is named only in a kind that commits one.
    public init(
        chain: Digest, epoch: Epoch, kind: VoteKind, view: View, height: Height, block: Digest,
        ancestor: BlockName? = nil
    ) {
        precondition(ancestor == nil || kind.outcome == .commitsAncestor, "an idle ancestor")
        self.chain = chain
        self.epoch = epoch
        self.kind = kind
        self.view = view
        self.height = height
        self.block = block
        self.ancestor = ancestor
    }

    /// The block that it is about, if it is about one.
    public var blockName: BlockName { BlockName(height: height, digest: block) }

    /// What enough votes for this statement commit: those of a quorum or, if the kind says so, of
    /// all validators.
    public var committed: BlockName? {
        switch kind.outcome {
        case .nothing: nil
        case .commitsBlock, .commitsBlockIfUnanimous: blockName
        case .commitsAncestor: ancestor
        }
    }

    /// Whether no honest validator signs both: two statements on one ballot.
    public func contradicts(_ other: Statement) -> Bool {
        guard self != other, chain == other.chain, epoch == other.epoch,
            kind.ballot == other.kind.ballot
        else { return false }
        return switch (kind.scope, other.kind.scope) {
        case (.view, .view): view == other.view
        case (.instance, .instance): view == other.view && height == other.height
        case (.height, .height): height == other.height
        case (.block, .block): view == other.view && block == other.block
        case (.view, .block), (.block, .view):
            view == other.view && kind.choice != other.kind.choice
        default: false
        }
    }

    private static let label = Array("swift-bft v1 vote\0".utf8)
}

extension Statement: SignedContent {
    public var signingBytes: [UInt8] { signingBytes(Self.label) }
}

extension Statement: WireCodable {
    public func encode(into writer: inout Writer) {
        chain.encode(into: &writer)
        epoch.encode(into: &writer)
        writer.uint8(kind.rawValue)
        view.encode(into: &writer)
        height.encode(into: &writer)
        block.encode(into: &writer)
        guard kind.outcome == .commitsAncestor else { return }
        writer.optional(ancestor) { writer, name in
            name.height.encode(into: &writer)
            name.digest.encode(into: &writer)
        }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        chain = try Digest(from: &reader)
        epoch = try Epoch(from: &reader)
        let tag = try reader.uint8()
        guard let kind = VoteKind(rawValue: tag) else { throw .unknownTag(tag) }
        self.kind = kind
        view = try View(from: &reader)
        height = try Height(from: &reader)
        block = try Digest(from: &reader)
        guard kind.outcome == .commitsAncestor else {
            ancestor = nil
            return
        }
        ancestor = try reader.optional { reader throws(WireError) in
            BlockName(height: try Height(from: &reader), digest: try Digest(from: &reader))
        }
    }
}
