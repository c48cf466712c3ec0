/// An HTTP answer that arrives in pieces.
struct HTTPAnswer {
    private enum Framing: Equatable {
        case length(Int)
        case chunked
        case untilClose
    }

    private enum State: Equatable {
        case head
        case body(Framing)
        case over(Result<HTTPResponse, HTTPClient.Failure>)
    }

    private var state = State.head
    private var bytes: [UInt8] = []
    private var status = 0

    /// Whether the answer is complete, or known to be wrong.
    var isOver: Bool {
        if case .over = state { true } else { false }
    }

    /// The answer. An answer that is not over yet is truncated.
    var response: Result<HTTPResponse, HTTPClient.Failure> {
        if case .over(let result) = state { result } else { .failure(.truncated) }
    }

    /// Takes the next bytes; none mean that the server closed the connection.
    mutating func append(_ more: [UInt8]) {
        guard !isOver else { return }
        bytes += more
        do throws(HTTPClient.Failure) {
            if case .head = state { try readHead() }
            if case .body(let framing) = state { try readBody(framing, isClosed: more.isEmpty) }
            if more.isEmpty, !isOver { throw .truncated }
        } catch {
            state = .over(.failure(error))
        }
    }

    private mutating func readHead() throws(HTTPClient.Failure) {
        while true {
            guard let end = Self.firstRange(of: [13, 10, 13, 10], in: bytes[...]) else {
                guard bytes.count <= HTTPClient.headLimit else { throw .headTooLong }
                return
            }
            guard end.lowerBound <= HTTPClient.headLimit else { throw .headTooLong }
            let head = bytes[..<end.lowerBound]
            bytes.removeFirst(end.upperBound)
            let framing = try readFields(head)
            // An interim answer is followed by the real one.
            guard (100..<200).contains(status) else {
                state = .body(framing)
                return
            }
        }
    }

    private mutating func readFields(
        _ head: ArraySlice<UInt8>
    ) throws(HTTPClient.Failure) -> Framing {
        let lines = String(decoding: head, as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines[0].split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0",
            words[1].utf8.count == 3, let status = Int(words[1]), (100..<600).contains(status)
        else { throw .malformed("no status line") }
        self.status = status
        var length: Int?
        var isChunked = false
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { throw .malformed("no header field") }
            let value = line[line.index(after: colon)...].filter { $0 != " " && $0 != "\t" }
            switch line[..<colon].lowercased() {
            case "content-length":
                let digits = value.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
                guard digits, let count = Int(value), length == nil || length == count else {
                    throw .malformed("a wrong Content-Length")
                }
                guard count <= HTTPClient.bodyLimit else { throw .bodyTooLong }
                length = count
            case "transfer-encoding":
                guard value.lowercased() == "chunked" else {
                    throw .malformed("an unknown Transfer-Encoding")
                }
                isChunked = true
            default: break
            }
        }
        if status == 204 || status == 304 { return .length(0) }
        // Both together is how requests are smuggled (RFC 9112, 6.1).
        guard !isChunked || length == nil else { throw .malformed("two lengths") }
        return isChunked ? .chunked : length.map(Framing.length) ?? .untilClose
    }

    private mutating func readBody(
        _ framing: Framing, isClosed: Bool
    ) throws(HTTPClient.Failure) {
        switch framing {
        case .length(let length):
            if bytes.count >= length { complete(Array(bytes[..<length])) }
        case .untilClose:
            guard bytes.count <= HTTPClient.bodyLimit else { throw .bodyTooLong }
            if isClosed { complete(bytes) }
        case .chunked:
            // Chunk headers add little to what they frame; tiny chunks add more and are refused.
            guard bytes.count <= 2 * HTTPClient.bodyLimit else { throw .bodyTooLong }
            if isClosed || Self.firstRange(of: [13, 10, 13, 10], in: bytes.suffix(64)) != nil,
                let body = try Self.joined(chunks: bytes[...])
            {
                complete(body)
            }
        }
    }

    private mutating func complete(_ body: [UInt8]) {
        state = .over(.success(HTTPResponse(status: status, body: body)))
    }

    /// The body that `bytes` hold in chunks, or `nil` if the last chunk is not there yet.
    private static func joined(
        chunks bytes: ArraySlice<UInt8>
    ) throws(HTTPClient.Failure) -> [UInt8]? {
        var rest = bytes
        var body: [UInt8] = []
        while let end = firstRange(of: [13, 10], in: rest.prefix(1_024)) {
            let digits = rest[..<end.lowerBound].prefix { $0 != UInt8(ascii: ";") }
            guard !digits.isEmpty, digits.count <= 8,
                let count = Int(String(decoding: digits, as: UTF8.self), radix: 16), count >= 0
            else { throw .malformed("a wrong chunk") }
            rest = rest[end.upperBound...]
            guard count > 0 else {
                // Trailers, if any, end with an empty line like the head.
                let isOver =
                    rest.starts(with: [13, 10])
                    || firstRange(of: [13, 10, 13, 10], in: rest) != nil
                return isOver ? body : nil
            }
            guard body.count + count <= HTTPClient.bodyLimit else { throw .bodyTooLong }
            guard rest.count >= count + 2 else { return nil }
            body += rest.prefix(count)
            rest = rest.dropFirst(count)
            guard rest.starts(with: [13, 10]) else { throw .malformed("a chunk without an end") }
            rest = rest.dropFirst(2)
        }
        guard rest.count < 1_024 else { throw .malformed("a wrong chunk") }
        return nil
    }

    private static func firstRange(
        of pattern: [UInt8], in bytes: ArraySlice<UInt8>
    ) -> Range<Int>? {
        guard bytes.count >= pattern.count else { return nil }
        for start in bytes.startIndex...bytes.endIndex - pattern.count
        where bytes[start] == pattern[0] && bytes[start...].starts(with: pattern) {
            return start..<start + pattern.count
        }
        return nil
    }
}
