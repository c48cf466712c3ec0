public import BFTBase
public import BFTCore

/// What a transaction did, and why anybody may rely on it.
public struct Receipt: Sendable, Equatable {
    /// The height of the block that holds it; for a query, of the state that answered.
    public let height: Height
    /// The place among this node's transactions of that block, from 0.
    public let position: Int
    /// The application's result.
    public let result: [UInt8]
    /// Commits the block at `height`, or a descendant of it. A query has none.
    public let certificate: CommitCertificate?
    /// The digest of the state after the block.
    public let stateRoot: Digest
}
