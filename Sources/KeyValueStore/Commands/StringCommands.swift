import BFTApplication

/// The commands that change values.
extension Database {
    mutating func change(
        _ verb: Verb, _ command: inout CommandArguments, _ result: inout ResultWriter
    ) {
        switch verb {
        case .set: set(&command, &result)
        case .setnx: setIfAbsent(command.next(), command.next(), &result)
        case .getset: getAndSet(command.next(), command.next(), &result)
        case .getdel: getAndDelete(command.next(), &result)
        case .mset: setMany(&command, &result)
        case .del, .unlink: delete(&command, &result)
        case .incr: add(1, to: command.next(), &result)
        case .decr: add(-1, to: command.next(), &result)
        case .incrby, .decrby: addArgument(verb, &command, &result)
        case .append: append(command.next(), command.next(), &result)
        case .expire: expire(&command, .seconds, verb, &result)
        case .pexpire: expire(&command, .milliseconds, verb, &result)
        case .persist: persist(command.next(), &result)
        case .flushdb: flush(&command, &result)
        case .get, .mget, .exists, .strlen, .ttl, .pttl, .type, .keys, .scan, .dbsize:
            preconditionFailure("a reading command among those that write")
        }
    }

    /// Whether an entry may have `key` and a value of `valueBytes`. If not, that is the reply.
    static func isWithinLimits(
        _ key: RawSpan, _ valueBytes: Int, _ result: inout ResultWriter
    ) -> Bool {
        if key.byteCount > KeyValueLimits.keyBytes {
            result.error("ERR the key is longer than 16384 bytes")
            return false
        }
        if valueBytes > KeyValueLimits.valueBytes {
            result.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
            return false
        }
        return true
    }

    // MARK: SET and its kin

    private mutating func set(_ command: inout CommandArguments, _ result: inout ResultWriter) {
        let key = command.next()
        let value = command.next()
        guard Self.isWithinLimits(key, value.byteCount, &result) else { return }
        guard let options = SetOptions(&command, time: time, &result) else { return }
        let slot = findLive(key)
        if options.repliesOldValue {
            guard replyValue(slot, &allowance, &result) else { return }
        }
        if options.condition == .absent && slot != nil
            || options.condition == .present && slot == nil
        {
            if !options.repliesOldValue { result.null() }
            return
        }
        var expiry = options.expiry
        if options.keepsExpiry, let slot { expiry = keyspace.cell(slot).expiry }
        if expiry != 0, expiry < time {
            if let slot = keyspace.find(key) { keyspace.remove(slot) }
        } else {
            keyspace.set(key, value, expiry: expiry)
        }
        if !options.repliesOldValue { result.ok() }
    }

    private mutating func setIfAbsent(
        _ key: RawSpan, _ value: RawSpan, _ result: inout ResultWriter
    ) {
        guard Self.isWithinLimits(key, value.byteCount, &result) else { return }
        guard findLive(key) == nil else { return result.integer(0) }
        keyspace.set(key, value, expiry: 0)
        result.integer(1)
    }

    private mutating func getAndSet(
        _ key: RawSpan, _ value: RawSpan, _ result: inout ResultWriter
    ) {
        guard Self.isWithinLimits(key, value.byteCount, &result) else { return }
        guard replyValue(findLive(key), &allowance, &result) else { return }
        keyspace.set(key, value, expiry: 0)
    }

    private mutating func getAndDelete(_ key: RawSpan, _ result: inout ResultWriter) {
        let slot = findLive(key)
        guard replyValue(slot, &allowance, &result), let slot else { return }
        keyspace.remove(slot)
    }

    private mutating func setMany(
        _ command: inout CommandArguments, _ result: inout ResultWriter
    ) {
        guard command.remaining % 2 == 0 else { return result.wrongArgumentCount(.mset) }
        var check = copy command
        while check.remaining > 0 {
            let key = check.next()
            guard Self.isWithinLimits(key, check.next().byteCount, &result) else { return }
        }
        while command.remaining > 0 {
            keyspace.set(command.next(), command.next(), expiry: 0)
        }
        result.ok()
    }

    private mutating func delete(
        _ command: inout CommandArguments, _ result: inout ResultWriter
    ) {
        var removed: Int64 = 0
        while command.remaining > 0 {
            guard let slot = keyspace.find(command.next()) else { continue }
            if isLive(slot) { removed += 1 }
            keyspace.remove(slot)
        }
        result.integer(removed)
    }

    private mutating func flush(_ command: inout CommandArguments, _ result: inout ResultWriter) {
        if command.remaining > 0 {
            let mode = command.next()
            guard command.remaining == 0, isWord(mode, "SYNC") || isWord(mode, "ASYNC") else {
                return result.error("ERR syntax error")
            }
        }
        keyspace.removeAll()
        result.ok()
    }

