import BFTBase

/// An array of digests in which two that follow one another, from an even index on, share a cache
/// line: the children of a node, which are read together.
struct DigestArray: Sendable {
    private var lines: LineArray

    /// An array of zeros. The count is even, here and in what follows.
    init(count: Int) { lines = LineArray(count: count / 2) }

    var count: Int { 2 * lines.count }

    @inline(__always)
    subscript(index: Int) -> Digest {
        get { lines.load(index * Digest.byteCount, as: Digest.self) }
        set { lines.store(newValue, index * Digest.byteCount) }
    }

    /// Makes `left` and `right` the pair that begins at `index`, which is even.
    @inline(__always)
    mutating func setPair(_ index: Int, _ left: Digest, _ right: Digest) {
        lines.store((left, right), index * Digest.byteCount)
    }

    /// Appends zeros until there are at least `count` digests.
    mutating func extend(to count: Int) { lines.extend(to: (count + 1) / 2) }

    /// Drops all but the first `count` digests. The count is even.
    mutating func shrink(to count: Int) { lines.shrink(to: count / 2) }

    /// Asks the memory for the digest at `index`, and with it for the one beside it.
    @inline(__always)
    func prefetch(_ index: Int) { lines.prefetch(index / 2) }

    /// Calls `body` with the digests where they lie.
    @inline(__always)
    @unsafe
    func withDigests<Result>(_ body: (UnsafeBufferPointer<Digest>) -> Result) -> Result {
        unsafe lines.withBytes { unsafe body($0.assumingMemoryBound(to: Digest.self)) }
    }

    /// Calls `body` with the digests where they lie, to change them.
    @inline(__always)
    @unsafe
    mutating func withMutableDigests<Result>(
        _ body: (UnsafeMutableBufferPointer<Digest>) -> Result
    ) -> Result {
        unsafe lines.withMutableBytes { unsafe body($0.assumingMemoryBound(to: Digest.self)) }
    }
}
