/// What one field may hold: how its value is read, and how a wrong one is complained about.
struct FieldKind<Value> {
    let read: (LocatedValue) throws(Complaint) -> Value

    /// A kind that refines this one.
    func map<Other>(
        _ transform: @escaping (Value) throws(Complaint) -> Other
    ) -> FieldKind<Other> {
        FieldKind<Other> { value throws(Complaint) in try transform(try self.read(value)) }
    }
}

extension FieldKind where Value == Bool {
    static var boolean: Self {
        Self { value throws(Complaint) in
            guard case .boolean(let boolean) = value.content else {
                throw Complaint(
                    "should be true or false, and is \(value.kindName)",
                    hint: "write true or false, without quotation marks")
            }
            return boolean
        }
    }
}

extension FieldKind where Value: FixedWidthInteger {
    /// An integer in `range`.
    static func integer(_ range: ClosedRange<Value>) -> Self {
        Self { value throws(Complaint) in
            guard case .integer(let integer) = value.content else {
                throw Complaint(
                    "should be an integer, and is \(value.kindName)",
                    hint: "write an integer from \(range.lowerBound) to \(range.upperBound)")
            }
            guard let exact = Value(exactly: integer), range.contains(exact) else {
                throw Complaint(
                    "\(integer) is out of range",
                    hint: "write an integer from \(range.lowerBound) to \(range.upperBound)")
            }
            return exact
        }
    }
}

extension FieldKind where Value == String {
    /// Text of at most `limit` bytes.
    static func text(limit: Int = 4_096) -> Self {
        Self { value throws(Complaint) in
            guard case .text(let text) = value.content else {
                throw Complaint(
                    "should be text, and is \(value.kindName)",
                    hint: "put it between \"quotation marks\"")
            }
            guard text.utf8.count <= limit else {
                throw Complaint(
                    "is \(text.utf8.count) bytes long", hint: "use at most \(limit) bytes")
            }
            return text
        }
    }

    /// A name: 1 to 64 letters, digits, dots, hyphens, underscores.
    static var name: Self {
        text(limit: 64).map { text throws(Complaint) in
            guard NameRule.accepts(text) else {
                throw Complaint("'\(text)' is no name", hint: NameRule.hint)
            }
            return text
        }
    }

    /// The path of a file: any text that is not empty.
    static var path: Self {
        text().map { text throws(Complaint) in
            guard !text.isEmpty, !text.utf8.contains(0) else {
                throw Complaint("is no path", hint: "name a file, absolute or relative to the home")
            }
            return text
        }
    }
}

extension FieldKind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words that `Value` knows.
    static var word: Self {
        FieldKind<String>.text(limit: 256).map { text throws(Complaint) in
            guard let value = Value(rawValue: text) else {
                let words = Value.allCases.map(\.rawValue)
                let near = Spelling.suggestion(for: text, among: words)
                throw Complaint(
                    "'\(text)' is not known here",
                    hint: near.map { "did you mean \"\($0)\"?" }
                        ?? "write one of \(words.map { "\"\($0)\"" }.joined(separator: ", "))")
            }
            return value
        }
    }
}

extension FieldKind where Value == Endpoint {
    /// A host and a port. `allowsAnyPort` also takes port 0, for which the system picks one.
    static func endpoint(allowsAnyPort: Bool) -> Self {
        FieldKind<String>.text(limit: 300).map { text throws(Complaint) in
            guard let endpoint = Endpoint(text), allowsAnyPort || endpoint.port > 0 else {
                throw Complaint(
                    "'\(text)' is no host and port",
                    hint: "write \"host:port\", as in \"127.0.0.1:7400\" or \"[::1]:7400\"")
            }
            return endpoint
        }
    }
}

/// Which texts may be a name: they appear in file names, metrics labels and logs.
public enum NameRule {
    public static let hint =
        "use 1 to 64 letters (a-z, A-Z), digits, '.', '-' or '_', a letter or digit first"

    public static func accepts(_ text: String) -> Bool {
        let isWord = { (byte: UInt8) in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        guard let first = text.utf8.first, isWord(first), text.utf8.count <= 64 else {
            return false
        }
        return text.utf8.allSatisfy { isWord($0) || ".-_".utf8.contains($0) }
    }
}
