import BFTBase
import BFTSimulator

// What `bft simulate` and the processes that carry out its runs say to each other: lines of fields
// with tabs between them.

/// A run that a worker is to carry out.
struct RunRequest {
    /// The options of `bft simulate` that say which run it is.
    let arguments: [String]
    let isRecordingDecisions: Bool
    let isRecordingFeatures: Bool
    /// From when to when events are shown, if they are.
    let window: ClosedRange<Instant>?

    init(_ scenario: Scenario, of protocolName: String, _ options: RunOptions) {
        arguments = ["--protocol", protocolName] + scenario.arguments
        isRecordingDecisions = options.isRecordingDecisions
        isRecordingFeatures = options.isRecordingFeatures
        window = options.recorder?.window
    }

    var line: String {
        let bounds = [window?.lowerBound, window?.upperBound].map { bound in
            bound.map { "\($0.nanoseconds)" } ?? ""
        }
        let notes = [
            isRecordingDecisions ? "decisions" : "", isRecordingFeatures ? "features" : "",
        ]
        return LineFields.line(notes + bounds + arguments)
    }

    init?(line: String) {
        let fields = LineFields.fields(of: line)
        guard fields.count > 4 else { return nil }
        isRecordingDecisions = fields[0] == "decisions"
        isRecordingFeatures = fields[1] == "features"
        if let first = UInt64(fields[2]), let last = UInt64(fields[3]), first <= last {
            window = Instant(nanoseconds: first)...Instant(nanoseconds: last)
        } else {
            window = nil
        }
        arguments = Array(fields[4...])
    }
}

/// What a worker says while it carries out a run, and after it.
enum RunNews {
    /// It can be asked for a run.
    case ready
    case decision(Decision)
    case event(TraceEvent)
    /// The run has ended by itself. Decisions and events were told before.
    case outcome(RunOutcome)
    /// The run could not be begun.
    case error(String)

    var line: String {
        switch self {
        case .ready: LineFields.line(["ready"])
        case .decision(let decision): LineFields.line(["decision", decision.description])
        case .event(let event): LineFields.line(["event"] + Self.fields(of: event))
        case .outcome(let outcome): LineFields.line(["outcome"] + Self.fields(of: outcome))
        case .error(let text): LineFields.line(["error", text])
        }
    }

    /// - Parameter scenario: the one that was asked for.
    init?(line: String, of scenario: Scenario) {
        let fields = LineFields.fields(of: line)
        let rest = Array(fields.dropFirst())
        switch fields.first {
        case "ready": self = .ready
        case "decision":
            guard let decision = rest.first.flatMap({ Decision($0) }) else { return nil }
            self = .decision(decision)
        case "event":
            guard let event = Self.event(rest) else { return nil }
            self = .event(event)
        case "outcome":
            guard let outcome = Self.outcome(rest, of: scenario) else { return nil }
            self = .outcome(outcome)
        case "error": self = .error(rest.first ?? "")
        default: return nil
        }
    }

    // MARK: Events

    private static func fields(of event: TraceEvent) -> [String] {
        func text(_ number: Int?) -> String { number.map { "\($0)" } ?? "" }
        return [
            event.kind.rawValue, "\(event.time.nanoseconds)", text(event.node), text(event.peer),
            event.end.map { "\($0.nanoseconds)" } ?? "", event.sort, event.text,
        ]
    }

    private static func event(_ fields: [String]) -> TraceEvent? {
        guard fields.count == 7, let kind = TraceEvent.Kind(rawValue: fields[0]),
            let time = UInt64(fields[1])
        else { return nil }
        return TraceEvent(
            kind, at: Instant(nanoseconds: time), node: Int(fields[2]), peer: Int(fields[3]),
            end: UInt64(fields[4]).map { Instant(nanoseconds: $0) }, sort: fields[5],
            text: fields[6])
    }

    // MARK: Outcomes

    private static func fields(of outcome: RunOutcome) -> [String] {
        [
            "\(outcome.eventCount)", "\(outcome.time.nanoseconds)", "\(outcome.height)",
            "\(outcome.traceHash)", "\(outcome.omittedCount)", "\(outcome.undecidedCount)",
            outcome.features.map { text(of: $0) }.joined(separator: " "),
        ] + outcome.violations
    }

    private static func outcome(_ fields: [String], of scenario: Scenario) -> RunOutcome? {
        guard fields.count >= 7, let eventCount = Int(fields[0]), let time = UInt64(fields[1]),
            let height = Int(fields[2]), let traceHash = UInt64(fields[3]),
            let omittedCount = Int(fields[4]), let undecidedCount = Int(fields[5])
        else { return nil }
        return RunOutcome(
            scenario: scenario, violations: Array(fields[7...]), eventCount: eventCount,
            time: Instant(nanoseconds: time), height: height, traceHash: traceHash, decisions: [],
            trace: [], omittedCount: omittedCount, undecidedCount: undecidedCount,
            features: fields[6].split(separator: " ").compactMap { feature($0) })
    }

    private static func text(of feature: Feature) -> String {
        "\(feature.word):\(feature.moment.occasion):\(feature.moment.millisecond)"
    }

    private static func feature(_ text: Substring) -> Feature? {
        let numbers = text.split(separator: ":").compactMap { UInt64($0) }
        guard numbers.count == 3, let word = UInt32(exactly: numbers[0]) else { return nil }
        return Feature(word, at: Moment(occasion: numbers[1], millisecond: numbers[2]))
    }
}

/// Fields in a line: any text but what ends lines and fields, which is escaped.
enum LineFields {
    static func line(_ fields: [String]) -> String {
        fields.map { field in
            var escaped = ""
            for scalar in field.unicodeScalars {
                switch scalar {
                case "\\": escaped += "\\\\"
                case "\t": escaped += "\\t"
                case "\n": escaped += "\\n"
                case "\r": escaped += "\\r"
                default: escaped.unicodeScalars.append(scalar)
                }
            }
            return escaped
        }.joined(separator: "\t")
    }

    static func fields(of line: String) -> [String] {
        line.split(separator: "\t", omittingEmptySubsequences: false).map { field in
            var plain = ""
            var isEscaped = false
            for scalar in field.unicodeScalars {
                guard isEscaped || scalar != "\\" else {
                    isEscaped = true
                    continue
                }
                let meant: Unicode.Scalar =
                    switch (isEscaped, scalar) {
                    case (true, "t"): "\t"
                    case (true, "n"): "\n"
                    case (true, "r"): "\r"
                    default: scalar
                    }
                plain.unicodeScalars.append(meant)
                isEscaped = false
            }
            return plain
        }
    }
}
