/// Plain writes that wait to be carried out together.
///
/// One write at a time waits for the memory three times in a row: for the table, the entry, the
/// cell. A run of writes asks for all of their table places first, then for all of their entries,
/// then for all of their cells, and the memory answers side by side. They are then carried out in
/// order, so nothing shows. What their cells will consist of stands with the `EntryHasher`
/// meanwhile, which hashes it once it is a cell: nothing has to be fetched again for that.
struct PendingSets: Sendable {
    struct Write: Sendable {
        var hash: UInt64
        /// Where the image of the cell stands.
        var run: Int
        var start: Int
        var keyByteCount: Int
        /// The slot that probably is the key's, or -1.
        var slot = -1

        var imageByteCount: Int { run * EntryHasher.blockByteCount }
    }

    static let countLimit = 64
    /// A larger cell isn't worth copying twice.
    static let imageLimit = 2_048

    var writes: [Write] = []

    var isFull: Bool { writes.count >= Self.countLimit }
}
