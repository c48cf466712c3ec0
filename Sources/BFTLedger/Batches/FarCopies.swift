import BFTBase
import BFTCore

/// Batches of the log that are too far ahead for a place in the pool. All are held and durable.
///
/// There may be as many as a log holds, and one is looked for whenever a name is asked about that
/// the pool does not know. So they stand by author and in sequence, where a search by halves finds
/// them.
///
/// - Invariant: the sequences of an author never fall. Those of one sequence stand in the order in
///   which they came.
struct FarCopies: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        var copy: BatchCopy
        /// Whether the signature was checked, if there is one.
        var isChecked: Bool
    }

    private var authors: [Deque<Entry>]
    private(set) var isEmpty = true

    init(authorCount: Int) { authors = Array(repeating: Deque(), count: authorCount) }

    /// Every copy, by author, in order.
    var copies: [BatchCopy] { authors.flatMap { $0.map(\.copy) } }

    subscript(reference: BatchReference) -> Entry? {
        position(of: reference).map { authors[reference.author.rawValue][$0] }
    }

    /// Changes the copy called `reference` where it stands, if there is one.
    mutating func update(_ reference: BatchReference, _ change: (inout Entry) -> Void) {
        guard let position = position(of: reference) else { return }
        change(&authors[reference.author.rawValue][position])
    }

    /// The place is near the end: a log has the batches of an author almost in order, since each
    /// had a place not far from what was ordered when it came.
    mutating func insert(_ entry: Entry) {
        let (author, sequence) = (entry.copy.batch.author.rawValue, entry.copy.batch.sequence)
        authors[author].append(entry)
        var position = authors[author].count - 1
        while position > 0, authors[author][position - 1].copy.batch.sequence > sequence {
            authors[author].swapAt(position - 1, position)
            position -= 1
        }
        isEmpty = false
    }

    /// Takes out the first copy of `author`, if it is of a sequence below `end`.
    mutating func popFirst(of author: ValidatorIndex, below end: BatchSequence) -> Entry? {
        guard let first = authors[author.rawValue].first, first.copy.batch.sequence < end else {
            return nil
        }
        _ = authors[author.rawValue].popFirst()
        isEmpty = authors.allSatisfy(\.isEmpty)
        return first
    }

    private func position(of reference: BatchReference) -> Int? {
        guard !isEmpty, reference.author.rawValue < authors.count else { return nil }
        let entries = authors[reference.author.rawValue]
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].copy.batch.sequence < reference.sequence {
                low = middle + 1
            } else {
                high = middle
            }
        }
        while low < entries.count, entries[low].copy.batch.sequence == reference.sequence {
            if entries[low].copy.reference == reference { return low }
            low += 1
        }
        return nil
    }
}
