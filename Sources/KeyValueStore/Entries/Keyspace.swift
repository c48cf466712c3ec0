import BFTApplication
import BFTBase
import BFTWire

/// The entries of a store: found by key, in order of place, in order of expiry, with the changes
/// that no block has ended yet.
///
/// An entry has a slot for as long as it lives. Expiry is data here: whether an entry counts is
/// for the caller, who knows the time.
struct Keyspace: Sendable {
    private(set) var tree = StateTree()
    private(set) var expiries = ExpiryIndex()
    private var cells = CellStore()
    private var freeSlots: [UInt32] = []
    /// Slots that the block wrote once, plainly: a hasher has them.
    private var hashedEarly: [UInt32] = []
    /// Slots that the block changed in any other way.
    private var changed: [UInt32] = []
    /// Slots that were changed since the last `save`.
    private var unsaved: [UInt32] = []
    /// The storage keys of entries that are gone since the last `save`.
    private var removed: [[UInt8]] = []
    /// Takes the images of the writes that wait.
    private var gathering = EntryHasher()
    /// Has those of the writes that were carried out before them.
    private var hashing = EntryHasher()
    private var leaves = LeafQueue()
    /// Addresses that are needed next.
    private var wanted: [UInt] = []
    /// The entries, expired ones too.
    var count: Int { tree.count }

    // MARK: Reading

    /// The slot of the entry under `key`.
    func find(_ key: RawSpan) -> Int? { tree.find(Place.of(key)) }

    /// The entry in `slot`.
    @_lifetime(borrow self)
    @inline(__always)
    func cell(_ slot: Int) -> Cell { cells[tree.entries.cell(slot)] }

    // MARK: Writing

    /// Makes `value` the value under `key`. Anything longer than the limits allow is the caller's
    /// to refuse.
    mutating func set(_ key: RawSpan, _ value: RawSpan, expiry: UInt64) {
        let place = Place.of(key)
        if let slot = tree.find(place) { return assign(slot, value, expiry: expiry) }
        let size = Cell.size(key: key.byteCount, value: value.byteCount)
        let address = cells.allocate(size)
        unsafe cells.withMutableBytes(of: address, first: size) {
            unsafe Cell.write(key, value, expiry: expiry, to: $0)
        }
        let slot = insert(address, at: place)
        setExpiry(of: slot, expiry)
        markChanged(slot)
    }

    /// Replaces value and expiry of an entry.
    mutating func assign(_ slot: Int, _ value: RawSpan, expiry: UInt64) {
        let keyByteCount = cell(slot).keyByteCount
        let size = Cell.size(key: keyByteCount, value: value.byteCount)
        let address = resize(slot, size, keeping: Cell.headerByteCount + keyByteCount)
        unsafe cells.withMutableBytes(of: address, first: size) {
            unsafe Cell.writeValue(value, expiry: expiry, keyByteCount: keyByteCount, to: $0)
        }
        setExpiry(of: slot, expiry)
        markChanged(slot)
    }

    /// Appends to the value of an entry.
    mutating func append(_ slot: Int, _ tail: RawSpan) {
        let (keyByteCount, valueByteCount) = (cell(slot).keyByteCount, cell(slot).valueByteCount)
        let size = Cell.size(key: keyByteCount, value: valueByteCount + tail.byteCount)
        let address = resize(slot, size, keeping: cell(slot).image.byteCount)
        unsafe cells.withMutableBytes(of: address, first: size) {
            unsafe Cell.append(
                tail, keyByteCount: keyByteCount, valueByteCount: valueByteCount, to: $0)
        }
        markChanged(slot)
    }

    /// Changes when an entry expires. 0: it doesn't.
    mutating func setExpiry(_ slot: Int, _ expiry: UInt64) {
        let (keyByteCount, size) = (cell(slot).keyByteCount, cell(slot).image.byteCount)
        unsafe cells.withMutableBytes(of: tree.entries.cell(slot), first: size) {
            unsafe Cell.writeExpiry(expiry, keyByteCount: keyByteCount, to: $0)
        }
        setExpiry(of: slot, expiry)
        markChanged(slot)
    }

    /// Room for `byteCount` bytes for the cell of an entry. The first `kept` bytes stay.
    @inline(__always)
    private mutating func resize(
        _ slot: Int, _ byteCount: Int, keeping kept: Int
    ) -> CellAddress {
        let before = tree.entries.cell(slot)
        let address = cells.resize(before, byteCount, keeping: kept)
        if address != before { tree.entries.setCell(slot, address) }
        return address
    }