    // MARK: Numbers and appending

    private mutating func addArgument(
        _ verb: Verb, _ command: inout CommandArguments, _ result: inout ResultWriter
    ) {
        let key = command.next()
        guard let amount = decimalInteger(command.next()) else { return result.notAnInteger() }
        if verb == .incrby { return add(amount, to: key, &result) }
        guard amount != .min else { return result.error("ERR decrement would overflow") }
        add(-amount, to: key, &result)
    }

    private mutating func add(
        _ amount: Int64, to key: RawSpan, _ result: inout ResultWriter
    ) {
        guard Self.isWithinLimits(key, 0, &result) else { return }
        let slot = findLive(key)
        var value: Int64 = 0
        var expiry: UInt64 = 0
        if let slot {
            guard let found = decimalInteger(keyspace.cell(slot).value) else {
                return result.notAnInteger()
            }
            value = found
            expiry = keyspace.cell(slot).expiry
        }
        let (sum, overflow) = value.addingReportingOverflow(amount)
        guard !overflow else {
            return result.error("ERR increment or decrement would overflow")
        }
        let digits = DecimalDigits(sum)
        digits.withBytes { bytes in
            if let slot {
                keyspace.assign(slot, bytes, expiry: expiry)
            } else {
                keyspace.set(key, bytes, expiry: 0)
            }
        }
        result.integer(sum)
    }

    private mutating func append(
        _ key: RawSpan, _ tail: RawSpan, _ result: inout ResultWriter
    ) {
        let slot = findLive(key)
        let total = (slot.map { keyspace.cell($0).valueByteCount } ?? 0) + tail.byteCount
        guard Self.isWithinLimits(key, total, &result) else { return }
        if let slot {
            keyspace.append(slot, tail)
        } else {
            keyspace.set(key, tail, expiry: 0)
        }
        result.integer(Int64(total))
    }
}

/// What may follow key and value in `SET`.
struct SetOptions {
    enum Condition { case none, absent, present }

    private(set) var condition = Condition.none
    private(set) var repliesOldValue = false
    private(set) var keepsExpiry = false
    /// In milliseconds of agreed time, or 0.
    private(set) var expiry: UInt64 = 0

    /// What the amount behind `EX`, `PX`, `EXAT` or `PXAT` means.
    private enum Unit { case seconds, milliseconds, secondsAt, millisecondsAt }

    /// The options that are left in `command`, or nil if the reply is an error.
    init?(_ command: inout CommandArguments, time: UInt64, _ result: inout ResultWriter) {
        var unit: Unit?
        var amount = command.nothing
        while command.remaining > 0 {
            let option = command.next()
            var found: Unit?
            if isWord(option, "NX"), condition != .present {
                condition = .absent
            } else if isWord(option, "XX"), condition != .absent {
                condition = .present
            } else if isWord(option, "GET") {
                repliesOldValue = true
            } else if isWord(option, "KEEPTTL"), unit == nil {
                keepsExpiry = true
            } else if isWord(option, "EX") {
                found = .seconds
            } else if isWord(option, "PX") {
                found = .milliseconds
            } else if isWord(option, "EXAT") {
                found = .secondsAt
            } else if isWord(option, "PXAT") {
                found = .millisecondsAt
            } else {
                result.error("ERR syntax error")
                return nil
            }
            guard let found else { continue }
            guard !keepsExpiry, unit == nil || unit == found, command.remaining > 0 else {
                result.error("ERR syntax error")
                return nil
            }
            unit = found
            amount = command.next()
        }
        guard let unit else { return }
        guard let value = decimalInteger(amount) else {
            result.notAnInteger()
            return nil
        }
        let isInSeconds = unit == .seconds || unit == .secondsAt
        let isRelative = unit == .seconds || unit == .milliseconds
        guard value > 0,
            let end = expiryTime(value, isInSeconds: isInSeconds, after: isRelative ? time : 0)
        else {
            result.error("ERR invalid expire time in 'set' command")
            return nil
        }
        expiry = UInt64(clamping: end)
    }
}

/// The time `amount` after `time`, in milliseconds, or nil if that is beyond 64 bits.
func expiryTime(_ amount: Int64, isInSeconds: Bool, after time: UInt64) -> Int64? {
    let (product, overflow) = amount.multipliedReportingOverflow(by: isInSeconds ? 1_000 : 1)
    let (sum, carry) = product.addingReportingOverflow(Int64(clamping: time))
    return overflow || carry ? nil : sum
}
