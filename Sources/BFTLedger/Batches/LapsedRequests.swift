import BFTBase
import BFTCore

/// The batches that somebody was asked for and that are not needed any more: an answer may still be
/// on its way. Few for each proposer that named them, and for a while: one that makes names up
/// pushes out its own alone.
struct LapsedRequests: Equatable, Sendable {
    private struct Entry: Equatable, Sendable {
        let reference: BatchReference
        let until: Instant
    }

    /// By proposer, the oldest first.
    private var entries: [[Entry]]
    /// The proposer of each. Never walked.
    private var proposers: [BatchReference: ValidatorIndex] = [:]
    private(set) var places = BatchPlaces()

    private static let limit = 64
    private static let lifetime = Interval.seconds(10)

    init(validatorCount: Int) { entries = Array(repeating: [], count: validatorCount) }

    func contains(_ reference: BatchReference) -> Bool { proposers[reference] != nil }

    mutating func insert(
        _ reference: BatchReference, namedBy proposer: ValidatorIndex, at now: Instant
    ) {
        remove(reference)
        if entries[proposer.rawValue].count == Self.limit {
            remove(entries[proposer.rawValue][0].reference)
        }
        entries[proposer.rawValue].append(
            Entry(reference: reference, until: now.advanced(by: Self.lifetime)))
        proposers[reference] = proposer
        places.add(reference)
    }

    mutating func remove(_ reference: BatchReference) {
        guard let proposer = proposers.removeValue(forKey: reference) else { return }
        entries[proposer.rawValue].removeAll { $0.reference == reference }
        places.remove(reference)
    }

    mutating func expire(at now: Instant) {
        for proposer in entries.indices {
            while let first = entries[proposer].first, first.until <= now {
                remove(first.reference)
            }
        }
    }
}

/// Which places of authors' batches are named, whatever the digest: asked for each batch that
/// comes, before it is hashed.
struct BatchPlaces: Equatable, Sendable {
    private struct Place: Hashable, Sendable {
        let author: ValidatorIndex
        let sequence: BatchSequence
    }

    /// Never walked.
    private var counts: [Place: Int] = [:]

    func contains(author: ValidatorIndex, sequence: BatchSequence) -> Bool {
        counts[Place(author: author, sequence: sequence)] != nil
    }

    mutating func add(_ reference: BatchReference) {
        counts[Place(author: reference.author, sequence: reference.sequence), default: 0] += 1
    }

    mutating func remove(_ reference: BatchReference) {
        let place = Place(author: reference.author, sequence: reference.sequence)
        guard let count = counts[place] else { return }
        counts[place] = count > 1 ? count - 1 : nil
    }
}
