import BFTBase
import BFTLedger
import BFTWire

/// The entries of a store: found by key, in order of place, in order of expiry, with the changes
/// that no block has ended yet.
///
/// An entry has a slot for as long as it lives. Expiry is data here: whether an entry counts is
/// for the caller, who knows the time.
struct Keyspace: Sendable {
    /// In which lists a slot is.
    private struct Marks: OptionSet, Sendable {
        let rawValue: UInt8
        static let hashedEarly = Marks(rawValue: 1)
        static let changed = Marks(rawValue: 2)
        static let unsaved = Marks(rawValue: 4)
    }

    /// By slot.
    private(set) var cells: [Cell] = []
    private var freeSlots: [UInt32] = []
    private let sipHash: SipHash
    private var table = KeyTable()
    private(set) var tree = StateTree()
    private(set) var expiries = ExpiryIndex()
    /// By slot.
    private var marks: [Marks] = []
    /// Slots that the block wrote once, plainly: a hasher has them.
    private var hashedEarly: [UInt32] = []
    /// Slots that the block changed in any other way.
    private var changed: [UInt32] = []
    /// Slots that were changed since the last `save`.
    private var unsaved: [UInt32] = []
    /// Entries that are gone since the last `save`.
    private var removed: [Cell] = []
    /// Takes the images of the writes that wait.
    private var gathering = EntryHasher()
    /// Has those of the writes that were carried out before them.
    private var hashing = EntryHasher()
    private var pending = PendingSets()

    init(_ sipHash: SipHash) { self.sipHash = sipHash }

    /// A space without entries whose table has the same seed.
    var emptied: Keyspace { Keyspace(sipHash) }

    /// The entries, expired ones too.
    var count: Int { table.count }

    // MARK: Reading

    /// The slot of the entry under `key`.
    @inline(__always)
    func find(_ key: RawSpan) -> Int? { find(key, sipHash.hash(key)) }

    @inline(__always)
    private func find(_ key: RawSpan, _ hash: UInt64) -> Int? {
        table.find(hash) { cells[$0].hasKey(key) }
    }

    // MARK: Writing

    /// Makes `value` the value under `key`. Anything longer than the limits allow is the caller's
    /// to refuse.
    mutating func set(_ key: RawSpan, _ value: RawSpan, expiry: UInt64) {
        let hash = sipHash.hash(key)
        if let slot = find(key, hash) {
            assign(slot, value, expiry: expiry)
        } else {
            let cell = Cell(key: key, value: value, expiry: expiry)
            markChanged(insert(key, cell, expiry: expiry, hash))
        }
    }

    /// Makes `value` the value under `key`, without an expiry, as soon as `settle` is called or
    /// enough writes wait. Until then nothing else may be asked of the entries.
    mutating func setLater(_ key: RawSpan, _ value: RawSpan) {
        guard Cell.size(key: key.byteCount, value: value.byteCount) <= PendingSets.imageLimit
        else {
            settle()
            return set(key, value, expiry: 0)
        }
        let image = gathering.add(key, value)
        pending.writes.append(
            PendingSets.Write(
                hash: sipHash.hash(key), run: image.run, start: image.start,
                keyByteCount: key.byteCount))
        if pending.isFull { settle() }
    }

    /// Carries out the writes that wait.
    mutating func settle() {
        guard !pending.writes.isEmpty else { return }
        var writes: [PendingSets.Write] = []
        swap(&writes, &pending.writes)
        lookAhead(&writes)
        // The memory takes its time: meanwhile the writes before these are hashed.
        hashing.hashFull(into: &tree)
        for write in writes { carryOut(write) }
        swap(&gathering, &hashing)
        writes.removeAll(keepingCapacity: true)
        swap(&writes, &pending.writes)
    }

    /// Asks the memory for all that the writes need.
    private func lookAhead(_ writes: inout [PendingSets.Write]) {
        table.prefetch(writes.lazy.map(\.hash))
        for index in writes.indices {
            writes[index].slot = table.probableSlot(writes[index].hash)
        }
        Prefetch.elements(of: cells, at: writes.lazy.map(\.slot))
        tree.prefetchPlaces(writes.lazy.map(\.slot))
        Prefetch.storage(of: cells, for: writes)
    }

    private mutating func carryOut(_ write: PendingSets.Write) {
        let slot = put(write)
        // Whose slot was changed in this block already, by this key or by one that is gone, has
        // another image under way. No image is the last word then: the cell is.
        let isFirst = marks[slot].isDisjoint(with: [.hashedEarly, .changed])
        gathering.own(write.run, isFirst ? slot : nil)
        guard isFirst else { return markChanged(slot) }
        marks[slot].insert(.hashedEarly)
        hashedEarly.append(UInt32(slot))
        markUnsaved(slot)
    }

