import BFTApplication

/// The commands that change when entries expire.
extension Database {
    enum ExpiryUnit { case seconds, milliseconds }

    mutating func expire(
        _ command: inout CommandArguments, _ unit: ExpiryUnit, _ verb: Verb,
        _ result: inout ResultWriter
    ) {
        let key = command.next()
        let amount = command.next()
        guard let condition = ExpiryCondition(&command, &result) else { return }
        guard let value = decimalInteger(amount) else { return result.notAnInteger() }
        guard let end = expiryTime(value, isInSeconds: unit == .seconds, after: time) else {
            return result.error(Array("ERR invalid expire time in '\(verb)' command".utf8))
        }
        guard let slot = findLive(key) else { return result.integer(0) }
        guard condition.allows(end, instead: keyspace.cell(slot).expiry) else {
            return result.integer(0)
        }
        if end <= Int64(clamping: time) {
            keyspace.remove(slot)
        } else {
            keyspace.setExpiry(slot, UInt64(clamping: end))
        }
        result.integer(1)
    }

    mutating func persist(_ key: RawSpan, _ result: inout ResultWriter) {
        guard let slot = findLive(key), keyspace.cell(slot).expiry != 0 else {
            return result.integer(0)
        }
        keyspace.setExpiry(slot, 0)
        result.integer(1)
    }
}

/// What may follow the time in `EXPIRE`.
private struct ExpiryCondition {
    private var isFirstOnly = false
    private var isChangeOnly = false
    private var isLaterOnly = false
    private var isEarlierOnly = false

    /// The options that are left in `command`, or nil if the reply is an error.
    init?(_ command: inout CommandArguments, _ result: inout ResultWriter) {
        while command.remaining > 0 {
            let option = command.next()
            if isWord(option, "NX") {
                isFirstOnly = true
            } else if isWord(option, "XX") {
                isChangeOnly = true
            } else if isWord(option, "GT") {
                isLaterOnly = true
            } else if isWord(option, "LT") {
                isEarlierOnly = true
            } else {
                result.unsupportedOption(option)
                return nil
            }
        }
        if isFirstOnly && (isChangeOnly || isLaterOnly || isEarlierOnly) {
            result.error("ERR NX and XX, GT or LT options at the same time are not compatible")
            return nil
        }
        if isLaterOnly && isEarlierOnly {
            result.error("ERR GT and LT options at the same time are not compatible")
            return nil
        }
    }

    /// Whether `end` may take the place of `expiry`, where 0 means never.
    func allows(_ end: Int64, instead expiry: UInt64) -> Bool {
        if isFirstOnly && expiry != 0 || isChangeOnly && expiry == 0 { return false }
        let before = expiry == 0 ? Int64.max : Int64(clamping: expiry)
        if isLaterOnly && (expiry == 0 || end <= before) { return false }
        if isEarlierOnly && expiry != 0 && end >= before { return false }
        return true
    }
}

extension ResultWriter {
    fileprivate mutating func unsupportedOption(_ option: RawSpan) {
        var text = Array("ERR Unsupported option ".utf8)
        unsafe option.extracting(first: 128).withUnsafeBytes { unsafe text.append(contentsOf: $0) }
        error(text)
    }
}