    /// Brings the index of expiries in line with an entry's cell.
    @inline(__always)
    private mutating func setExpiry(of slot: Int, _ expiry: UInt64) {
        var marks = tree.entries.marks(slot)
        guard expiry != 0 || marks.contains(.expires) else { return }
        expiries.set(slot, expiry: expiry, digest: tree.place(slot))
        if expiry == 0 { marks.remove(.expires) } else { marks.insert(.expires) }
        tree.entries.setMarks(slot, marks)
    }

    /// Adds an entry and returns its slot, which is in no list.
    private mutating func insert(_ address: CellAddress, at place: Digest) -> Int {
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = Int(free)
        } else {
            slot = tree.entries.count
            tree.entries.append()
        }
        tree.entries.setCell(slot, address)
        tree.insert(slot, at: place)
        return slot
    }

    /// Removes an entry.
    mutating func remove(_ slot: Int) {
        removed.append(cell(slot).storedKeyBytes)
        setExpiry(of: slot, 0)
        cells.free(tree.entries.cell(slot))
        tree.entries.setCell(slot, .none)
        tree.remove(slot)
        freeSlots.append(UInt32(slot))
    }

    /// Removes every entry.
    mutating func removeAll() {
        var fresh = Keyspace()
        fresh.removed = removed
        tree.walk { slot in
            fresh.removed.append(cell(slot).storedKeyBytes)
            return true
        }
        self = fresh
    }

    @inline(__always)
    private mutating func markChanged(_ slot: Int) {
        let marks = tree.entries.marks(slot)
        guard !marks.contains(.changed) else { return }
        tree.entries.setMarks(slot, marks.union(.changed))
        changed.append(UInt32(slot))
    }

    // MARK: Plain writes

    /// Keeps what the cell of a plain write would consist of, in which nothing is found before
    /// `carryOut`.
    @inline(__always)
    fileprivate mutating func gather(_ key: RawSpan, _ value: RawSpan) -> (run: Int, start: Int) {
        gathering.add(key, value)
    }

    /// Carries out all writes of `pending`, whose images were gathered in this order.
    fileprivate mutating func carryOut(_ pending: inout PendingSets) {
        pending.findSlots(in: &tree, meanwhile: &leaves)
        wanted.removeAll(keepingCapacity: true)
        for write in pending.writes {
            guard let slot = write.slot else { continue }
            cells.addLines(of: tree.entries.cell(slot), write.imageByteCount, to: &wanted)
        }
        // The writes before these are hashed while the memory brings the cells.
        hashing.hashFull(askingFor: wanted, into: &leaves)
        for index in pending.writes.indices {
            carryOut(pending.writes[index], at: pending.places[index])
        }
        pending.removeAll()
        swap(&gathering, &hashing)
    }

    private mutating func carryOut(_ write: PendingSets.Write, at place: Digest) {
        let slot = put(write, at: place)
        // Whose slot was changed in this block already, by this key or by one that is gone, has
        // another image under way. No image is the last word then: the cell is.
        let marks = tree.entries.marks(slot)
        let isFirst = marks.isDisjoint(with: [.hashedEarly, .changed])
        gathering.own(write.run, isFirst ? slot : nil, at: place)
        guard isFirst else { return markChanged(slot) }
        tree.entries.setMarks(slot, marks.union([.hashedEarly, .unsaved]))
        hashedEarly.append(UInt32(slot))
        if !marks.contains(.unsaved) { unsaved.append(UInt32(slot)) }
    }

    /// Makes the image of `write` the cell at `place`, and says in which slot that is.
    private mutating func put(_ write: PendingSets.Write, at place: Digest) -> Int {
        // Held, so that nothing of it is copied; no image is added meanwhile.
        let images = gathering.images(of: write.run)
        let image = unsafe images.span.bytes.extracting(
            write.start..<write.start + write.imageByteCount)
        // No write removes an entry: a slot found before the run is still the same entry's. Another
        // write of the run may have added one.
        guard let slot = write.slot ?? tree.find(place) else {
            let address = cells.allocate(image.byteCount)
            cells.write(address, image)
            return insert(address, at: place)
        }
        setExpiry(of: slot, 0)
        let address = resize(slot, image.byteCount, keeping: 0)
        cells.write(address, image)
        return slot
    }

    // MARK: Ending a block

    /// Returns the digest of all entries, with what the block changed.
    mutating func commit() -> Digest {
        gathering.finish(into: &leaves)
        hashing.finish(into: &leaves)
        for slot in hashedEarly {
            let marks = tree.entries.marks(Int(slot))
            tree.entries.setMarks(Int(slot), marks.subtracting(.hashedEarly))
        }
        hashedEarly.removeAll(keepingCapacity: true)
        hashChanged()
        giveLeaves()
        return tree.update()
    }

    /// Hashes the leaves that wait, and gives them to the tree.
    private mutating func giveLeaves() {
        leaves.hash()
        leaves.give(to: &tree)
    }

    /// Hashes what was not hashed when it was written. Such cells are fetched again.
    private mutating func hashChanged() {
        // Held, so that they can be read while the rest is changed; no cell is written meanwhile.
        let cells = cells
        for slot in changed {
            let slot = Int(slot)
            var marks = tree.entries.marks(slot).subtracting(.changed)
            let address = tree.entries.cell(slot)
            if address != .none, !marks.contains(.unsaved) {
                marks.insert(.unsaved)
                unsaved.append(UInt32(slot))
            }
            tree.entries.setMarks(slot, marks)
            guard address != .none else { continue }
            let place = tree.place(slot)
            hashing.append(cells[address].image, slot: slot, at: place, into: &leaves)
            // A state that is loaded changes every entry.
            if leaves.isFull { giveLeaves() }
        }
        changed.removeAll(keepingCapacity: true)
        hashing.finish(into: &leaves)
    }

    // MARK: Storage

    /// Writes each entry that changed since the last call, once.
    ///
    /// Removals come first: an entry that was removed and came back is put after.
    mutating func save(into changes: inout some StateSink) {
        for key in removed { changes.delete(key: unsafe key.span.bytes) }
        removed.removeAll()
        for (position, slot) in unsaved.enumerated() {
            prefetchUnsaved(after: position)
            let marks = tree.entries.marks(Int(slot)).subtracting(.unsaved)
            tree.entries.setMarks(Int(slot), marks)
            let address = tree.entries.cell(Int(slot))
            guard address != .none else { continue }
            let cell = cells[address]
            changes.put(key: cell.storedKey, value: cell.storedValue)
        }
        unsaved.removeAll(keepingCapacity: true)
    }

    /// Asks for what is saved next: for entries, and nearer at hand for cells.
    @inline(__always)
    private func prefetchUnsaved(after position: Int) {
        let (far, near) = (position + 16, position + 8)
        if far < unsaved.count { tree.entries.prefetch(Int(unsaved[far])) }
        guard near < unsaved.count else { return }
        // What follows comes by itself.
        cells.prefetch(tree.entries.cell(Int(unsaved[near])), lineCount: 4)
    }
}

