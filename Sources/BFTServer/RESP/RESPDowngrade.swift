/// Rewrites a reply in RESP3, as applications give it, for a client that speaks RESP2.
///
/// A reply is a row of tokens, and every token of RESP3 has its counterpart in RESP2: a map of n
/// entries is an array of 2n, a double its text, a truth value 1 or 0. So one pass over the tokens
/// does it, without recursion, however deep the reply is.
///
/// Source: the RESP3 specification; the choices for RESP2 are those of Redis 7.
struct RESPDowngrade {
    private let start: Int
    private var position = 0
    /// How many values are still to come before the reply is whole.
    private var pending = 1
    /// How many of them belong to an attribute, which RESP2 has no room for.
    private var dropped = 0

    private init(start: Int) { self.start = start }

    /// Appends `reply` to `output` and returns whether it was one whole reply. If not, nothing is
    /// appended.
    static func append(_ reply: RawSpan, to output: inout [UInt8]) -> Bool {
        guard reply.byteCount > 2 else { return false }
        switch reply[0] {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "$"):
            // The same in both, and most replies are such: taken as the application wrote it.
            reply.withUnsafeBytes { output.append(contentsOf: $0) }
            return true
        default:
            var pass = Self(start: output.count)
            let isWhole = pass.run(reply, &output)
            if !isWhole { output.removeSubrange(pass.start...) }
            return isWhole
        }
    }

    private mutating func run(_ reply: RawSpan, _ output: inout [UInt8]) -> Bool {
        while pending > 0 {
            guard let end = Self.lineEnd(reply, position) else { return false }
            guard token(reply, end, &output) else { return false }
            pending -= 1
            if dropped > 0 { dropped -= 1 }
        }
        return position == reply.byteCount
    }

    /// Rewrites the token whose first line ends at `end`.
    private mutating func token(_ reply: RawSpan, _ end: Int, _ output: inout [UInt8]) -> Bool {
        let line = reply.extracting(position..<end)
        let kind = line[0]
        let content = line.extracting(1..<line.byteCount)
        position = end + 2
        switch kind {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"):
            put(line, &output, newline: true)
        case UInt8(ascii: "_"): put("$-1\r\n", &output)
        case UInt8(ascii: "#"):
            guard content.byteCount == 1 else { return false }
            put(content[0] == UInt8(ascii: "t") ? ":1\r\n" : ":0\r\n", &output)
        case UInt8(ascii: ","), UInt8(ascii: "("):
            if dropped == 0 { output.replyBulk(content) }
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
            return text(kind, reply, content, &output)
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "%"),
            UInt8(ascii: "|"):
            return aggregate(kind, reply, content, &output)
        default: return false
        }
        return true
    }

    private mutating func text(
        _ kind: UInt8, _ reply: RawSpan, _ content: RawSpan, _ output: inout [UInt8]
    ) -> Bool {
        guard let count = Self.number(content) else {
            // The null of RESP2, which some applications may still write.
            guard content.byteCount == 2, content[0] == UInt8(ascii: "-") else { return false }
            put("$-1\r\n", &output)
            return true
        }
        guard count <= reply.byteCount - position - 2 else { return false }
        var bytes = reply.extracting(position..<position + count)
        position += count + 2
        guard dropped == 0 else { return true }
        switch kind {
        case UInt8(ascii: "!"):
            output.append(UInt8(ascii: "-"))
            for offset in 0..<bytes.byteCount {
                output.append(bytes[offset] < 32 ? 32 : bytes[offset])
            }
            output.replyEnd()
        case UInt8(ascii: "="):
            guard count >= 4 else { return false }
            bytes = bytes.extracting(4..<count)
            output.replyBulk(bytes)
        default: output.replyBulk(bytes)
        }
        return true
    }

    private mutating func aggregate(
        _ kind: UInt8, _ reply: RawSpan, _ content: RawSpan, _ output: inout [UInt8]
    ) -> Bool {
        // Every value takes three bytes at least, so a count that can't be is refused early.
        guard let count = Self.number(content), count <= reply.byteCount else { return false }
        let isPaired = kind == UInt8(ascii: "%") || kind == UInt8(ascii: "|")
        let values = isPaired ? 2 * count : count
        if kind == UInt8(ascii: "|") {
            // An attribute comes before the value it is about, and is none itself.
            dropped += values + 1
            pending += values + 1
            return true
        }
        if dropped > 0 { dropped += values } else { output.replyArray(values) }
        pending += values
        return true
    }

    private func put(_ line: RawSpan, _ output: inout [UInt8], newline: Bool) {
        guard dropped == 0 else { return }
        line.withUnsafeBytes { output.append(contentsOf: $0) }
        output.replyEnd()
    }

    private func put(_ text: StaticString, _ output: inout [UInt8]) {
        guard dropped == 0 else { return }
        text.withUTF8Buffer { output.append(contentsOf: $0) }
    }

    /// Where the CRLF of the line at `start` stands. A line has one byte at least.
    private static func lineEnd(_ reply: RawSpan, _ start: Int) -> Int? {
        var position = start
        while position + 1 < reply.byteCount {
            if reply[position] == UInt8(ascii: "\r") && reply[position + 1] == UInt8(ascii: "\n") {
                return position > start ? position : nil
            }
            position += 1
        }
        return nil
    }

    /// The length or count that `text` spells.
    private static func number(_ text: RawSpan) -> Int? {
        guard text.byteCount > 0, text.byteCount <= 18 else { return nil }
        var value = 0
        for position in 0..<text.byteCount {
            let digit = text[position] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }
}
