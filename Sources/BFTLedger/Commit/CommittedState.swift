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
    /// What commits the block or a descendant. Only the genesis has none.
    public let certificate: CommitCertificate?

    public init(
        block: Block, stateRoot: Digest, frontier: [BatchSequence],
        certificate: CommitCertificate?
    ) {
        self.block = block
        self.stateRoot = stateRoot
        self.frontier = frontier
        self.certificate = certificate
    }

    /// The state after `committed` was executed.
    public init(after committed: CommittedBlock, stateRoot: Digest) {
        self.init(
            block: committed.block, stateRoot: stateRoot, frontier: committed.frontier,
            certificate: committed.certificate)
    }

    /// The same with another certificate, or without.
    public func with(_ certificate: CommitCertificate?) -> Self {
        Self(
            block: block, stateRoot: stateRoot, frontier: frontier, certificate: certificate)
    }

    /// The state before the first block.
    public static func genesis(_ block: Block, validatorCount: Int) -> Self {
        Self(
            block: block, stateRoot: block.applied.root,
            frontier: Array(repeating: BatchSequence(1), count: validatorCount),
            certificate: nil)
    }
}

/// Without the certificate, which has a place of its own: whoever reads it there checks it.
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
        certificate = nil
    }
}

/// A committed block with everything it takes to execute it.
public struct CommittedBlock: Equatable, Sendable {
    public let block: Block
    /// In the order of the block's payload.
    public let batches: [Batch]
    /// What commits the block, or the descendant with which it was committed. Kept with the
    /// block: whoever comes back after a crash can show others that they are behind.
    public let certificate: CommitCertificate
    /// The first sequence of each author that is not ordered by this block or an earlier one.
    public let frontier: [BatchSequence]

    public init(
        block: Block, batches: [Batch], certificate: CommitCertificate,
        frontier: [BatchSequence]
    ) {
        self.block = block
        self.batches = batches
        self.certificate = certificate
        self.frontier = frontier
    }

    /// Whether the certificate commits this block itself, and not only as an ancestor.
    public var isCertifiedItself: Bool { certificate.committed.digest == block.digest }
}
