import BFTApplication
import BFTBase
import BFTWire

/// What the root covers beside the entries.
enum StateRoot {
    /// The digest of `entries digest ‖ count u64 ‖ time u64`.
    static func digest(entries: Digest, count: UInt64, time: UInt64) -> Digest {
        var writer = Writer(capacity: 48)
        entries.encode(into: &writer)
        writer.uint64(count)
        writer.uint64(time)
        return Digest.of(writer.bytes, in: .stateRoot)
    }
}

/// The time of the last block, as it is stored beside the entries.
enum StoredClock {
    /// The storage space of what is no entry: one key.
    static let key: [UInt8] = [0]

    static func put(_ time: UInt64, into changes: inout some StateSink) {
        var writer = Writer(capacity: 8)
        writer.uint64(time)
        unsafe changes.put(key: key.span.bytes, value: writer.bytes.span.bytes)
    }
}
