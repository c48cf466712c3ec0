/// Text made safe to stand inside one line of a log or on a terminal.
///
/// What a peer or client sends may hold line breaks that forge a second log line, escape sequences
/// that drive a terminal, or marks that reverse the direction of reading. Each such scalar is
/// written as a JSON escape instead.
public enum EscapedText {
    /// Appends `text` between quotation marks, as a JSON string, cut after `limit` scalars.
    public static func appendQuoted(
        _ text: String, limit: Int = .max, to line: inout [UInt8]
    ) {
        line.append(UInt8(ascii: "\""))
        append(text, quotes: true, limit: limit, to: &line)
        line.append(UInt8(ascii: "\""))
    }

    /// `text` between quotation marks, as a JSON string.
    public static func quoted(_ text: String) -> String {
        var line: [UInt8] = []
        appendQuoted(text, to: &line)
        return String(decoding: line, as: UTF8.self)
    }

    /// `text` fit for one line of a terminal: quotation marks stay as they are.
    public static func line(_ text: String) -> String {
        var line: [UInt8] = []
        append(text, quotes: false, limit: .max, to: &line)
        return String(decoding: line, as: UTF8.self)
    }

    private static func append(
        _ text: String, quotes: Bool, limit: Int, to line: inout [UInt8]
    ) {
        var room = limit
        for scalar in text.unicodeScalars {
            guard room > 0 else {
                line.append(contentsOf: "…".utf8)
                return
            }
            room -= 1
            switch scalar {
            case "\"" where quotes, "\\" where quotes:
                line.append(UInt8(ascii: "\\"))
                line.append(UInt8(scalar.value))
            case "\n": line.append(contentsOf: "\\n".utf8)
            case "\r": line.append(contentsOf: "\\r".utf8)
            case "\t": line.append(contentsOf: "\\t".utf8)
            case _ where isUnsafe(scalar): appendEscape(scalar.value, to: &line)
            default: line.append(contentsOf: UTF8.encode(scalar)!)
            }
        }
    }

    /// Control characters, line and paragraph separators, marks of direction, byte order marks.
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F: true
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    private static func appendEscape(_ value: UInt32, to line: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        line.append(contentsOf: "\\u".utf8)
        for shift in [UInt32(12), 8, 4, 0] { line.append(digits[Int(value >> shift & 15)]) }
    }
}
