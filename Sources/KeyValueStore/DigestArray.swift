import BFTBase
import CPrefetch

/// An array of digests in which two that follow one another, from an even index on, share a cache
/// line: the children of a node.
///
/// Both are read together. In an array of digests such a pair would lie across two
/// lines, and twice the memory would be waited for.
struct DigestArray: Sendable {
    /// Two digests. What it consists of is there for its size and its alignment: 64 bytes.
    private struct Pair: Sendable {
        var words = SIMD8<UInt64>.zero
    }

    private var pairs: [Pair]

    /// An array of zeros. The count is even, here and in what follows.
    init(count: Int) { pairs = Array(repeating: Pair(), count: count / 2) }

    var count: Int { 2 * pairs.count }

    @inline(__always)
    subscript(index: Int) -> Digest {
        get {
            unsafe pairs.withUnsafeBytes { bytes in
                precondition(index >= 0 && index * Digest.byteCount < bytes.count)
                return unsafe bytes.load(fromByteOffset: index * Digest.byteCount, as: Digest.self)
            }
        }
        set {
            unsafe pairs.withUnsafeMutableBytes { bytes in
                precondition(index >= 0 && index * Digest.byteCount < bytes.count)
                unsafe bytes.storeBytes(
                    of: newValue, toByteOffset: index * Digest.byteCount, as: Digest.self)
            }
        }
    }

    /// Appends zeros until there are at least `count` digests.
    mutating func extend(to count: Int) {
        while self.count < count { pairs.append(Pair()) }
    }

    /// Drops all but the first `count` digests. The count is even.
    mutating func shrink(to count: Int) { pairs = Array(pairs[..<(count / 2)]) }

    /// Asks the memory for the digest at `index`, and with it for the one beside it.
    @inline(__always)
    func prefetch(_ index: Int) {
        unsafe pairs.withUnsafeBytes { bytes in
            guard index >= 0, index * Digest.byteCount < bytes.count else { return }
            unsafe bft_prefetch(bytes.baseAddress! + index * Digest.byteCount)
        }
    }

    /// Asks the memory for the digests at `indices`, and with each for the one beside it.
    @inline(__always)
    func prefetch(_ indices: some Sequence<Int>) {
        for index in indices { prefetch(index) }
    }

    /// Calls `body` with the digests where they lie.
    @inline(__always)
    @unsafe
    func withDigests<Result>(_ body: (UnsafeBufferPointer<Digest>) -> Result) -> Result {
        unsafe pairs.withUnsafeBytes { unsafe body($0.assumingMemoryBound(to: Digest.self)) }
    }

    /// Calls `body` with the digests where they lie, to change them.
    @inline(__always)
    @unsafe
    mutating func withMutableDigests<Result>(
        _ body: (UnsafeMutableBufferPointer<Digest>) -> Result
    ) -> Result {
        unsafe pairs.withUnsafeMutableBytes {
            unsafe body($0.assumingMemoryBound(to: Digest.self))
        }
    }
}
