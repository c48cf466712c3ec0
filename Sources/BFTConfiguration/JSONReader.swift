/// Reads JSON (RFC 8259) strictly, keeping the position of every value.
///
/// Accepts nothing beyond the standard: no comments, no trailing commas, no byte order mark, no
/// lone surrogates. A duplicate key is an error, because two readers could disagree on what it
/// means. Nesting and size are bounded before anything is built; no input traps.
package struct JSONReader {
    /// The deepest nesting that is read.
    package static let depthLimit = 64

    private let bytes: [UInt8]
    private var offset = 0
    private var line = 1
    /// The scalars before `countedOffset` on this line.
    private var countedColumns = 0
    private var countedOffset = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The value that `bytes`, all of them, spell.
    package static func read(_ bytes: [UInt8]) throws(SourceError) -> LocatedValue {
        var reader = JSONReader(bytes)
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.offset == bytes.count else {
            throw reader.error("more text after the end of the document", "delete what follows")
        }
        return value
    }

    private mutating func error(_ message: String, _ hint: String) -> SourceError {
        SourceError(problem: ConfigurationProblem(at: position(), message, hint: hint))
    }

    /// The position of `offset`. Offsets only grow, so that all calls together cost one pass.
    private mutating func position() -> SourcePosition {
        while countedOffset < offset {
            if bytes[countedOffset] & 0xC0 != 0x80 { countedColumns += 1 }
            countedOffset += 1
        }
        return SourcePosition(line: line, column: countedColumns + 1)
    }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipSpace() {
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\n"):
                offset += 1
                line += 1
                countedColumns = 0
                countedOffset = offset
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): offset += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws(SourceError) -> LocatedValue {
        guard depth <= Self.depthLimit else {
            throw error("nested deeper than \(Self.depthLimit) levels", "flatten the document")
        }
        let start = position()
        guard let first = next else {
            throw error("the document ends where a value should stand", "add the value")
        }
        switch first {
        case UInt8(ascii: "{"): return LocatedValue(.table(try members(depth)), at: start)
        case UInt8(ascii: "["): return LocatedValue(.array(try elements(depth)), at: start)
        case UInt8(ascii: "\""): return LocatedValue(.text(try text()), at: start)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return LocatedValue(try number(), at: start)
        default: return LocatedValue(try word(), at: start)
        }
    }

    private mutating func word() throws(SourceError) -> LocatedValue.Content {
        let words: [(String, LocatedValue.Content)] = [
            ("true", .boolean(true)), ("false", .boolean(false)), ("null", .null),
        ]
        for (spelling, content) in words where bytes[offset...].starts(with: spelling.utf8) {
            offset += spelling.utf8.count
            return content
        }
        throw error(
            "this is no JSON value",
            "text stands between \"quotation marks\"; comments and "
                + "trailing commas are not JSON")
    }

    private mutating func members(_ depth: Int) throws(SourceError) -> [LocatedValue.Member] {
        offset += 1
        skipSpace()
        var members: [LocatedValue.Member] = []
        var seen: [String: SourcePosition] = [:]
        if next == UInt8(ascii: "}") {
            offset += 1
            return []
        }
        while true {
            let keyPosition = position()
            guard next == UInt8(ascii: "\"") else {
                throw error("a key should stand here", "write \"key\": value")
            }
            let key = try text()
            if let first = seen.updateValue(keyPosition, forKey: key) {
                throw SourceError(
                    problem: ConfigurationProblem(
                        at: keyPosition, "the key '\(key)' stands here a second time",
                        hint: "keep one of them; the first is on line \(first.line)"))
            }
            skipSpace()
            guard next == UInt8(ascii: ":") else {
                throw error("a ':' should stand here", "write \"key\": value")
            }
            offset += 1
            skipSpace()
            let value = try value(depth: depth + 1)
            members.append(.init(key: key, keyPosition: keyPosition, value: value))
            guard try another(until: UInt8(ascii: "}")) else { return members }
        }
    }

    private mutating func elements(_ depth: Int) throws(SourceError) -> [LocatedValue] {
        offset += 1
        skipSpace()
        var elements: [LocatedValue] = []
        if next == UInt8(ascii: "]") {
            offset += 1
            return []
        }
        while true {
            elements.append(try value(depth: depth + 1))
            guard try another(until: UInt8(ascii: "]")) else { return elements }
        }
    }

    /// Whether another element follows; otherwise `end` was read.
    private mutating func another(until end: UInt8) throws(SourceError) -> Bool {
        skipSpace()
        let found = next
        guard found == end || found == UInt8(ascii: ",") else {
            let close = Character(Unicode.Scalar(end))
            throw error("a ',' or '\(close)' should stand here", "close what line \(line) opens")
        }
        offset += 1
        skipSpace()
        return found != end
    }
}

