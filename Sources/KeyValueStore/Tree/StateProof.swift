public import BFTBase
public import BFTWire

/// What shows, against a state root alone, that an entry is in the state or that there is none
/// under a key.
///
/// It holds one digest for each bit of the key's place on which the path to it branches: about
/// 32 · log₂(entries) bytes.
public struct StateProof: Equatable, Sendable {
    /// The digests beside the path, from the top.
    public let siblings: [Digest]
    /// The entry that stands alone at the end of the path: its key's digest, and its own.
    public let end: End?
    /// What else the root covers.
    public let count: UInt64
    public let time: Timestamp

    public struct End: Equatable, Sendable {
        public let place: Digest
        public let entry: Digest
    }

    /// A digest has no more bits than this.
    static let depthLimit = 256

    init(siblings: [Digest], end: End?, count: UInt64, time: Timestamp) {
        self.siblings = siblings
        self.end = end
        self.count = count
        self.time = time
    }

    /// Whether the state under `root` has the entry `value` under `key` that expires at `expiry`.
    ///
    /// - Parameter expiry: in milliseconds of agreed time, or 0. Whether it has passed is told by
    ///   comparing it with `time`, which is proven as well.
    public func proves(
        _ value: [UInt8], under key: [UInt8], expiry: UInt64, root: Digest
    ) -> Bool {
        guard key.count <= KeyValueLimits.keyBytes, value.count <= KeyValueLimits.valueBytes
        else { return false }
        let place = Place.of(key)
        let entry = Digest.of(
            Cell.image(unsafe key.span.bytes, unsafe value.span.bytes, expiry: expiry),
            in: .stateEntry)
        return end == End(place: place, entry: entry) && leads(to: place, under: root)
    }

    /// Whether the state under `root` has no entry under `key`.
    public func provesAbsence(of key: [UInt8], root: Digest) -> Bool {
        let place = Place.of(key)
        if let end {
            guard end.place != place, siblings.count <= Self.depthLimit else { return false }
            let isOnPath = siblings.indices.allSatisfy {
                StateTree.bit(end.place, $0) == StateTree.bit(place, $0)
            }
            guard isOnPath else { return false }
        }
        return leads(to: place, under: root)
    }

    /// Whether the path of `place` leads from `root` to the end.
    private func leads(to place: Digest, under root: Digest) -> Bool {
        guard siblings.count <= Self.depthLimit else { return false }
        var digest = Digest.zero
        if let end { digest = Self.pair(end.place, end.entry, in: .stateLeaf) }
        for depth in siblings.indices.reversed() {
            digest =
                StateTree.bit(place, depth)
                ? Self.pair(siblings[depth], digest, in: .stateNode)
                : Self.pair(digest, siblings[depth], in: .stateNode)
        }
        return root
            == StateRoot.digest(entries: digest, count: count, time: time.milliseconds)
    }

    private static func pair(
        _ left: Digest, _ right: Digest, in context: DigestContext
    ) -> Digest {
        var writer = Writer(capacity: 2 * Digest.byteCount)
        left.encode(into: &writer)
        right.encode(into: &writer)
        return Digest.of(writer.bytes, in: context)
    }
}

extension StateProof: WireCodable {
    public func encode(into writer: inout Writer) {
        writer.array(siblings) { $1.encode(into: &$0) }
        writer.optional(end) {
            $1.place.encode(into: &$0)
            $1.entry.encode(into: &$0)
        }
        writer.uint64(count)
        time.encode(into: &writer)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        siblings = try reader.array(limit: Self.depthLimit) { (reader) throws(WireError) in
            try Digest(from: &reader)
        }
        end = try reader.optional { (reader) throws(WireError) in
            End(place: try Digest(from: &reader), entry: try Digest(from: &reader))
        }
        count = try reader.uint64()
        time = try Timestamp(from: &reader)
    }
}

extension KeyValueStore {
    /// The proof of what stands under `key` in the state as of the last block.
    ///
    /// Between `begin` and `end` it fits no root.
    public func proof(of key: [UInt8]) -> StateProof {
        let database = database.unflushed
        let keyspace = database.keyspace
        let path = keyspace.tree.path(to: Place.of(key))
        let end = path.slot.map { slot in
            StateProof.End(
                place: keyspace.tree.place(slot),
                entry: Digest.of(keyspace.cell(slot).image, in: .stateEntry))
        }
        return StateProof(
            siblings: path.siblings, end: end, count: UInt64(keyspace.count),
            time: Timestamp(milliseconds: database.time))
    }
}
