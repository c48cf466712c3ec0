public import BFTBase
public import BFTCore

/// A large batch, and where it stands in the log.
public struct PlacedBatch: Equatable, Sendable {
    public let reference: BatchReference
    public let position: LogPosition

    public init(_ reference: BatchReference, at position: LogPosition) {
        self.reference = reference
        self.position = position
    }
}