extension JSONReader {
    private mutating func number() throws(SourceError) -> LocatedValue.Content {
        let start = offset
        let isDigit = { (byte: UInt8?) in byte.map { $0 >= 0x30 && $0 <= 0x39 } ?? false }
        if next == UInt8(ascii: "-") { offset += 1 }
        let first = offset
        while isDigit(next) { offset += 1 }
        let hasDigits = offset > first && (bytes[first] != UInt8(ascii: "0") || offset == first + 1)
        var isWhole = true
        var isComplete = hasDigits
        if next == UInt8(ascii: ".") {
            isWhole = false
            offset += 1
            isComplete = isComplete && isDigit(next)
            while isDigit(next) { offset += 1 }
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isWhole = false
            offset += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
            isComplete = isComplete && isDigit(next)
            while isDigit(next) { offset += 1 }
        }
        let spelling = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isComplete, isWhole, let integer = Int128(spelling) { return .integer(integer) }
        if isComplete, !isWhole, let number = Double(spelling), number.isFinite {
            return .number(number)
        }
        offset = start
        throw error(
            "this is no JSON number, or one out of range",
            "write it as 12, -3 or 0.25, without "
                + "leading zeros")
    }

    private mutating func text() throws(SourceError) -> String {
        offset += 1
        var units: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: units, as: UTF8.self) else {
                    throw error("this text is not UTF-8", "save the file as UTF-8")
                }
                offset += 1
                return text
            case UInt8(ascii: "\\"): try escape(into: &units)
            case 0x00..<0x20:
                throw error(
                    "a control character inside text", "close the quotation mark, or write \\n")
            default:
                units.append(byte)
                offset += 1
            }
        }
        throw error("the document ends inside text", "close the quotation mark")
    }

    private mutating func escape(into units: inout [UInt8]) throws(SourceError) {
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C, UInt8(ascii: "/"): 0x2F,
            UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A,
            UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
        ]
        offset += 1
        if let byte = next, let unit = simple[byte] {
            units.append(unit)
            offset += 1
            return
        }
        let lone = "write a pair of surrogates, or the character itself"
        guard let high = hexadecimalUnit(after: UInt8(ascii: "u")) else {
            throw error("no such escape", "the escapes are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
        }
        var code = UInt32(high)
        if UTF16.isLeadSurrogate(high) {
            guard next == UInt8(ascii: "\\") else { throw error("half a character", lone) }
            offset += 1
            guard let low = hexadecimalUnit(after: UInt8(ascii: "u")), UTF16.isTrailSurrogate(low)
            else { throw error("half a character", lone) }
            code = 0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw error("half a character", lone) }
        units.append(contentsOf: UTF8.encode(scalar)!)
    }

    /// Reads `letter` and four hexadecimal digits, or nothing.
    private mutating func hexadecimalUnit(after letter: UInt8) -> UInt16? {
        guard next == letter, bytes.count - offset >= 5 else { return nil }
        var unit: UInt16 = 0
        for byte in bytes[offset + 1..<offset + 5] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        offset += 5
        return unit
    }
}
