import BFTApplication

/// The commands that change nothing, the same in a transaction and in a query.
extension Database {
    /// Whether the entry in `slot` still counts. One that expires now lives through this block.
    @inline(__always)
    func isLive(_ slot: Int) -> Bool {
        let expiry = keyspace.cell(slot).expiry
        return expiry == 0 || expiry >= time
    }

    /// The slot of the entry under `key`, unless it expired.
    @inline(__always)
    func findLive(_ key: RawSpan) -> Int? {
        guard let slot = keyspace.find(key), isLive(slot) else { return nil }
        return slot
    }

    func read(
        _ verb: Verb, _ command: inout CommandArguments, _ allowance: inout Allowance,
        _ result: inout ResultWriter
    ) {
        switch verb {
        case .get: replyValue(findLive(command.next()), &allowance, &result)
        case .mget: mget(&command, &allowance, &result)
        case .exists:
            var found: Int64 = 0
            while command.remaining > 0 {
                if findLive(command.next()) != nil { found += 1 }
            }
            result.integer(found)
        case .strlen:
            let slot = findLive(command.next())
            result.integer(slot.map { Int64(keyspace.cell($0).valueByteCount) } ?? 0)
        case .ttl: timeToLive(command.next(), &result) { $0 / 1_000 + ($0 % 1_000 + 500) / 1_000 }
        case .pttl: timeToLive(command.next(), &result) { $0 }
        case .type: result.status(findLive(command.next()) == nil ? "none" : "string")
        case .keys: keys(&command, &allowance, &result)
        case .scan: scan(&command, &allowance, &result)
        case .dbsize: result.integer(Int64(keyspace.count))
        default: result.error("ERR a command that writes can't be a query")
        }
    }

    /// Replies the value in `slot`, or null if there is none. Returns false if the reply would be
    /// above its limit, in which case it is an error.
    @discardableResult
    func replyValue(
        _ slot: Int?, _ allowance: inout Allowance, _ result: inout ResultWriter
    ) -> Bool {
        guard let slot else {
            result.null()
            return true
        }
        guard allowance.takeReply(bytes: keyspace.cell(slot).valueByteCount) else {
            result.replyTooLarge()
            return false
        }
        result.value(keyspace.cell(slot).value)
        return true
    }

    private func mget(
        _ command: inout CommandArguments, _ allowance: inout Allowance,
        _ result: inout ResultWriter
    ) {
        var sizes = copy command
        var total = 0
        while sizes.remaining > 0 {
            if let slot = findLive(sizes.next()) { total += keyspace.cell(slot).valueByteCount }
        }
        guard allowance.takeReply(bytes: total) else { return result.replyTooLarge() }
        result.list(command.remaining)
        while command.remaining > 0 {
            if let slot = findLive(command.next()) {
                result.value(keyspace.cell(slot).value)
            } else {
                result.null()
            }
        }
    }

    private func timeToLive(
        _ key: RawSpan, _ result: inout ResultWriter, _ unit: (UInt64) -> UInt64
    ) {
        guard let slot = findLive(key) else { return result.integer(-2) }
        let expiry = keyspace.cell(slot).expiry
        result.integer(expiry == 0 ? -1 : Int64(clamping: unit(expiry - time)))
    }

    // MARK: Walking

    private func keys(
        _ command: inout CommandArguments, _ allowance: inout Allowance,
        _ result: inout ResultWriter
    ) {
        let text = command.next()
        guard text.byteCount <= KeyValueLimits.patternBytes else {
            return result.patternTooLong()
        }
        let pattern = GlobPattern(text)
        var found: [Int] = []
        var bytes = 0
        var left = allowance
        var isComplete = true
        keyspace.tree.walk { slot in
            isComplete = match(slot, pattern, &left, &found, &bytes)
            return isComplete
        }
        allowance = left
        guard isComplete else { return result.walkTooLong() }
        replyKeys(found, bytes, &allowance, &result)
    }

    /// Takes `slot` among the found if it counts and matches. Returns false if that would cost
    /// more than is left.
    private func match(
        _ slot: Int, _ pattern: GlobPattern, _ allowance: inout Allowance, _ found: inout [Int],
        _ bytes: inout Int
    ) -> Bool {
        var steps = 1
        let cell = keyspace.cell(slot)
        if isLive(slot), pattern.matches(cell.key, steps: &steps) {
            found.append(slot)
            bytes += keyspace.cell(slot).keyByteCount
        }
        return allowance.takeSteps(steps)
    }

    private func replyKeys(
        _ slots: [Int], _ bytes: Int, _ allowance: inout Allowance, _ result: inout ResultWriter
    ) {
        guard allowance.takeReply(bytes: bytes) else { return result.replyTooLarge() }
        result.list(slots.count)
        for slot in slots { result.value(keyspace.cell(slot).key) }
    }

    private struct ScanOptions {
        var pattern = GlobPattern.all
        var count = 10
        var wantsStrings = true
    }

    /// Entries in order of their places: the cursor is the position of the next one. An entry
    /// keeps its place while it lives, so one that is there all the time is met exactly once.
    private func scan(
        _ command: inout CommandArguments, _ allowance: inout Allowance,
        _ result: inout ResultWriter
    ) {
        guard let cursor = decimalCursor(command.next()) else {
            return result.error("ERR invalid cursor")
        }
        guard let options = scanOptions(&command, &result) else { return }
        var found: [Int] = []
        var bytes = 0
        var left = allowance
        var visited = 0
        var last: UInt64 = 0
        var next: UInt64 = 0
        var isComplete = true
        keyspace.tree.walk(from: cursor) { slot in
            let position = StateTree.position(keyspace.tree.place(slot))
            // Entries at one position are not to be told apart by a cursor.
            if visited >= options.count, position != last {
                next = position
                return false
            }
            visited += 1
            last = position
            isComplete = match(slot, options.pattern, &left, &found, &bytes)
            return isComplete
        }
        allowance = left
        guard isComplete else { return result.walkTooLong() }
        if !options.wantsStrings { found = [] }
        result.list(2)
        result.value(decimal: Int64(next))
        replyKeys(found, bytes, &allowance, &result)
    }

    private func scanOptions(
        _ command: inout CommandArguments, _ result: inout ResultWriter
    ) -> ScanOptions? {
        var options = ScanOptions()
        while command.remaining > 0 {
            let option = command.next()
            guard command.remaining > 0 else {
                result.error("ERR syntax error")
                return nil
            }
            let argument = command.next()
            if isWord(option, "COUNT") {
                guard let count = decimalInteger(argument) else {
                    result.notAnInteger()
                    return nil
                }
                guard count >= 1 else {
                    result.error("ERR syntax error")
                    return nil
                }
                options.count = Int(count)
            } else if isWord(option, "MATCH") {
                guard argument.byteCount <= KeyValueLimits.patternBytes else {
                    result.patternTooLong()
                    return nil
                }
                options.pattern = GlobPattern(argument)
            } else if isWord(option, "TYPE") {
                options.wantsStrings = isWord(argument, "STRING")
            } else {
                result.error("ERR syntax error")
                return nil
            }
        }
        return options
    }
}

extension ResultWriter {
    mutating func notAnInteger() {
        error("ERR value is not an integer or out of range")
    }

    mutating func replyTooLarge() {
        error("ERR the replies of this block or query are above 67108864 bytes")
    }

    mutating func walkTooLong() {
        error("ERR walking over this many keys takes too long, use SCAN with a smaller COUNT")
    }

    mutating func patternTooLong() { error("ERR the pattern is longer than 1024 bytes") }
}
