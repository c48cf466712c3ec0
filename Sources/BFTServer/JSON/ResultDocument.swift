internal import BFTApplication

/// A result of an application as JSON.
///
/// Of a `Reply`, values and words are strings, or `{"base64": …}` where they are no UTF-8; maps
/// become objects if their keys are text, or else arrays of pairs; an error is `{"error": …}`. What
/// is no reply is given as it is, like a value.
enum ResultDocument {
    static func write(_ result: [UInt8], to json: inout JSONWriter) {
        guard let reply = Reply(result) else { return json.data(result) }
        write(reply, to: &json)
    }

    /// Whether the result says that there is nothing.
    static func isNull(_ result: [UInt8]) -> Bool { Reply(result) == .null }

    private static func write(_ reply: Reply, to json: inout JSONWriter) {
        switch reply {
        case .null: json.null()
        case .ok: json.data(Array("OK".utf8))
        case .status(let text): json.data(text)
        case .error(let text):
            json.object { $0.field("error", String(decoding: text, as: UTF8.self)) }
        case .integer(let value): json.integer(value)
        case .value(let bytes): json.data(bytes)
        case .list(let replies): json.array(replies) { write($1, to: &$0) }
        case .map(let entries): write(entries, to: &json)
        }
    }

    private static func write(_ entries: [Reply.Entry], to json: inout JSONWriter) {
        let names = entries.compactMap { entry -> String? in
            switch entry.key {
            case .status(let bytes), .value(let bytes): String(validating: bytes, as: UTF8.self)
            default: nil
            }
        }
        guard names.count == entries.count else {
            return json.array(entries) { json, entry in
                json.array([entry.key, entry.value]) { write($1, to: &$0) }
            }
        }
        json.object { json in
            for (name, entry) in zip(names, entries) {
                json.name(name)
                write(entry.value, to: &json)
            }
        }
    }
}
