import BFTBase
import BFTCore

/// The batches that somebody was asked for and that are not needed any more: an answer may still be
/// on its way. Few, and for a while.
struct LapsedRequests: Equatable, Sendable {
    private struct Entry: Equatable, Sendable {
        let reference: BatchReference
        let until: Instant
    }

    /// The oldest first.
    private var entries: [Entry] = []

    private static let limit = 64
    private static let lifetime = Interval.seconds(10)

    func contains(_ reference: BatchReference) -> Bool {
        entries.contains { $0.reference == reference }
    }

    /// Whether one of this place is among them, whatever its digest.
    func contains(author: ValidatorIndex, sequence: BatchSequence) -> Bool {
        entries.contains { $0.reference.author == author && $0.reference.sequence == sequence }
    }

    mutating func insert(_ reference: BatchReference, at now: Instant) {
        if entries.count == Self.limit { entries.removeFirst() }
        entries.append(Entry(reference: reference, until: now.advanced(by: Self.lifetime)))
    }

    mutating func remove(_ reference: BatchReference) {
        entries.removeAll { $0.reference == reference }
    }

    mutating func expire(at now: Instant) {
        guard let first = entries.first, first.until <= now else { return }
        entries.removeAll { $0.until <= now }
    }
}
