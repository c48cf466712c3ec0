/// A result of an application, a reply in RESP3, as JSON.
///
/// Bulk strings are strings, or `{"base64": …}` where they are no UTF-8; maps become objects if
/// their keys are text, or else arrays of pairs; an error is `{"error": …}`. What is no reply is
/// given as it is, like a bulk string.
struct ResultDocument {
    /// Deeper than this a result is given as bytes.
    static let depthLimit = 32

    private let bytes: [UInt8]
    private var position = 0

    static func write(_ result: [UInt8], to json: inout JSONWriter) {
        var reader = Self(bytes: result)
        if let value = reader.value(depth: 0), reader.position == result.count {
            value.write(to: &json)
        } else {
            json.data(result)
        }
    }

    /// Whether the result says that there is nothing.
    static func isNull(_ result: [UInt8]) -> Bool {
        result == Array("_\r\n".utf8) || result == Array("$-1\r\n".utf8)
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private indirect enum Value {
        case null
        case bool(Bool)
        /// Spelled as JSON spells it too.
        case number(String)
        case data(ArraySlice<UInt8>)
        case error(ArraySlice<UInt8>)
        case array([Value])
        case map([(Value, Value)])

        func write(to json: inout JSONWriter) {
            switch self {
            case .null: json.null()
            case .bool(let value): json.bool(value)
            case .number(let text): json.token(text)
            case .data(let bytes): json.data(bytes)
            case .error(let bytes):
                json.object { $0.field("error", String(decoding: bytes, as: UTF8.self)) }
            case .array(let values): json.array(values) { $1.write(to: &$0) }
            case .map(let pairs): Self.write(pairs, to: &json)
            }
        }

        private static func write(_ pairs: [(Value, Value)], to json: inout JSONWriter) {
            let names = pairs.compactMap { pair -> String? in
                guard case .data(let bytes) = pair.0 else { return nil }
                return String(validating: bytes, as: UTF8.self)
            }
            guard names.count == pairs.count else {
                return json.array(pairs) { json, pair in
                    json.array([pair.0, pair.1]) { $1.write(to: &$0) }
                }
            }
            json.object { json in
                for (name, pair) in zip(names, pairs) {
                    json.name(name)
                    pair.1.write(to: &json)
                }
            }
        }
    }

    private mutating func value(depth: Int) -> Value? {
        guard depth < Self.depthLimit, let line = line(), let kind = line.first else { return nil }
        let content = line.dropFirst()
        switch kind {
        case UInt8(ascii: "+"): return .data(content)
        case UInt8(ascii: "-"): return .error(content)
        case UInt8(ascii: ":"), UInt8(ascii: "("), UInt8(ascii: ","):
            return Self.number(content)
        case UInt8(ascii: "_"): return .null
        case UInt8(ascii: "#"): return .bool(content.first == UInt8(ascii: "t"))
        case UInt8(ascii: "$"):
            return content.elementsEqual("-1".utf8) ? .null : text(content).map { .data($0) }
        case UInt8(ascii: "="): return text(content).map { .data($0.dropFirst(4)) }
        case UInt8(ascii: "!"): return text(content).map { .error($0) }
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"):
            return values(content, perEntry: 1, depth).map { .array($0) }
        case UInt8(ascii: "%"):
            return values(content, perEntry: 2, depth).map { values in
                .map(stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) })
            }
        default: return nil
        }
    }

    private mutating func values(
        _ content: ArraySlice<UInt8>, perEntry: Int, _ depth: Int
    ) -> [Value]? {
        guard let count = Self.count(content), count <= bytes.count else { return nil }
        var values: [Value] = []
        for _ in 0..<count * perEntry {
            guard let value = value(depth: depth + 1) else { return nil }
            values.append(value)
        }
        return values
    }

    private mutating func text(_ content: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let count = Self.count(content), count <= bytes.count - position - 2 else {
            return nil
        }
        defer { position += count + 2 }
        return bytes[position..<position + count]
    }

    private mutating func line() -> ArraySlice<UInt8>? {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\r")),
            end + 1 < bytes.count, bytes[end + 1] == UInt8(ascii: "\n")
        else { return nil }
        defer { position = end + 2 }
        return bytes[position..<end]
    }

    private static func count(_ content: ArraySlice<UInt8>) -> Int? {
        let text = String(decoding: content, as: UTF8.self)
        guard content.count <= 9, content.allSatisfy({ $0 &- 48 < 10 }) else { return nil }
        return Int(text)
    }

    /// A number that JSON can spell, or its text: JSON has no infinity.
    private static func number(_ content: ArraySlice<UInt8>) -> Value? {
        let text = String(decoding: content, as: UTF8.self)
        let unsigned = content.first == UInt8(ascii: "-") ? content.dropFirst() : content
        let isInteger = !unsigned.isEmpty && unsigned.allSatisfy { $0 &- 48 < 10 }
        if isInteger {
            let isPadded = unsigned.count > 1 && unsigned.first == UInt8(ascii: "0")
            return isPadded ? .data(content) : .number(text)
        }
        guard let value = Double(text), value.isFinite else { return .data(content) }
        return .number("\(value)")
    }
}