    /// Makes the image of `write` the cell of its key, and says in which slot that is.
    private mutating func put(_ write: PendingSets.Write) -> Int {
        // Held, so that nothing of it is copied; no image is added meanwhile.
        let images = gathering.images(of: write.run)
        let image = unsafe images.span.bytes.extracting(
            write.start..<write.start + write.imageByteCount)
        let key = image.extracting(
            Cell.headerByteCount..<Cell.headerByteCount + write.keyByteCount)
        // No write removes an entry: a slot found before the batch is still the same entry's.
        let isFound = write.slot >= 0 && cells[write.slot].hasKey(key)
        guard let slot = isFound ? write.slot : find(key, write.hash) else {
            return insert(key, Cell(image: image), expiry: 0, write.hash)
        }
        if cells[slot].expiry != 0 {
            expiries.set(slot, expiry: 0, digest: tree.place(slot))
        }
        cells[slot].assign(image: image)
        return slot
    }

    /// Replaces value and expiry of an entry.
    mutating func assign(_ slot: Int, _ value: RawSpan, expiry: UInt64) {
        let before = cells[slot].expiry
        cells[slot].assign(value, expiry: expiry)
        if before != expiry { expiries.set(slot, expiry: expiry, digest: tree.place(slot)) }
        markChanged(slot)
    }

    /// Appends to the value of an entry.
    mutating func append(_ slot: Int, _ tail: RawSpan) {
        cells[slot].append(tail)
        markChanged(slot)
    }

    /// Changes when an entry expires. 0: it doesn't.
    mutating func setExpiry(_ slot: Int, _ expiry: UInt64) {
        cells[slot].expiry = expiry
        expiries.set(slot, expiry: expiry, digest: tree.place(slot))
        markChanged(slot)
    }

    /// Adds an entry and returns its slot, which is not marked.
    private mutating func insert(
        _ key: RawSpan, _ cell: Cell, expiry: UInt64, _ hash: UInt64
    ) -> Int {
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = Int(free)
            cells[slot] = cell
        } else {
            slot = cells.count
            cells.append(cell)
            marks.append([])
        }
        table.insert(hash, slot: slot)
        let place = Digest.of(key, in: .stateKey)
        tree.insert(slot, at: place)
        if expiry != 0 { expiries.set(slot, expiry: expiry, digest: place) }
        return slot
    }

    /// Removes an entry.
    mutating func remove(_ slot: Int) {
        let cell = cells[slot]
        cells[slot] = .vacant
        table.remove(sipHash.hash(cell.key), slot: slot)
        tree.remove(slot)
        if cell.expiry != 0 { expiries.set(slot, expiry: 0, digest: .zero) }
        freeSlots.append(UInt32(slot))
        removed.append(cell)
    }

    /// Removes every entry.
    mutating func removeAll() {
        var fresh = emptied
        fresh.removed = removed
        for cell in cells where !cell.isVacant { fresh.removed.append(cell) }
        self = fresh
    }

    @inline(__always)
    private mutating func markChanged(_ slot: Int) {
        guard !marks[slot].contains(.changed) else { return }
        marks[slot].insert(.changed)
        changed.append(UInt32(slot))
    }

    @inline(__always)
    private mutating func markUnsaved(_ slot: Int) {
        guard !marks[slot].contains(.unsaved) else { return }
        marks[slot].insert(.unsaved)
        unsaved.append(UInt32(slot))
    }

    // MARK: Ending a block

    /// Returns the digest of all entries, with what the block changed.
    mutating func commit() -> Digest {
        settle()
        gathering.finish(into: &tree)
        hashing.finish(into: &tree)
        for slot in hashedEarly { marks[Int(slot)].remove(.hashedEarly) }
        hashedEarly.removeAll(keepingCapacity: true)
        hashChanged()
        return tree.update()
    }

    /// Hashes what was not hashed when it was written. Such cells are fetched again.
    private mutating func hashChanged() {
        Prefetch.elements(of: cells, at: changed.lazy.map { Int($0) })
        Prefetch.storage(of: cells, in: changed.lazy.map { Int($0) })
        for slot in changed {
            let slot = Int(slot)
            marks[slot].remove(.changed)
            guard !cells[slot].isVacant else { continue }
            hashing.append(cells[slot], slot: slot, into: &tree)
            markUnsaved(slot)
        }
        changed.removeAll(keepingCapacity: true)
        hashing.finish(into: &tree)
    }

    /// Writes each entry that changed since the last call, once.
    ///
    /// Removals come first: an entry that was removed and came back is put after.
    mutating func save(into changes: inout some StateSink) {
        for cell in removed { changes.delete(key: cell.storedKey) }
        removed.removeAll()
        for slot in unsaved {
            let slot = Int(slot)
            marks[slot].remove(.unsaved)
            guard !cells[slot].isVacant else { continue }
            cells[slot].store(in: &changes)
        }
        unsaved.removeAll(keepingCapacity: true)
    }
}

/// Takes changes that are stored already.
struct NoSink: StateSink {
    mutating func put(key: RawSpan, value: RawSpan) {}
    mutating func delete(key: RawSpan) {}
}
