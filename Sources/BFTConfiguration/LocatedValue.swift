/// A place in a text, as an editor counts: from 1, columns in Unicode scalars.
public struct SourcePosition: Hashable, Comparable, Sendable {
    public let line: Int
    public let column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A value read from JSON or TOML, and where it stands.
///
/// Both formats become this one shape, so that one set of rules judges both and every complaint
/// can name a line and a column.
package struct LocatedValue: Equatable, Sendable {
    package enum Content: Equatable, Sendable {
        case null
        case boolean(Bool)
        case integer(Int128)
        case number(Double)
        case text(String)
        /// A TOML date or time, as it was spelled.
        case date(String)
        case array([LocatedValue])
        case table([Member])
    }

    /// A key with its value.
    package struct Member: Equatable, Sendable {
        package let key: String
        package let keyPosition: SourcePosition
        package let value: LocatedValue
    }

    package let content: Content
    package let position: SourcePosition

    package init(_ content: Content, at position: SourcePosition) {
        self.content = content
        self.position = position
    }

    /// The value under `key`, or `nil` if this is no table or has no such key.
    package subscript(key: String) -> LocatedValue? {
        guard case .table(let members) = content else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The text, or `nil` if this is another kind of value.
    package var text: String? {
        if case .text(let text) = content { text } else { nil }
    }

    /// The integer, or `nil` if this is another kind of value or out of range.
    package var integer: Int? {
        if case .integer(let integer) = content { Int(exactly: integer) } else { nil }
    }

    /// The kind of value in a user's words.
    var kindName: String {
        switch content {
        case .null: "null"
        case .boolean: "a boolean"
        case .integer: "an integer"
        case .number: "a number with a fraction"
        case .text: "text"
        case .date: "a date"
        case .array: "an array"
        case .table: "a table"
        }
    }
}
