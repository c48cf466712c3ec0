import BFTBase

/// What is known of each entry beside its cell, by slot: a cache line for each.
///
/// A write asks for this line and for nothing else of the entry: it tells whether the entry is the
/// one that is looked for, in which lists it is, and where its cell lies.
struct EntryLines: Sendable {
    /// In which lists an entry is, and whether it expires.
    struct Marks: OptionSet, Sendable {
        let rawValue: UInt64
        static let hashedEarly = Marks(rawValue: 1)
        static let changed = Marks(rawValue: 2)
        static let unsaved = Marks(rawValue: 4)
        /// The cell has an expiry.
        static let expires = Marks(rawValue: 8)
    }

    /// By slot: place, cell, marks.
    private var lines = LineArray(count: 0)
    private static let cellOffset = Digest.byteCount
    private static let marksOffset = cellOffset + MemoryLayout<UInt64>.size

    var count: Int { lines.count }

    /// Adds a slot without an entry.
    mutating func append() { lines.extend(to: count + 1) }

    @inline(__always)
    private func offset(_ slot: Int) -> Int { slot * LineArray.lineByteCount }

    /// The digest of the key in `slot`.
    @inline(__always)
    func place(_ slot: Int) -> Digest { lines.load(offset(slot), as: Digest.self) }

    @inline(__always)
    func cell(_ slot: Int) -> CellAddress {
        CellAddress(word: lines.load(offset(slot) + Self.cellOffset, as: UInt64.self))
    }

    @inline(__always)
    func marks(_ slot: Int) -> Marks {
        Marks(rawValue: lines.load(offset(slot) + Self.marksOffset, as: UInt64.self))
    }

    @inline(__always)
    mutating func setPlace(_ slot: Int, _ place: Digest) { lines.store(place, offset(slot)) }

    @inline(__always)
    mutating func setCell(_ slot: Int, _ cell: CellAddress) {
        lines.store(cell.word, offset(slot) + Self.cellOffset)
    }

    @inline(__always)
    mutating func setMarks(_ slot: Int, _ marks: Marks) {
        lines.store(marks.rawValue, offset(slot) + Self.marksOffset)
    }

    /// Asks the memory for what is known of the entry in `slot`.
    @inline(__always)
    func prefetch(_ slot: Int) { lines.prefetch(slot) }
}
