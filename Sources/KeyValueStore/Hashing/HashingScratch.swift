import BFTBase
import BFTWire

/// Lists of pairs to hash, kept from block to block so that nothing is allocated.
struct HashingScratch: Sendable {
    /// The pair of the digests at 2 * `from` and behind it, and where its digest goes.
    typealias Way = DigestWay

    private var ways: [Way] = []
    private var nodes: [UInt32] = []

    /// Hashes pairs of `digests` into `digests`.
    ///
    /// - Precondition: no target is part of a pair.
    static func hashWithin(_ digests: inout DigestArray, _ ways: [Way]) {
        unsafe digests.withMutableDigests { digests in
            unsafe hash(UnsafeBufferPointer(digests), ways, into: digests)
        }
    }

    /// Hashes pairs of `source` into `target`.
    static func hash(_ source: DigestArray, _ ways: [Way], into target: inout DigestArray) {
        unsafe source.withDigests { source in
            unsafe target.withMutableDigests { unsafe hash(source, ways, into: $0) }
        }
    }

    @unsafe
    private static func hash(
        _ source: UnsafeBufferPointer<Digest>, _ ways: [Way],
        into target: UnsafeMutableBufferPointer<Digest>
    ) {
        unsafe ways.withUnsafeBufferPointer { ways in
            unsafe Digest.ofPairs(
                UnsafeRawBufferPointer(source), into: UnsafeMutableRawBufferPointer(target), ways,
                in: .stateNode)
        }
    }

    // MARK: Lists

    /// An empty list.
    mutating func takeWays() -> [Way] {
        defer { ways = [] }
        return ways
    }

    mutating func giveBack(_ list: consuming [Way]) {
        // Emptied while there is one reference to it: emptying it later would be making another.
        list.removeAll(keepingCapacity: true)
        ways = list
    }

    /// An empty list.
    mutating func takeNodes() -> [UInt32] {
        defer { nodes = [] }
        return nodes
    }

    mutating func giveBack(_ list: consuming [UInt32]) {
        list.removeAll(keepingCapacity: true)
        nodes = list
    }
}
