/// The two versions of the protocol that a client may speak.
public enum RESPVersion: Int, Sendable, Equatable {
    case two = 2
    case three = 3
}

/// Replies, appended to what goes to the client.
extension [UInt8] {
    mutating func replySimple(_ text: StaticString) {
        append(UInt8(ascii: "+"))
        text.withUTF8Buffer { append(contentsOf: $0) }
        replyEnd()
    }

    /// An error reply. Line ends within `text` become blanks: the reply is one line.
    mutating func replyError(_ text: String) {
        append(UInt8(ascii: "-"))
        for byte in text.utf8 {
            append(byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n") ? 32 : byte)
        }
        replyEnd()
    }

    mutating func replyInteger(_ value: Int) {
        append(UInt8(ascii: ":"))
        replyDecimal(value)
        replyEnd()
    }

    mutating func replyBulk(_ text: String) {
        var text = text
        text.withUTF8 { replyBulk(UnsafeRawBufferPointer($0)) }
    }

    mutating func replyBulk(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { replyBulk($0) }
    }

    mutating func replyBulk(_ bytes: UnsafeRawBufferPointer) {
        append(UInt8(ascii: "$"))
        replyDecimal(bytes.count)
        replyEnd()
        append(contentsOf: bytes)
        replyEnd()
    }

    /// Text for people: a verbatim string where the client knows those.
    mutating func replyText(_ text: String, _ version: RESPVersion) {
        guard version == .three else { return replyBulk(text) }
        append(UInt8(ascii: "="))
        replyDecimal(text.utf8.count + 4)
        replyEnd()
        append(contentsOf: "txt:".utf8)
        append(contentsOf: text.utf8)
        replyEnd()
    }

    mutating func replyNull(_ version: RESPVersion) {
        append(contentsOf: version == .three ? "_\r\n".utf8 : "$-1\r\n".utf8)
    }

    mutating func replyNullArray(_ version: RESPVersion) {
        append(contentsOf: version == .three ? "_\r\n".utf8 : "*-1\r\n".utf8)
    }

    mutating func replyArray(_ count: Int) { replyHead(UInt8(ascii: "*"), count) }

    mutating func replyMap(_ count: Int, _ version: RESPVersion) {
        version == .three ? replyHead(UInt8(ascii: "%"), count) : replyArray(2 * count)
    }

    mutating func replySet(_ count: Int, _ version: RESPVersion) {
        replyHead(version == .three ? UInt8(ascii: "~") : UInt8(ascii: "*"), count)
    }

    mutating func replyHead(_ kind: UInt8, _ count: Int) {
        append(kind)
        replyDecimal(count)
        replyEnd()
    }

    mutating func replyEnd() {
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }

    mutating func replyDecimal(_ value: Int) {
        if value >= 0 && value < 10 { return append(UInt8(ascii: "0") + UInt8(value)) }
        append(contentsOf: String(value).utf8)
    }
}
