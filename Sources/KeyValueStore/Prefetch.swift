import BFTBase
import CPrefetch

/// Asks for memory that is about to be needed.
///
/// What a block changes is spread over more memory than any cache holds, and each entry would be
/// waited for in turn. Asked for all at once, the memory answers side by side. Nothing that is
/// computed depends on it.
///
/// Arrays are looked into where they lie: to keep a reference to one touches it, which is what
/// shall not be waited for.
enum Prefetch {
    private static let lineByteCount = 64

    /// Asks for the elements of `array` at `indices`, each of which may lie across two lines.
    @inline(__always)
    static func elements<Element>(
        of array: borrowing [Element], at indices: some Sequence<Int>
    ) {
        unsafe array.withUnsafeBufferPointer { elements in
            for index in indices where elements.indices.contains(index) {
                let address = unsafe UnsafeRawPointer(elements.baseAddress! + index)
                unsafe bft_prefetch(address)
                unsafe bft_prefetch(address + MemoryLayout<Element>.stride - 1)
            }
        }
    }

    /// Asks for the digests of `nodes` and of their siblings.
    @inline(__always)
    static func siblings(of nodes: some Sequence<UInt32>, in digests: borrowing [Digest]) {
        unsafe digests.withUnsafeBufferPointer { digests in
            for node in nodes where Int(node | 1) < digests.count {
                let address = unsafe UnsafeRawPointer(digests.baseAddress! + Int(node & ~1))
                unsafe bft_prefetch(address)
                unsafe bft_prefetch(address + 2 * Digest.byteCount - 1)
            }
        }
    }

    /// Asks for the first `byteCount` bytes of the cells in `slots`, and for what an array has
    /// before its elements.
    @inline(__always)
    static func storage(
        of cells: borrowing [Cell], in slots: some Sequence<Int>, byteCount: Int
    ) {
        // A cell is a reference to its array, and only its number is wanted here.
        precondition(MemoryLayout<Cell>.size == MemoryLayout<UInt>.size)
        unsafe cells.withUnsafeBytes { cells in
            let count = cells.count / MemoryLayout<Cell>.stride
            for slot in slots where (0..<count).contains(slot) {
                let number = unsafe cells.load(
                    fromByteOffset: slot * MemoryLayout<Cell>.stride, as: UInt.self)
                var offset = 0
                while offset < byteCount + lineByteCount {
                    unsafe bft_prefetch(UnsafeRawPointer(bitPattern: number &+ UInt(offset)))
                    offset += lineByteCount
                }
            }
        }
    }
}
