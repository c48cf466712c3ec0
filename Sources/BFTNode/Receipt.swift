public import BFTBase
public import BFTCore

/// What a transaction did, and why anybody may rely on it.
public struct Receipt: Sendable, Equatable {
    /// The height of the block that holds it.
    public let height: Height
    /// The place among the transactions of that block, from 0.
    public let position: Int
    /// The application's result.
    public let result: [UInt8]
    /// Commits the block at `height`, or a descendant of it.
    public let certificate: CommitCertificate
    /// The digest of the state after the block.
    public let stateRoot: Digest

    public init(
        height: Height, position: Int, result: [UInt8], certificate: CommitCertificate,
        stateRoot: Digest
    ) {
        self.height = height
        self.position = position
        self.result = result
        self.certificate = certificate
        self.stateRoot = stateRoot
    }
}

/// What a query found, and in which state.
public struct QueryAnswer: Sendable, Equatable {
    /// The application's answer.
    public let value: [UInt8]
    /// The height of the block after which the state was read.
    public let height: Height
    /// The digest of that state.
    public let stateRoot: Digest

    public init(value: [UInt8], height: Height, stateRoot: Digest) {
        self.value = value
        self.height = height
        self.stateRoot = stateRoot
    }
}
