extension RawSpan {
    /// Whether these bytes come before `other` in bytewise order, as in every backend.
    func precedes(_ other: RawSpan) -> Bool { compare(other) < 0 }

    /// Below, equal to or above zero, as these bytes come before, are, or come after `other`.
    func compare(_ other: RawSpan) -> Int {
        let shared = min(byteCount, other.byteCount)
        var offset = 0
        while shared - offset >= 8 {
            let (left, right) = (word(at: offset), other.word(at: offset))
            guard left == right else { return left < right ? -1 : 1 }
            offset += 8
        }
        while offset < shared {
            let left = unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            let right = other.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            guard left == right else { return left < right ? -1 : 1 }
            offset += 1
        }
        return byteCount - other.byteCount
    }

    /// Eight bytes as a number that is in the order in which they are.
    private func word(at offset: Int) -> UInt64 {
        UInt64(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}

/// Keys and values in bytewise order of the keys, as a value.
///
/// Entries stand in runs of at most `runLimit`: an insertion moves entries of one run, a split
/// moves the list of runs, and a copy shares every run that neither side changes.
struct SortedEntries: Sendable, Equatable {
    private struct Entry: Sendable, Equatable {
        var key: [UInt8]
        var value: [UInt8]

        func precedes(_ other: RawSpan) -> Bool { key.span.bytes.precedes(other) }
    }

    private static let runLimit = 256

    /// None is empty.
    private var runs: [[Entry]] = []

    /// The number of entries.
    private(set) var count = 0
    /// The bytes in all keys and values.
    private(set) var byteCount = 0

    /// Two maps are equal if their entries are, however they are divided into runs.
    static func == (left: Self, right: Self) -> Bool {
        left.count == right.count && left.byteCount == right.byteCount
            && left.runs.joined().elementsEqual(right.runs.joined())
    }

    /// Where an entry stands, or would stand.
    private struct Place {
        var run: Int
        var index: Int
    }

    /// The place of the first entry whose key is not below `key`. It may be behind the last entry
    /// of the last run, and nowhere else is it behind a run's last entry.
    private func lowerBound(_ key: RawSpan) -> Place {
        let run = firstPosition(0..<runs.count) { !runs[$0].last!.precedes(key) }
        guard run < runs.count else { return Place(run: run, index: 0) }
        let index = firstPosition(0..<runs[run].count) {
            !runs[run][$0].precedes(key)
        }
        return Place(run: run, index: index)
    }

    /// The first position in `range` where `holds`, which must hold from there on.
    private func firstPosition(_ range: Range<Int>, where holds: (Int) -> Bool) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func holds(_ key: RawSpan, at place: Place) -> Bool {
        guard place.run < runs.count else { return false }
        let entry = runs[place.run][place.index]
        return entry.key.span.bytes.compare(key) == 0
    }

    func value(of key: RawSpan) -> [UInt8]? {
        let place = lowerBound(key)
        return holds(key, at: place) ? runs[place.run][place.index].value : nil
    }

    mutating func set(_ key: RawSpan, to value: RawSpan) {
        let place = lowerBound(key)
        if holds(key, at: place) {
            byteCount += value.byteCount - runs[place.run][place.index].value.count
            runs[place.run][place.index].value = value.copied
            return
        }
        count += 1
        byteCount += key.byteCount + value.byteCount
        let entry = Entry(key: key.copied, value: value.copied)
        if place.run < runs.count {
            runs[place.run].insert(entry, at: place.index)
            split(place.run)
        } else if runs.isEmpty {
            runs.append([entry])
        } else if runs[runs.count - 1].count == Self.runLimit {
            runs.append([entry])  // Rising keys fill runs to the brim instead of halving them.
        } else {
            runs[runs.count - 1].append(entry)
        }
    }

    private mutating func split(_ run: Int) {
        guard runs[run].count > Self.runLimit else { return }
        let upper = Array(runs[run][(Self.runLimit / 2)...])
        runs[run].removeSubrange((Self.runLimit / 2)...)
        runs.insert(upper, at: run + 1)
    }

    mutating func remove(_ key: RawSpan) {
        let place = lowerBound(key)
        guard holds(key, at: place) else { return }
        let entry = runs[place.run].remove(at: place.index)
        count -= 1
        byteCount -= entry.key.count + entry.value.count
        if runs[place.run].isEmpty { runs.remove(at: place.run) }
    }

    mutating func removeRange(from lower: RawSpan, to upper: RawSpan) {
        var place = lowerBound(lower)
        while place.run < runs.count {
            let run = runs[place.run]
            let end = firstPosition(place.index..<run.count) {
                !run[$0].precedes(upper)
            }
            for entry in run[place.index..<end] {
                count -= 1
                byteCount -= entry.key.count + entry.value.count
            }
            runs[place.run].removeSubrange(place.index..<end)
            if runs[place.run].isEmpty {
                runs.remove(at: place.run)
            } else {
                place.run += 1
            }
            if end < run.count { return }
            place.index = 0
        }
    }

    /// Visits the entries in `range` until `body` returns `false` or `limit` were visited.
    func forEach(
        _ range: KeyRange, limit: Int, reverse: Bool, _ body: (RawSpan, RawSpan) -> Bool
    ) {
        reverse ? backward(range, limit, body) : forward(range, limit, body)
    }

    private func forward(_ range: KeyRange, _ limit: Int, _ body: (RawSpan, RawSpan) -> Bool) {
        var place = lowerBound(range.lower.span.bytes)
        var left = limit
        while place.run < runs.count, left > 0 {
            let entry = runs[place.run][place.index]
            if let upper = range.upper, !entry.key.span.bytes.precedes(upper.span.bytes) { return }
            guard body(entry.key.span.bytes, entry.value.span.bytes) else { return }
            left -= 1
            place.index += 1
            if place.index == runs[place.run].count { place = Place(run: place.run + 1, index: 0) }
        }
    }

    private func backward(_ range: KeyRange, _ limit: Int, _ body: (RawSpan, RawSpan) -> Bool) {
        var place =
            range.upper.map { lowerBound($0.span.bytes) } ?? Place(run: runs.count, index: 0)
        var left = limit
        while left > 0 {
            if place.index == 0 {
                guard place.run > 0 else { return }
                place = Place(run: place.run - 1, index: runs[place.run - 1].count)
            }
            place.index -= 1
            let entry = runs[place.run][place.index]
            if entry.key.span.bytes.precedes(range.lower.span.bytes) { return }
            guard body(entry.key.span.bytes, entry.value.span.bytes) else { return }
            left -= 1
        }
    }
}
