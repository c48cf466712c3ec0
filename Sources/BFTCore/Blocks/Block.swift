public import BFTBase
public import BFTWire

/// What one leader proposes to append: a header and the references of its payload.
///
/// The digest covers every field, so a certificate that names the digest vouches for all of it.
/// Blocks name their parents as a list: one today, several once blocks form a DAG.
///
/// - Invariant B2: `digest` is the digest of the encoding.
public struct Block: Equatable, Sendable {
    public let epoch: Epoch
    public let view: View
    public let height: Height
    public let parents: [Digest]
    public let proposer: ValidatorIndex
    /// The proposer's time, never less than the parent's.
    public let time: Timestamp
    /// The highest block whose execution the proposer vouches for, and the state it left. Other
    /// validators vote only if their own execution agrees.
    public let applied: AppliedState
    /// The batches to execute, in this order.
    public let payload: [BatchReference]
    public let digest: Digest

    /// The most batches that one block may name.
    public static let payloadLimit = 4_096
    /// The most parents that one block may name.
    public static let parentLimit = 16

    public init(
        epoch: Epoch, view: View, height: Height, parents: [Digest], proposer: ValidatorIndex,
        time: Timestamp, applied: AppliedState, payload: [BatchReference]
    ) {
        self.epoch = epoch
        self.view = view
        self.height = height
        self.parents = parents
        self.proposer = proposer
        self.time = time
        self.applied = applied
        self.payload = payload
        var writer = Writer()
        Self.write(
            (epoch, view, height, parents, proposer, time, applied, payload), into: &writer)
        self.digest = Digest.of(writer.bytes, in: .block)
    }

    /// The block that every replica of `chain` starts from: height 0, view 0, no parent but the
    /// chain itself.
    public static func genesis(chain: Digest, time: Timestamp, stateRoot: Digest) -> Block {
        Block(
            epoch: .zero, view: .zero, height: .zero, parents: [chain],
            proposer: ValidatorIndex(0), time: time,
            applied: AppliedState(height: .zero, root: stateRoot), payload: [])
    }

    public var name: BlockName { BlockName(height: height, digest: digest) }

    /// The one parent of a chain's block.
    public var parent: Digest { parents.first ?? .zero }

    /// The bytes of all batches that the block names.
    public var payloadByteCount: Int { payload.reduce(0) { $0 + $1.byteCount } }
}

/// The state after a block was executed.
public struct AppliedState: Hashable, Sendable {
    public let height: Height
    public let root: Digest

    public init(height: Height, root: Digest) {
        self.height = height
        self.root = root
    }
}

extension Block: WireCodable {
    private typealias Fields = (
        epoch: Epoch, view: View, height: Height, parents: [Digest], proposer: ValidatorIndex,
        time: Timestamp, applied: AppliedState, payload: [BatchReference]
    )

    private static func write(_ fields: Fields, into writer: inout Writer) {
        fields.epoch.encode(into: &writer)
        fields.view.encode(into: &writer)
        fields.height.encode(into: &writer)
        writer.array(fields.parents) { $1.encode(into: &$0) }
        fields.proposer.encode(into: &writer)
        fields.time.encode(into: &writer)
        fields.applied.height.encode(into: &writer)
        fields.applied.root.encode(into: &writer)
        writer.array(fields.payload) { $1.encode(into: &$0) }
    }

    public func encode(into writer: inout Writer) {
        Self.write(
            (epoch, view, height, parents, proposer, time, applied, payload), into: &writer)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        self.init(
            epoch: try Epoch(from: &reader),
            view: try View(from: &reader),
            height: try Height(from: &reader),
            parents: try reader.array(limit: Self.parentLimit) { reader throws(WireError) in
                try Digest(from: &reader)
            },
            proposer: try ValidatorIndex(from: &reader),
            time: try Timestamp(from: &reader),
            applied: AppliedState(
                height: try Height(from: &reader), root: try Digest(from: &reader)),
            payload: try reader.array(limit: Self.payloadLimit) { reader throws(WireError) in
                try BatchReference(from: &reader)
            })
    }
}
