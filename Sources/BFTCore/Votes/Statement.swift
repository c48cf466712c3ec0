public import BFTBase
public import BFTWire

/// What a vote says of its view.
public enum VoteKind: UInt8, Sendable, Hashable {
    /// The block may be built upon. The first phase of Simplex.
    case notarize = 1
    /// The view may be passed without a block.
    case nullify = 2
    /// The block is final. A quorum of these is a commit certificate.
    case finalize = 3
}

/// The exact thing that a validator signs.
///
/// It names chain, epoch, view, height and kind, so that a signature made for one can't be used
/// for another. A statement of kind `nullify` names no block: height and digest are zero.
public struct Statement: Hashable, Sendable {
    /// The genesis digest.
    public let chain: Digest
    public let epoch: Epoch
    public let kind: VoteKind
    public let view: View
    public let height: Height
    public let block: Digest

    public init(
        chain: Digest, epoch: Epoch, kind: VoteKind, view: View, height: Height, block: Digest
    ) {
        self.chain = chain
        self.epoch = epoch
        self.kind = kind
        self.view = view
        self.height = height
        self.block = block
    }

    /// The bytes that are signed: a label that no other use of the key shares, then the encoding.
    public var signingBytes: [UInt8] {
        var writer = Writer(capacity: 128)
        writer.raw(Self.label)
        encode(into: &writer)
        return writer.bytes
    }

    private static let label = Array("swift-bft v1 vote\0".utf8)
}

extension Statement: WireCodable {
    public func encode(into writer: inout Writer) {
        chain.encode(into: &writer)
        epoch.encode(into: &writer)
        writer.uint8(kind.rawValue)
        view.encode(into: &writer)
        height.encode(into: &writer)
        block.encode(into: &writer)
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
        if kind == .nullify, height != .zero || block != .zero {
            throw .invalid("a nullify statement that names a block")
        }
    }
}
