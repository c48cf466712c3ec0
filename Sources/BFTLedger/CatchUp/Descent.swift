import BFTBase
import BFTCore

/// The way down from a committed block to what is here, when one answer does not reach so far.
///
/// It is walked by the blocks' links, so nobody can lead it astray. Of the blocks on the way only
/// some names are kept, as marks; between two marks the blocks are taken again, upwards, and each
/// run of them is committed as it comes, being ancestors of a committed block.
///
/// - Invariant D1: heights of the marks fall, and there are at most `limit`.
struct Descent: Equatable, Sendable {
    /// From the certified block down.
    private(set) var marks: [CommittedName]

    /// How many marks are kept. Between them, the walk is made again when their turn comes.
    static let limit = 1_024

    init(from certificate: CommitCertificate) { marks = [CommittedName(certificate)] }

    var certificate: CommitCertificate? { marks.first?.certificate }
    /// Where the walk has come to.
    var lowest: CommittedName? { marks.last }

    /// Goes on below `name`, the parent of what was shown last.
    mutating func descend(to name: CommittedName) {
        if marks.count == Self.limit {
            marks = marks.indices.filter { $0.isMultiple(of: 2) }.map { marks[$0] }
        }
        marks.append(name)
    }

    /// Forgets the marks that were reached from below.
    mutating func rise(to tail: Height) {
        while let last = marks.last, last.block.height <= tail { marks.removeLast() }
    }
}
