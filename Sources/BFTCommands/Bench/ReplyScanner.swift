/// Finds the ends of RESP replies in a stream, without keeping what they say.
///
/// Understands RESP2 and RESP3. The server is not trusted: a reply's length is skipped, never
/// allocated, and what is not RESP is an error, after which the connection is of no use.
struct ReplyScanner {
    enum Reply: Equatable {
        case success
        /// An error, with its first word: `ERR`, `BUSY`.
        case failure(String)
    }

    /// The bytes are not RESP.
    struct Malformed: Error {}

    private static let lineLimit = 4_096
    private static let lengthLimit = 512 << 20

    /// The head line of a value, as far as it has arrived.
    private var line: [UInt8] = []
    /// The bytes of a text that are still to come, its line break included.
    private var skipping = 0
    /// The values of the current reply that are still to come, the current one included.
    private var pending = 0

    /// Takes the next bytes, and calls `reply` for each reply that they complete.
    mutating func scan(
        _ bytes: UnsafeRawBufferPointer, _ reply: (Reply) -> Void
    ) throws(Malformed) {
        var offset = 0
        while offset < bytes.count {
            if skipping > 0 {
                let count = min(skipping, bytes.count - offset)
                skipping -= count
                offset += count
                if skipping == 0 { finishValue(reply) }
            } else if pending == 0, line.isEmpty, Self.isOK(bytes, offset) {
                offset += 5
                reply(.success)
            } else {
                let byte = bytes[offset]
                offset += 1
                guard byte == UInt8(ascii: "\n"), line.last == UInt8(ascii: "\r") else {
                    guard line.count < Self.lineLimit else { throw Malformed() }
                    line.append(byte)
                    continue
                }
                line.removeLast()
                try head(reply)
            }
        }
    }

    /// Whether `+OK\r\n` stands at `offset`: by far the most frequent reply.
    private static func isOK(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> Bool {
        bytes.count - offset >= 5 && bytes[offset] == UInt8(ascii: "+")
            && bytes[offset + 1] == UInt8(ascii: "O") && bytes[offset + 2] == UInt8(ascii: "K")
            && bytes[offset + 3] == 13 && bytes[offset + 4] == 10
    }

    private mutating func head(_ reply: (Reply) -> Void) throws(Malformed) {
        defer { line.removeAll(keepingCapacity: true) }
        guard let kind = line.first else { throw Malformed() }
        if pending == 0 { pending = 1 }
        switch kind {
        case UInt8(ascii: "+"), UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "#"),
            UInt8(ascii: ","), UInt8(ascii: "("):
            finishValue(reply)
        case UInt8(ascii: "-"):
            guard pending == 1 else { return finishValue(reply) }
            pending = 0
            let word = line.dropFirst().prefix { $0 != UInt8(ascii: " ") }.prefix(32)
            reply(.failure(String(decoding: word, as: UTF8.self)))
        case UInt8(ascii: "$"), UInt8(ascii: "="):
            guard let length = try length() else { return finishValue(reply) }
            skipping = length + 2
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"):
            try addElements(length() ?? 0, reply)
        case UInt8(ascii: "%"):
            try addElements(2 * (length() ?? 0), reply)
        default: throw Malformed()
        }
    }

    /// The length that the line names, or `nil` for the null of RESP2.
    private func length() throws(Malformed) -> Int? {
        let digits = line.dropFirst()
        if digits.elementsEqual("-1".utf8) { return nil }
        guard !digits.isEmpty, digits.count <= 9,
            digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 })
        else { throw Malformed() }
        let length = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard length <= Self.lengthLimit else { throw Malformed() }
        return length
    }

    private mutating func addElements(
        _ count: Int, _ reply: (Reply) -> Void
    ) throws(Malformed) {
        pending += count
        guard pending <= 2 * Self.lengthLimit else { throw Malformed() }
        finishValue(reply)
    }

    private mutating func finishValue(_ reply: (Reply) -> Void) {
        pending -= 1
        if pending == 0 { reply(.success) }
    }
}
