extension Logger {
    public typealias Metadata = [String: MetadataValue]

    /// One value that goes with a message.
    public enum MetadataValue: Sendable {
        case string(String)
        case stringConvertible(any CustomStringConvertible & Sendable)
        case dictionary(Metadata)
        case array([MetadataValue])
    }
}

extension Logger.MetadataValue: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self = .string(value) }
}

extension Logger.MetadataValue: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: Logger.MetadataValue...) { self = .array(elements) }
}

extension Logger.MetadataValue: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, Logger.MetadataValue)...) {
        self = .dictionary(Dictionary(elements) { _, last in last })
    }
}

extension Logger.MetadataValue: CustomStringConvertible {
    /// Dictionaries in the order of their keys, so that equal values print equally.
    public var description: String {
        switch self {
        case .string(let text): text
        case .stringConvertible(let value): value.description
        case .array(let elements):
            "[" + elements.map(\.description).joined(separator: ", ") + "]"
        case .dictionary(let members):
            "{"
                + members.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
                .joined(separator: ", ") + "}"
        }
    }
}

extension Logger.MetadataValue: Equatable {
    /// Equal when they print equally, as in swift-log.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)): left == right
        case (.stringConvertible(let left), .stringConvertible(let right)):
            left.description == right.description
        case (.array(let left), .array(let right)): left == right
        case (.dictionary(let left), .dictionary(let right)): left == right
        default: false
        }
    }
}
