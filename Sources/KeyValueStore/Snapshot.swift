import BFTBase
public import BFTLedger
import BFTWire

/// A state in chunks, and a state from storage.
///
/// The first chunk is `version u8 ‖ time u64 ‖ count u64`. The others hold entries in order of
/// their places, `key length u32 ‖ key ‖ expiry u64 ‖ value length u32 ‖ value` each; a chunk ends
/// with the entry that fills it.
extension KeyValueStore {
    private static let snapshotVersion: UInt8 = 1
    /// A chunk with this many bytes or more is full.
    private static let chunkBytes = 256 << 10

    public func snapshot(_ emit: (RawSpan) -> Void) {
        var head = Writer(capacity: 17)
        head.uint8(Self.snapshotVersion)
        head.uint64(time)
        head.uint64(UInt64(keyspace.count))
        unsafe emit(head.bytes.span.bytes)
        var chunk = Writer(capacity: Self.chunkBytes)
        keyspace.tree.walk { slot in
            let cell = keyspace.cell(slot)
            chunk.count(cell.keyByteCount)
            chunk.raw(cell.key)
            chunk.uint64(cell.expiry)
            chunk.count(cell.valueByteCount)
            chunk.raw(cell.value)
            if chunk.bytes.count >= Self.chunkBytes {
                unsafe emit(chunk.bytes.span.bytes)
                chunk = Writer(capacity: Self.chunkBytes)
            }
            return true
        }
        if !chunk.bytes.isEmpty { unsafe emit(chunk.bytes.span.bytes) }
    }

    /// Replaces the state by the one that `chunks` were emitted from.
    ///
    /// Whether that is the state that the validators agreed on is for the caller to tell, by
    /// `stateRoot`. If the chunks are none of a snapshot, nothing changes.
    ///
    /// - Throws: if a chunk is not as `snapshot` emits it.
    public mutating func restore(
        _ chunks: [[UInt8]], changes: inout some StateSink
    ) throws(ApplicationError) {
        var fresh = KeyValueStore(keyspace: Keyspace())
        do {
            try fresh.take(chunks)
        } catch {
            throw ApplicationError("the snapshot is damaged: \(error)")
        }
        keyspace.removeAll()
        var forgotten = DeletionsOnly(changes)
        _ = keyspace.commit()
        keyspace.save(into: &forgotten)
        changes = forgotten.sink
        self = fresh
        _ = end()
        save(into: &changes)
    }

    private init(keyspace: Keyspace) {
        self.init()
        self.keyspace = keyspace
    }

    private mutating func take(_ chunks: [[UInt8]]) throws(WireError) {
        guard let first = chunks.first else { throw .truncated(needed: 17, remaining: 0) }
        var head = Reader(unsafe first.span.bytes)
        guard try head.uint8() == Self.snapshotVersion else {
            throw .invalid("a snapshot of another version")
        }
        time = try head.uint64()
        let count = try head.uint64()
        try head.finish()
        var last: Digest?
        for chunk in chunks.dropFirst() {
            var reader = Reader(unsafe chunk.span.bytes)
            while reader.remaining > 0 { try take(&reader, after: &last) }
        }
        guard keyspace.count == count else { throw .invalid("another number of entries") }
    }

    @_lifetime(reader: copy reader)
    private mutating func take(
        _ reader: inout Reader, after last: inout Digest?
    ) throws(WireError) {
        let keyCount = try reader.count(limit: KeyValueLimits.keyBytes)
        let key = try reader.raw(byteCount: keyCount)
        let expiry = try reader.uint64()
        let valueCount = try reader.count(limit: KeyValueLimits.valueBytes)
        let value = try reader.raw(byteCount: valueCount)
        let place = Place.of(key)
        if let last, place <= last { throw .invalid("entries that are not in order") }
        last = place
        keyspace.set(key, value, expiry: expiry)
    }

    // MARK: Storage

    /// Takes up the entries and the time that earlier blocks stored.
    ///
    /// - Throws: if the storage holds something that no block stored. The state is then empty.
    public mutating func load(_ source: some StateSource) throws(ApplicationError) {
        var fresh = KeyValueStore(keyspace: Keyspace())
        var hasClock = false
        let empty = fresh
        self = empty
        try source.forEach { (key, value) throws(ApplicationError) in
            do {
                hasClock = try fresh.take(key, value) || hasClock
            } catch {
                throw ApplicationError("the stored state is damaged: \(error)")
            }
        }
        guard hasClock || fresh.count == 0 else {
            throw ApplicationError("the stored state has entries but no time of a block")
        }
        var sink = NoSink()
        self = fresh
        _ = end()
        save(into: &sink)
    }

    /// Takes what one key of the storage holds, and returns whether that is the time.
    private mutating func take(_ key: RawSpan, _ value: RawSpan) throws(WireError) -> Bool {
        var keyReader = Reader(key)
        var reader = Reader(value)
        switch try keyReader.uint8() {
        case StoredClock.key[0]:
            try keyReader.finish()
            time = try reader.uint64()
            try reader.finish()
            return true
        case Cell.space:
            let expiry = try reader.uint64()
            guard keyReader.remaining <= KeyValueLimits.keyBytes,
                reader.remaining <= KeyValueLimits.valueBytes
            else { throw .invalid("an entry above its limits") }
            let entryKey = try keyReader.raw(byteCount: keyReader.remaining)
            keyspace.set(
                entryKey, try reader.raw(byteCount: reader.remaining), expiry: expiry)
            return false
        case let space: throw .unknownTag(space)
        }
    }
}

/// Passes on removals: what is there before a snapshot takes its place.
private struct DeletionsOnly<Sink: StateSink>: StateSink {
    var sink: Sink
    init(_ sink: Sink) { self.sink = sink }
    mutating func put(key: RawSpan, value: RawSpan) {}
    mutating func delete(key: RawSpan) { sink.delete(key: key) }
}
