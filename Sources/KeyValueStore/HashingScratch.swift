import BFTBase
import BFTWire

/// Room for hashing many messages at once, kept from block to block so that nothing is allocated.
struct HashingScratch: Sendable {
    /// Pairs, of which the digests replace the front half.
    private var digests: [Digest] = []
    private var levels: [[UInt32]] = []
    private var lists: [[UInt32]] = []

    /// Starts a new run of pairs.
    mutating func begin() { digests.removeAll(keepingCapacity: true) }

    /// Adds a pair.
    @inline(__always)
    mutating func append(_ left: Digest, _ right: Digest) {
        digests.append(left)
        digests.append(right)
    }

    /// Replaces the pairs by their digests, in order.
    mutating func hash(in context: DigestContext) {
        unsafe digests.withUnsafeMutableBytes { bytes in
            unsafe Digest.ofPairs(
                UnsafeRawBufferPointer(bytes),
                into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)]),
                in: context)
        }
    }

    /// The digest of the pair at `position`.
    @inline(__always)
    func digest(_ position: Int) -> Digest { digests[position] }

    /// Lists by level, all empty.
    mutating func takeLevels() -> [[UInt32]] {
        defer { levels = [] }
        return levels
    }

    mutating func giveBack(_ levels: [[UInt32]]) { self.levels = levels }

    /// An empty list.
    mutating func takeNodes() -> [UInt32] { lists.popLast() ?? [] }

    mutating func giveBack(_ list: [UInt32]) {
        var list = list
        list.removeAll(keepingCapacity: true)
        if lists.count < 4 { lists.append(list) }
    }
}
