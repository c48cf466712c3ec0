package import BFTBase
package import BFTCore

/// A large batch, and where it stands in the log.
package struct PlacedBatch: Equatable, Sendable {
    package let reference: BatchReference
    package let position: LogPosition

    package init(_ reference: BatchReference, at position: LogPosition) {
        self.reference = reference
        self.position = position
    }
}
