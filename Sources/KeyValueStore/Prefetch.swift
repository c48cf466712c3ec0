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
        for index in indices { element(of: array, at: index) }
    }

    /// Asks for the element of `array` at `index`.
    @inline(__always)
    static func element<Element>(of array: borrowing [Element], at index: Int) {
        unsafe array.withUnsafeBufferPointer { elements in
            guard elements.indices.contains(index) else { return }
            let address = unsafe UnsafeRawPointer(elements.baseAddress! + index)
            unsafe bft_prefetch(address)
            guard MemoryLayout<Element>.stride > 8 else { return }
            unsafe bft_prefetch(address + MemoryLayout<Element>.stride - 1)
        }
    }

    /// Asks for the start of the cells in `slots`, and for what an array has before its elements.
    @inline(__always)
    static func storage(of cells: borrowing [Cell], in slots: some Sequence<Int>) {
        unsafe addresses(of: cells, in: slots) { number, _ in
            unsafe bft_prefetch(UnsafeRawPointer(bitPattern: number))
            unsafe bft_prefetch(UnsafeRawPointer(bitPattern: number &+ UInt(lineByteCount)))
        }
    }

    /// Asks for as much of the cells that `writes` overwrite as their images take.
    @inline(__always)
    static func storage(of cells: borrowing [Cell], for writes: [PendingSets.Write]) {
        unsafe addresses(of: cells, in: writes.lazy.map(\.slot)) { number, position in
            // One line more than an image has: a cell begins behind the head of its array.
            for line in 0...writes[position].run {
                unsafe bft_prefetch(
                    UnsafeRawPointer(bitPattern: number &+ UInt(line * lineByteCount)))
            }
        }
    }

    /// Calls `body` with where the array of each cell lies, and with its position in `slots`.
    @inline(__always)
    @unsafe
    private static func addresses(
        of cells: borrowing [Cell], in slots: some Sequence<Int>, _ body: (UInt, Int) -> Void
    ) {
        // A cell is a reference to its array, and only its number is wanted here.
        precondition(MemoryLayout<Cell>.size == MemoryLayout<UInt>.size)
        unsafe cells.withUnsafeBytes { cells in
            let count = cells.count / MemoryLayout<Cell>.stride
            for (position, slot) in slots.enumerated() where (0..<count).contains(slot) {
                let offset = slot * MemoryLayout<Cell>.stride
                body(unsafe cells.load(fromByteOffset: offset, as: UInt.self), position)
            }
        }
    }
}
