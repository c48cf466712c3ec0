import BFTApplication
import BFTBase

/// The entries with the clock that says which of them still count, and what a block may still cost.
/// The commands are its extensions.
struct Database: Sendable {
    var keyspace = Keyspace()
    /// The time of the last block begun, in milliseconds.
    var time: UInt64 = 0
    var allowance = Allowance.block

    /// Takes over the time and removes what has expired, at most
    /// `KeyValueLimits.expirationsPerBlock` entries, the longest expired first.
    mutating func begin(_ time: UInt64) {
        self.time = time
        allowance = .block
        for _ in 0..<KeyValueLimits.expirationsPerBlock {
            guard let first = keyspace.expiries.first, first.expiry < time else { return }
            keyspace.remove(first.slot)
        }
    }

    mutating func execute(
        _ verb: Verb, isRead: Bool, _ command: inout CommandArguments,
        _ result: inout ResultWriter
    ) {
        guard isRead else { return change(verb, &command, &result) }
        var left = allowance
        read(verb, &command, &left, &result)
        allowance = left
    }

    /// The state root, with what the block changed.
    mutating func commit() -> Digest {
        let entries = keyspace.commit()
        return StateRoot.digest(entries: entries, count: UInt64(keyspace.count), time: time)
    }

    mutating func save(into changes: inout some StateSink) {
        keyspace.save(into: &changes)
        StoredClock.put(time, into: &changes)
    }
}
