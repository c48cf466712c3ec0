import BFTBase
import BFTLedger
import BFTWire

/// The entries of a store: found by key, in order of place, in order of expiry, with the changes
/// that no block has ended yet.
///
/// An entry has a slot for as long as it lives. Expiry is data here: whether an entry counts is
/// for the caller, who knows the time.
struct Keyspace: Sendable {
    /// By slot.
    private(set) var cells: [Cell] = []
    private var freeSlots: [UInt32] = []
    private let sipHash: SipHash
    private var table = KeyTable()
    private(set) var tree = StateTree()
    private(set) var expiries = ExpiryIndex()
    /// By slot: whether it is among `changed`.
    private var isChanged: [Bool] = []
    private var changed: [UInt32] = []
    /// By slot: whether it is among `unsaved`.
    private var isUnsaved: [Bool] = []
    /// Slots that a block changed since the last `save`.
    private var unsaved: [UInt32] = []
    /// Entries that are gone since the last `save`.
    private var removed: [Cell] = []
    private var hasher = EntryHasher()
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
            insert(key, value, expiry: expiry, hash)
        }
    }

    /// Makes `value` the value under `key`, without an expiry, as soon as `settle` is called or
    /// enough writes wait. Until then nothing else may be asked of the entries.
    mutating func setLater(_ key: RawSpan, _ value: RawSpan) {
        guard value.byteCount <= PendingSets.valueLimit else {
            settle()
            return set(key, value, expiry: 0)
        }
        pending.append(key, value, hash: sipHash.hash(key))
        if pending.isFull { settle() }
    }

    /// Carries out the writes that wait.
    mutating func settle() {
        guard !pending.writes.isEmpty else { return }
        var batch = PendingSets()
        swap(&batch, &pending)
        for index in batch.writes.indices {
            batch.writes[index].place = table.home(batch.writes[index].hash)
        }
        for index in batch.writes.indices {
            let write = batch.writes[index]
            batch.writes[index].slot = table.probableSlot(write.place, write.hash)
        }
        Prefetch.elements(of: cells, at: batch.writes.lazy.map(\.slot))
        Prefetch.storage(
            of: cells, in: batch.writes.lazy.map(\.slot), byteCount: batch.meanByteCount)
        for index in batch.writes.indices where batch.writes[index].slot >= 0 {
            batch.writes[index].cellByteCount = cells[batch.writes[index].slot].bytes.count
        }
        for write in batch.writes { carryOut(write, unsafe batch.bytes.span.bytes) }
        batch.removeAll()
        swap(&batch, &pending)
    }

    private mutating func carryOut(_ write: PendingSets.Write, _ bytes: RawSpan) {
        let valueStart = write.start + write.keyByteCount
        let key = bytes.extracting(write.start..<valueStart)
        let value = bytes.extracting(valueStart..<valueStart + write.valueByteCount)
        // No write removes an entry: a slot found before the batch is still the same entry's.
        if write.cellByteCount > 0, cells[write.slot].hasKey(key) {
            assign(write.slot, value, expiry: 0)
        } else if let slot = find(key, write.hash) {
            assign(slot, value, expiry: 0)
        } else {
            insert(key, value, expiry: 0, write.hash)
        }
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

    private mutating func insert(
        _ key: RawSpan, _ value: RawSpan, expiry: UInt64, _ hash: UInt64
    ) {
        let slot: Int
        let cell = Cell(key: key, value: value, expiry: expiry)
        if let free = freeSlots.popLast() {
            slot = Int(free)
            cells[slot] = cell
        } else {
            slot = cells.count
            cells.append(cell)
            isChanged.append(false)
            isUnsaved.append(false)
        }
        table.insert(hash, slot: slot)
        let place = Digest.of(key, in: .stateKey)
        tree.insert(slot, at: place)
        if expiry != 0 { expiries.set(slot, expiry: expiry, digest: place) }
        markChanged(slot)
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
        guard !isChanged[slot] else { return }
        isChanged[slot] = true
        changed.append(UInt32(slot))
    }

    // MARK: Ending a block

    /// Returns the digest of all entries, with what the block changed.
    mutating func commit() -> Digest {
        settle()
        Prefetch.elements(of: cells, at: changed.lazy.map { Int($0) })
        Prefetch.storage(of: cells, in: changed.lazy.map { Int($0) }, byteCount: 0)
        for slot in changed {
            let slot = Int(slot)
            isChanged[slot] = false
            guard !cells[slot].isVacant else { continue }
            hasher.append(cells[slot], slot: slot)
            guard !isUnsaved[slot] else { continue }
            isUnsaved[slot] = true
            unsaved.append(UInt32(slot))
        }
        changed.removeAll(keepingCapacity: true)
        hasher.finish(into: &tree)
        return tree.update()
    }

    /// Writes each entry that changed since the last call, once.
    ///
    /// Removals come first: an entry that was removed and came back is put after.
    mutating func save(into changes: inout some StateSink) {
        for cell in removed { changes.delete(key: cell.storedKey) }
        removed.removeAll()
        for slot in unsaved {
            let slot = Int(slot)
            isUnsaved[slot] = false
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
