/// The level for each label, spelled `info,transport=debug,consensus.timer=trace`.
///
/// A word without a label sets the level of everything else. A label also covers the labels below
/// it: `transport=debug` holds for `transport.session`, unless a longer label says otherwise.
public struct LogLevels: Equatable, Sendable {
    /// The level of every label that no rule covers.
    public var standard: Logger.Level
    private var rules: [String: Logger.Level]

    public init(standard: Logger.Level) {
        self.standard = standard
        self.rules = [:]
    }

    /// Why a text spells no levels, and at which byte of the text, from 0.
    public struct ParseError: Error, Equatable, Sendable {
        public let offset: Int
        public let message: String
    }

    public init(parsing text: String) throws(ParseError) {
        self.init(standard: .info)
        var offset = 0
        var hasStandard = false
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = word.split(separator: "=", omittingEmptySubsequences: false)
                .map { Self.trimmed($0) }
            guard parts.count <= 2 else {
                throw ParseError(offset: offset, message: "more than one '=' in '\(word)'")
            }
            guard let level = Logger.Level(rawValue: parts[parts.count - 1]) else {
                let names = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw ParseError(
                    offset: offset,
                    message: "'\(parts[parts.count - 1])' is no level; the levels are \(names)")
            }
            if parts.count == 1 {
                guard !hasStandard else {
                    throw ParseError(
                        offset: offset, message: "a second level without a label: '\(word)'")
                }
                hasStandard = true
                standard = level
            } else {
                guard !parts[0].isEmpty, rules[parts[0]] == nil else {
                    throw ParseError(
                        offset: offset,
                        message: parts[0].isEmpty
                            ? "no label before '='" : "a second level for '\(parts[0])'")
                }
                rules[parts[0]] = level
            }
            offset += word.utf8.count + 1
        }
    }

    /// The level of `label`: that of the longest rule that covers it.
    public func level(of label: String) -> Logger.Level {
        var prefix = Substring(label)
        while true {
            if let level = rules[String(prefix)] { return level }
            guard let dot = prefix.lastIndex(of: ".") else { return standard }
            prefix = prefix[..<dot]
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        let front = text.drop { $0 == " " }
        return String(front.reversed().drop { $0 == " " }.reversed())
    }
}

extension LogLevels: CustomStringConvertible {
    /// The spelling that `init(parsing:)` reads, rules in the order of their labels.
    public var description: String {
        ([standard.rawValue] + rules.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
            .joined(separator: ",")
    }
}
