import CToml

/// Reads TOML 1.0, keeping the position of every value and key.
package enum TOMLReader {
    /// The value that `bytes` spell: always a table.
    package static func read(_ bytes: [UInt8]) throws(SourceError) -> LocatedValue {
        guard bytes.count <= HomeSettings.byteLimit else {
            throw SourceError(
                problem: ConfigurationProblem(
                    at: nil, "longer than \(HomeSettings.byteLimit) bytes",
                    hint: "this is no node.toml; 'bft init' writes one"))
        }
        let parsed = bytes.withUnsafeBytes {
            ctoml_parse($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        guard let document = parsed else {
            throw SourceError(
                problem: ConfigurationProblem(
                    at: nil, "no memory to read it", hint: "free memory on this machine"))
        }
        defer { ctoml_free(document) }
        var line: UInt32 = 0
        var column: UInt32 = 0
        if let message = ctoml_error(document, &line, &column) {
            throw SourceError(
                problem: ConfigurationProblem(
                    at: SourcePosition(line: Int(line), column: Int(column)),
                    "this is not TOML: \(String(cString: message))",
                    hint: "write key = value; text stands between \"quotation marks\""))
        }
        var count = 0
        let items = UnsafeBufferPointer(start: ctoml_items(document, &count), count: count)
        var next = 0
        return value(items, &next)
    }

    /// The value of the item at `next` with its children; moves `next` behind them.
    ///
    /// The recursion is as deep as the document, which the parser bounds at 256.
    private static func value(
        _ items: UnsafeBufferPointer<ctoml_item>, _ next: inout Int
    ) -> LocatedValue {
        let item = items[next]
        next += 1
        let content: LocatedValue.Content
        switch item.kind {
        case CTOML_TABLE.rawValue:
            content = .table(
                (0..<item.child_count).map { _ in
                    let child = items[next]
                    let value = value(items, &next)
                    return .init(
                        key: text(child.key, child.key_length),
                        keyPosition: position(child.key_line, child.key_column), value: value)
                })
        case CTOML_ARRAY.rawValue:
            content = .array((0..<item.child_count).map { _ in value(items, &next) })
        case CTOML_TEXT.rawValue: content = .text(text(item.text, item.text_length))
        case CTOML_INTEGER.rawValue: content = .integer(Int128(item.integer))
        case CTOML_NUMBER.rawValue: content = .number(item.number)
        case CTOML_BOOLEAN.rawValue: content = .boolean(item.integer != 0)
        default: content = .date(text(item.text, item.text_length))
        }
        return LocatedValue(content, at: position(item.line, item.column))
    }

    private static func position(_ line: UInt32, _ column: UInt32) -> SourcePosition {
        SourcePosition(line: max(1, Int(line)), column: max(1, Int(column)))
    }

    private static func text(_ start: UnsafePointer<CChar>?, _ length: Int) -> String {
        let bytes = UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : length)
        return String(decoding: bytes, as: UTF8.self)
    }
}
