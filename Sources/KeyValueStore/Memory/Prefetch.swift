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
    /// Asks for the element of `array` at `index`, which may lie across two lines.
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

    /// Asks for the line at `number`, an address.
    @inline(__always)
    static func address(_ number: UInt) {
        unsafe bft_prefetch(UnsafeRawPointer(bitPattern: number))
    }
}
