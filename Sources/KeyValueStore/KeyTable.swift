/// Finds an entry's slot by the hash of its key: open addressing, linear probing.
///
/// A place holds 32 bits of the hash and the slot. What the keys are is the caller's business.
/// The layout depends on the hash's key and the history, so nothing that replicas must agree on
/// may be read off it.
struct KeyTable: Sendable {
    private static let unused: UInt64 = .max
    private static let tagMask: UInt64 = 0xFFFF_FFFF_0000_0000
    private var places: [UInt64] = Array(repeating: Self.unused, count: 16)
    private var mask = 15
    private(set) var count = 0

    /// The slot under `hash` for which `matches` holds.
    @inline(__always)
    func find(_ hash: UInt64, _ matches: (Int) -> Bool) -> Int? {
        let tag = hash >> 32
        var position = Int(truncatingIfNeeded: tag) & mask
        while true {
            let place = places[position]
            if place == Self.unused { return nil }
            if place >> 32 == tag {
                let slot = Int(truncatingIfNeeded: place & 0xFFFF_FFFF)
                if matches(slot) { return slot }
            }
            position = (position &+ 1) & mask
        }
    }

    /// The slot that is probably the one under `hash`, or -1 if there is none.
    @inline(__always)
    func probableSlot(_ hash: UInt64) -> Int {
        let tag = hash >> 32
        var position = Int(truncatingIfNeeded: tag) & mask
        while true {
            let place = places[position]
            if place == Self.unused { return -1 }
            if place >> 32 == tag { return Int(truncatingIfNeeded: place & 0xFFFF_FFFF) }
            position = (position &+ 1) & mask
        }
    }

    /// Asks the memory for where the entries under `hashes` are looked for.
    @inline(__always)
    func prefetch(_ hashes: some Sequence<UInt64>) {
        Prefetch.elements(
            of: places, at: hashes.lazy.map { Int(truncatingIfNeeded: $0 >> 32) & mask })
    }

    /// - Precondition: `slot` is not in the table.
    mutating func insert(_ hash: UInt64, slot: Int) {
        if count * 8 >= places.count * 5 { grow() }
        place(hash & Self.tagMask | UInt64(slot))
        count += 1
    }

    private mutating func place(_ entry: UInt64) {
        var position = Int(truncatingIfNeeded: entry >> 32) & mask
        while places[position] != Self.unused { position = (position &+ 1) & mask }
        places[position] = entry
    }

    private mutating func grow() {
        let old = places
        places = Array(repeating: Self.unused, count: old.count * 2)
        mask = places.count - 1
        for entry in old where entry != Self.unused { place(entry) }
    }

    /// - Precondition: `slot` is in the table under `hash`.
    mutating func remove(_ hash: UInt64, slot: Int) {
        let entry = hash & Self.tagMask | UInt64(slot)
        var hole = Int(truncatingIfNeeded: hash >> 32) & mask
        while places[hole] != entry {
            precondition(places[hole] != Self.unused, "the slot is not in the table")
            hole = (hole &+ 1) & mask
        }
        // Entries behind the hole move up unless that would put them before their home.
        var position = (hole &+ 1) & mask
        while places[position] != Self.unused {
            let home = Int(truncatingIfNeeded: places[position] >> 32) & mask
            if (position &- home) & mask >= (position &- hole) & mask {
                places[hole] = places[position]
                hole = position
            }
            position = (position &+ 1) & mask
        }
        places[hole] = Self.unused
        count -= 1
    }
}
