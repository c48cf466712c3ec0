internal import BFTBase

/// Something that is told to clients as a JSON object.
public protocol JSONReport: Sendable {
    func write(to json: inout JSONWriter)
}

extension JSONReport {
    /// The report as JSON text, with a line end.
    public var json: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes + [UInt8(ascii: "\n")]
    }
}

/// Writes JSON text (RFC 8259).
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    /// Whether a value already stands before the next one in the same object or array.
    private var needsComma = false

    public init() {}

    public mutating func object(_ body: (inout Self) -> Void) { enclose("{", "}", body) }

    public mutating func array<Element>(
        _ elements: some Sequence<Element>, _ body: (inout Self, Element) -> Void
    ) {
        enclose("[", "]") { json in
            for element in elements { body(&json, element) }
        }
    }

    /// The name of the value that is written next.
    public mutating func name(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    public mutating func string(_ text: String) {
        separate()
        quote(text)
    }

    public mutating func integer(_ value: some BinaryInteger) { token(String(value)) }
    public mutating func bool(_ value: Bool) { token(value ? "true" : "false") }
    public mutating func null() { token("null") }

    /// Bytes that may be no text: a string if they are UTF-8, or else `{"base64": …}`.
    public mutating func data(_ data: some Collection<UInt8>) {
        if let text = String(validating: data, as: UTF8.self) { return string(text) }
        object { $0.field("base64", Base64.encode(data)) }
    }

    // Fields: a name and its value.
    public mutating func field(_ name: String, _ text: String) {
        self.name(name)
        string(text)
    }

    public mutating func field(_ name: String, _ value: some BinaryInteger) {
        self.name(name)
        integer(value)
    }

    public mutating func field(_ name: String, _ value: Bool) {
        self.name(name)
        bool(value)
    }

    public mutating func field(_ name: String, _ report: some JSONReport) {
        self.name(name)
        report.write(to: &self)
    }

    /// A number, boolean or `null` as it is spelled.
    mutating func token(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func enclose(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout Self) -> Void
    ) {
        separate()
        bytes.append(UInt8(ascii: open))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case UInt8(ascii: "\n"): bytes.append(contentsOf: "\\n".utf8)
            case 0..<32, 127:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(contentsOf: Hex.encode([byte]).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
