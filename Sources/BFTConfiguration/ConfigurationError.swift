import BFTLogging

/// One thing that is wrong in a configuration file.
public struct ConfigurationProblem: Equatable, Sendable {
    /// Where it stands, or `nil` if it concerns the file as a whole.
    public let position: SourcePosition?
    /// What is wrong.
    public let message: String
    /// How to mend it.
    public let hint: String

    public init(at position: SourcePosition?, _ message: String, hint: String) {
        self.position = position
        self.message = message
        self.hint = hint
    }
}

/// Why a text is not in its format, and where.
public struct SourceError: Error, Equatable, Sendable {
    public let problem: ConfigurationProblem
}

/// Everything that is wrong in a configuration file, in the order of the lines.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The most problems that one error holds.
    public static let problemLimit = 20

    /// The path of the file, as the user gave it.
    public let file: String
    public let problems: [ConfigurationProblem]

    public init(file: String, problems: [ConfigurationProblem]) {
        self.file = file
        let start = SourcePosition(line: 0, column: 0)
        let ordered = problems.sorted { ($0.position ?? start) < ($1.position ?? start) }
        self.problems = Array(ordered.prefix(Self.problemLimit))
    }

    /// A line `file:line:column: message` for each problem, each followed by its hint. Text from
    /// the file is escaped, so that a hostile file can't drive the terminal.
    public var description: String {
        problems.map { problem in
            let place = problem.position.map { ":\($0.line):\($0.column)" } ?? ""
            return EscapedText.line("\(file)\(place): \(problem.message)") + "\n  hint: "
                + EscapedText.line(problem.hint)
        }.joined(separator: "\n")
    }
}

/// What a single value is complained about; the reader adds where.
struct Complaint: Error, Equatable {
    let message: String
    let hint: String

    init(_ message: String, hint: String) {
        self.message = message
        self.hint = hint
    }
}
