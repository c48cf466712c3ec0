/// What a front end must know of a command before it can pass it on.
public struct CommandRule: Equatable, Sendable {
    public enum Access: Sendable, Equatable {
        /// Changes the state: goes through the log.
        case write
        /// Reads the state: answered by one node, linearizably.
        case read
    }

    /// The name, in upper case.
    public let name: String
    /// The number of arguments with the name, or its negative if that is the least number. As in
    /// Redis's `COMMAND`.
    public let arity: Int
    public let access: Access
    /// The positions of the keys among the arguments, as in Redis's `COMMAND`: first, last
    /// (negative counts from the end), step. All zero for a command without keys.
    public let keys: (first: Int, last: Int, step: Int)

    public init(_ name: String, arity: Int, _ access: Access, keys: (Int, Int, Int) = (1, 1, 1)) {
        self.name = name
        self.arity = arity
        self.access = access
        self.keys = (keys.0, keys.1, keys.2)
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.arity == right.arity && left.access == right.access
            && left.keys == right.keys
    }

    /// Whether `count` arguments, with the name, are a right number.
    public func accepts(argumentCount count: Int) -> Bool {
        arity < 0 ? count >= -arity : count == arity
    }
}

/// The commands of an application.
public struct CommandTable: Sendable {
    /// All rules, in the order given.
    public let rules: [CommandRule]
    private let byName: [String: CommandRule]

    public init(_ rules: [CommandRule]) {
        self.rules = rules
        self.byName = Dictionary(
            rules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The rule of the command called `name`, in upper case.
    public subscript(name: String) -> CommandRule? { byName[name] }
}