/// A database before which plain writes wait, to be carried out together.
///
/// - Invariant K3: whoever looks at entries to change them sees every write before. The entries
///   are behind `flushed`, which carries out what waits; there is no other way to them but
///   `unflushed`, which changes nothing.
struct BufferedDatabase: Sendable {
    private var database = Database()
    private var pending = PendingSets()

    /// Makes `value` the value under `key`, without an expiry. Anything longer than the limits
    /// allow is the caller's to refuse.
    @inline(__always)
    mutating func set(_ key: RawSpan, _ value: RawSpan) {
        guard Cell.size(key: key.byteCount, value: value.byteCount) <= PendingSets.imageLimit
        else { return flushed.keyspace.set(key, value, expiry: 0) }
        let image = database.keyspace.gather(key, value)
        pending.append(key, run: image.run, start: image.start)
        if pending.isFull { flush() }
    }

    private mutating func flush() {
        guard !pending.writes.isEmpty else { return }
        database.keyspace.carryOut(&pending)
    }

    /// The database, every write carried out.
    var flushed: Database {
        mutating _read {
            flush()
            yield database
        }
        _modify {
            flush()
            yield &database
        }
    }

    /// The database as far as writes were carried out. Between the end of a block and the next
    /// write, that is all of them.
    var unflushed: Database {
        _read { yield database }
    }
}

/// Takes changes that are stored already.
struct NoSink: StateSink {
    mutating func put(key: RawSpan, value: RawSpan) {}
    mutating func delete(key: RawSpan) {}
}
