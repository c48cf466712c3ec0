import BFTBase
import BFTWire

/// Hashes changed entries: their cells as they lie, and with the places of their keys their leaves.
///
/// Cells of one size up to two BLAKE3 chunks are gathered and hashed side by side, which costs a
/// fraction of hashing each by itself.
struct EntryHasher: Sendable {
    /// Cells of one size that wait.
    private struct Run: Sendable {
        var cells: [UInt8] = []
        var slots: [UInt32] = []
    }

    private static let blockByteCount = 64
    private static let runLimit = 64
    /// By the number of blocks in a cell.
    private var runs: [Run] = Array(repeating: Run(), count: 33)
    private var digests: [Digest] = []
    private var slots: [UInt32] = []
    private var scratch = HashingScratch()

    /// Takes in the cell in `slot`.
    mutating func append(_ cell: Cell, slot: Int) {
        let blocks = cell.bytes.count / Self.blockByteCount
        guard blocks < runs.count else {
            slots.append(UInt32(slot))
            digests.append(Digest.of(cell.bytes, in: .stateEntry))
            return
        }
        runs[blocks].cells.append(contentsOf: cell.bytes)
        runs[blocks].slots.append(UInt32(slot))
        if runs[blocks].slots.count == Self.runLimit { flush(blocks) }
    }

    private mutating func flush(_ blocks: Int) {
        let count = runs[blocks].slots.count
        guard count > 0 else { return }
        let start = digests.count
        digests.append(contentsOf: repeatElement(.zero, count: count))
        unsafe runs[blocks].cells.withUnsafeBytes { cells in
            unsafe digests.withUnsafeMutableBytes { output in
                unsafe Digest.ofMessages(
                    cells, byteCount: blocks * Self.blockByteCount,
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: output[(start * Digest.byteCount)...]),
                    in: .stateEntry)
            }
        }
        slots.append(contentsOf: runs[blocks].slots)
        runs[blocks].cells.removeAll(keepingCapacity: true)
        runs[blocks].slots.removeAll(keepingCapacity: true)
    }

    /// Gives every entry taken in its leaf in `tree`.
    mutating func finish(into tree: inout StateTree) {
        for blocks in runs.indices { flush(blocks) }
        tree.prefetch(slots)
        scratch.begin()
        for (position, slot) in slots.enumerated() {
            scratch.append(tree.place(Int(slot)), digests[position])
        }
        scratch.hash(in: .stateLeaf)
        tree.setLeaves(slots, scratch)
        digests.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
    }
}
