import BFTBase
import BFTWire

/// Room for hashing many pairs at once, kept from block to block so that nothing is allocated.
struct HashingScratch: Sendable {
    /// A pair to hash and where its digest goes.
    struct Way: Sendable {
        /// The pair consists of the digests at 2 * pair and behind it.
        var pair: UInt32
        var target: UInt32
    }

    private var levels: [[Way]] = []
    private var ways: [Way] = []
    private var nodes: [UInt32] = []
    /// A few pairs, which stay in the nearest cache while they are copied, hashed and copied back.
    private var room = DigestArray(count: 2 * Self.roomCount)
    private static let roomCount = 64

    /// Hashes pairs of `digests` into `digests`.
    ///
    /// - Precondition: no target is part of a pair.
    mutating func hashWithin(_ digests: inout DigestArray, _ list: [Way]) {
        unsafe digests.withMutableDigests { digests in
            unsafe hash(UnsafeBufferPointer(digests), list, into: digests)
        }
    }

    /// Hashes pairs of `source` into `target`.
    mutating func hash(_ source: DigestArray, _ list: [Way], into target: inout DigestArray) {
        unsafe source.withDigests { source in
            unsafe target.withMutableDigests { unsafe hash(source, list, into: $0) }
        }
    }

    @unsafe
    private mutating func hash(
        _ source: UnsafeBufferPointer<Digest>, _ list: [Way],
        into target: UnsafeMutableBufferPointer<Digest>
    ) {
        unsafe room.withMutableDigests { room in
            var start = 0
            while start < list.count {
                let part = list[start..<min(start + Self.roomCount, list.count)]
                unsafe Self.gather(part, source, room)
                unsafe Self.hashPairs(part.count, room, in: .stateNode)
                unsafe Self.scatter(part, room, target)
                start += part.count
            }
        }
    }

    @inline(__always)
    @unsafe
    private static func gather(
        _ list: ArraySlice<Way>, _ source: UnsafeBufferPointer<Digest>,
        _ room: UnsafeMutableBufferPointer<Digest>
    ) {
        for (position, way) in list.enumerated() {
            let left = 2 * Int(way.pair)
            precondition(left + 1 < source.count, "no such pair")
            unsafe room[2 * position] = source[left]
            unsafe room[2 * position + 1] = source[left + 1]
        }
    }

    @inline(__always)
    @unsafe
    private static func scatter(
        _ list: ArraySlice<Way>, _ room: UnsafeMutableBufferPointer<Digest>,
        _ target: UnsafeMutableBufferPointer<Digest>
    ) {
        for (position, way) in list.enumerated() {
            precondition(Int(way.target) < target.count, "no such digest")
            unsafe target[Int(way.target)] = room[position]
        }
    }

    /// Replaces the first `count` pairs by their digests, which then stand at the front.
    @inline(__always)
    @unsafe
    static func hashPairs(
        _ count: Int, _ pairs: UnsafeMutableBufferPointer<Digest>, in context: DigestContext
    ) {
        let bytes = UnsafeMutableRawBufferPointer(pairs)
        let size = count * Digest.byteCount
        unsafe Digest.ofPairs(
            UnsafeRawBufferPointer(rebasing: bytes[..<(2 * size)]),
            into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<size]), in: context)
    }

    // MARK: Lists

    /// Lists by level, all empty.
    mutating func takeLevels() -> [[Way]] {
        defer { levels = [] }
        return levels
    }

    mutating func giveBack(_ levels: [[Way]]) { self.levels = levels }

    /// An empty list.
    mutating func takeWays() -> [Way] {
        defer { ways = [] }
        return ways
    }

    mutating func giveBack(_ list: consuming [Way]) {
        ways = list
        ways.removeAll(keepingCapacity: true)
    }

    /// An empty list.
    mutating func takeNodes() -> [UInt32] {
        defer { nodes = [] }
        return nodes
    }

    mutating func giveBack(_ list: consuming [UInt32]) {
        nodes = list
        nodes.removeAll(keepingCapacity: true)
    }
}
