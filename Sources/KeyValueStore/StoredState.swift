public import BFTApplication
import BFTBase
import BFTWire

/// A state from storage.
extension KeyValueStore {
    /// Takes up the entries and the time that earlier blocks stored.
    ///
    /// - Throws: if the storage holds something that no block stored. The state is then empty.
    public mutating func load(_ source: some StateSource) throws(ApplicationError) {
        var fresh = KeyValueStore()
        var hasClock = false
        self = Self()
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
            database.flushed.time = try reader.uint64()
            try reader.finish()
            return true
        case Cell.space:
            let expiry = try reader.uint64()
            guard keyReader.remaining <= KeyValueLimits.keyBytes,
                reader.remaining <= KeyValueLimits.valueBytes
            else { throw .invalid("an entry above its limits") }
            let entryKey = try keyReader.raw(byteCount: keyReader.remaining)
            database.flushed.keyspace.set(
                entryKey, try reader.raw(byteCount: reader.remaining), expiry: expiry)
            return false
        case let space: throw .unknownTag(space)
        }
    }
}
