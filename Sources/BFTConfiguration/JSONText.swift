import BFTLogging

/// A value to be written as JSON, its members in the order given.
package indirect enum JSONText: Equatable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int128)
    case number(Double)
    case text(String)
    case array([JSONText])
    case object([(key: String, value: JSONText)])

    package static func == (left: Self, right: Self) -> Bool { left.compact == right.compact }

    /// What was read, to be written again.
    package init(_ value: LocatedValue) {
        switch value.content {
        case .null: self = .null
        case .boolean(let boolean): self = .boolean(boolean)
        case .integer(let integer): self = .integer(integer)
        case .number(let number): self = .number(number)
        case .text(let text), .date(let text): self = .text(text)
        case .array(let elements): self = .array(elements.map(JSONText.init))
        case .table(let members):
            self = .object(members.map { ($0.key, JSONText($0.value)) })
        }
    }

    /// One line, without spaces.
    package var compact: String { render(indent: nil) }

    /// Indented by two spaces, with a line break at the end.
    package var pretty: String { render(indent: 0) + "\n" }

    private func render(indent: Int?) -> String {
        switch self {
        case .null: "null"
        case .boolean(let boolean): boolean ? "true" : "false"
        case .integer(let integer): "\(integer)"
        case .number(let number): number.isFinite ? "\(number)" : "null"
        case .text(let text): EscapedText.quoted(text)
        case .array(let elements):
            Self.enclose(
                "[", elements.map { $0.render(indent: indent.map { $0 + 1 }) }, "]", indent)
        case .object(let members):
            Self.enclose(
                "{",
                members.map { member in
                    EscapedText.quoted(member.key) + (indent == nil ? ":" : ": ")
                        + member.value.render(indent: indent.map { $0 + 1 })
                }, "}", indent)
        }
    }

    private static func enclose(
        _ open: String, _ parts: [String], _ close: String, _ indent: Int?
    ) -> String {
        guard let indent, !parts.isEmpty else {
            return open + parts.joined(separator: ",") + close
        }
        let outer = String(repeating: "  ", count: indent)
        return open + "\n" + parts.map { outer + "  " + $0 }.joined(separator: ",\n") + "\n" + outer
            + close
    }
}
