public import BFTBase
public import BFTCore
public import BFTWire

/// What a replica must know of the committed chain to go on after it: kept by the host in the
/// same atomic write as the block.
public struct CommittedState: Equatable, Sendable {
    /// The last executed block.
    public let block: Block
    /// The digest of the application's state after it.
    public let stateRoot: Digest
    /// The first sequence of each author that is not ordered.
    public let frontier: [BatchSequence]

    public init(block: Block, stateRoot: Digest, frontier: [BatchSequence]) {
        self.block = block
        self.stateRoot = stateRoot
        self.frontier = frontier
    }

    /// The state before the first block.
    public static func genesis(_ block: Block, validatorCount: Int) -> Self {
        Self(
            block: block, stateRoot: block.applied.root,
            frontier: Array(repeating: BatchSequence(1), count: validatorCount))
    }
}

extension CommittedState: WireCodable {
    public func encode(into writer: inout Writer) {
        block.encode(into: &writer)
        stateRoot.encode(into: &writer)
        writer.array(frontier) { $1.encode(into: &$0) }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        block = try Block(from: &reader)
        stateRoot = try Digest(from: &reader)
        frontier = try reader.array(limit: ValidatorSet.countLimit) { reader throws(WireError) in
            try BatchSequence(from: &reader)
        }
    }
}

/// A committed block with everything it takes to execute it.
public struct CommittedBlock: Equatable, Sendable {
    public let block: Block
    /// In the order of the block's payload.
    public let batches: [Batch]
    /// What commits the block, unless it is committed as an ancestor of a later one.
    public let certificate: Certificate?
    /// The first sequence of each author that is not ordered by this block or an earlier one.
    public let frontier: [BatchSequence]

    public init(
        block: Block, batches: [Batch], certificate: Certificate?, frontier: [BatchSequence]
    ) {
        self.block = block
        self.batches = batches
        self.certificate = certificate
        self.frontier = frontier
    }
}
