/// A command typed as a line: words with blanks between, quoted where a word holds a blank.
///
/// Source: `sdssplitargs` of Redis, whose escapes these are.
struct InlineCommand {
    private(set) var arguments: [RESPParser.Argument] = []
    /// The words without their quotes, one after another.
    private(set) var bytes: [UInt8] = []
    /// Why `split` failed.
    private(set) var error = RESPProtocolError.unbalancedQuotes

    /// Splits `line` and returns whether it could be.
    mutating func split(_ line: RawSpan, countLimit: Int) -> Bool {
        var position = 0
        while true {
            while position < line.byteCount, Self.isBlank(line[position]) { position += 1 }
            guard position < line.byteCount else { return true }
            guard arguments.count < countLimit else {
                error = .badArgumentCount
                return false
            }
            let start = bytes.count
            guard readWord(line, &position) else { return false }
            arguments.append(.init(offset: start, byteCount: bytes.count - start))
        }
    }

    private mutating func readWord(_ line: RawSpan, _ position: inout Int) -> Bool {
        while position < line.byteCount, !Self.isBlank(line[position]) {
            let byte = line[position]
            position += 1
            guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") else {
                bytes.append(byte)
                continue
            }
            guard readQuoted(line, &position, quote: byte) else { return false }
            // A closing quote ends the word.
            return position == line.byteCount || Self.isBlank(line[position])
        }
        return true
    }

    private mutating func readQuoted(
        _ line: RawSpan, _ position: inout Int, quote: UInt8
    ) -> Bool {
        while position < line.byteCount {
            let byte = line[position]
            position += 1
            if byte == quote { return true }
            guard byte == UInt8(ascii: "\\"), position < line.byteCount else {
                bytes.append(byte)
                continue
            }
            if quote == UInt8(ascii: "\"") {
                readEscape(line, &position)
            } else if line[position] == quote {
                bytes.append(quote)
                position += 1
            } else {
                bytes.append(byte)
            }
        }
        return false
    }

    /// Reads what follows a backslash between double quotes.
    private mutating func readEscape(_ line: RawSpan, _ position: inout Int) {
        let byte = line[position]
        position += 1
        switch byte {
        case UInt8(ascii: "x"):
            guard position + 1 < line.byteCount, let high = Self.digit(line[position]),
                let low = Self.digit(line[position + 1])
            else { return bytes.append(byte) }
            bytes.append(high << 4 | low)
            position += 2
        case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
        case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
        case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
        case UInt8(ascii: "b"): bytes.append(8)
        case UInt8(ascii: "a"): bytes.append(7)
        default: bytes.append(byte)
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (byte >= 9 && byte <= 13) || byte == 0
    }

    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
