import BFTBase
import BFTConfiguration
import BFTSimulator

/// A failing run, reduced.
struct ShrunkenRun {
    let original: RunOutcome
    let outcome: RunOutcome
    let runCount: Int
    /// What the process of the reduced run said when that ended it.
    let lastWords: [String]

    /// `nil` if the run does not fail again, which means that a seed does not decide everything, or
    /// if `stop` is requested before there is something to show.
    ///
    /// - Parameters:
    ///   - worker: carries the attempts out.
    ///   - end: when there are no more of them.
    ///   - explainer: carries the reduced run out, to be shown.
    init?(
        _ failure: RunOutcome, by worker: RunWorker, until end: Deadline?, explainer: RunWorker,
        stop: StopRequest
    ) throws {
        let isStopped = { stop.isRequested }
        let attempt: (Scenario, RunOptions) throws -> RunOutcome = { scenario, options in
            try worker.run(scenario, options, isOver: isStopped) ?? .none(of: scenario)
        }
        let isOver = { stop.isRequested || end?.isOver == true }
        guard var shrinker = try Shrinker(failure.scenario, isOver: isOver, run: attempt) else {
            return nil
        }
        let shortest = try shrinker.shrink()
        var options = RunOptions()
        options.isRecordingDecisions = true
        options.recorder = TraceRecorder()
        guard let outcome = try explainer.run(shortest.scenario, options, isOver: isStopped),
            !outcome.violations.isEmpty
        else { return nil }
        (original, self.outcome) = (shrinker.original, outcome)
        (runCount, lastWords) = (shrinker.runCount, explainer.lastWords)
    }

    /// What happened, without what happens in every run.
    var essence: [TraceEvent] {
        outcome.trace.filter { event in
            switch event.kind {
            case .received, .durable, .timer, .read, .executed, .sent: false
            default: true
            }
        }
    }
}

extension RunOutcome {
    /// A run that was given up: nothing was found in it.
    fileprivate static func none(of scenario: Scenario) -> RunOutcome {
        RunOutcome(
            scenario: scenario, violations: [], eventCount: 0, time: Instant(nanoseconds: 0),
            height: 0, traceHash: 0, decisions: [], trace: [], omittedCount: 0)
    }
}

/// What many runs showed, as text and as JSON.
struct SimulationReport {
    let protocolName: String
    let version: String
    let commit: String?
    let method: SearchMethod
    let seeds: SeedRange

    /// The most lines of a shrunken trace that are shown.
    private static let lineLimit = 120

    // MARK: Text

    static func progress(_ totals: SimulationTotals) -> String {
        "\(totals.runCount) runs, \(rounded(totals.runsPerSecond)) runs/s, "
            + "\(hundredths(totals.simulatedHours)) simulated hours, "
            + "\(rounded(totals.eventsPerSecond)) events/s, \(totals.failures.count) failures"
    }

    static func summary(_ outcome: RunOutcome) -> String {
        let end = outcome.violations.isEmpty ? "nothing is wrong" : outcome.violations[0]
        return "seed \(outcome.scenario.seed): \(outcome.eventCount) events, "
            + "\(outcome.time.nanoseconds / 1_000_000) simulated ms, height \(outcome.height), "
            + "trace \(hex(outcome.traceHash)): \(end)"
    }

    static func lines(_ trace: [TraceEvent]) -> String {
        var text = ""
        for event in trace { text += event.line + "\n" }
        return text
    }

    static func command(_ protocolName: String, _ scenario: Scenario) -> String {
        (["bft", "simulate", "--protocol", protocolName] + scenario.options)
            .joined(separator: " ")
    }

    func text(
        _ totals: SimulationTotals, _ shrunken: ShrunkenRun?, wasStopped: Bool
    ) -> String {
        var lines = [
            "\(protocolName), \(method.rawValue): \(totals.runCount) runs, seeds "
                + "\(seedText)" + (wasStopped ? ", stopped" : ""),
            "\(Self.rounded(totals.runsPerSecond)) runs/s, "
                + "\(Self.rounded(totals.eventsPerSecond)) events/s in "
                + "\(Self.hundredths(totals.wallSeconds)) s",
            "\(totals.eventCount) events, \(totals.blockCount) blocks, "
                + "\(Self.hundredths(totals.simulatedHours)) simulated hours",
            "\(totals.failures.count) failures, "
                + "\(totals.undecidedCount) histories of keys undecided",
        ]
        for failure in totals.failures.prefix(10) {
            lines.append("")
            lines.append("seed \(failure.scenario.seed) failed: \(failure.violations[0])")
            lines.append("  \(identity)")
            lines.append("  \(Self.command(protocolName, failure.scenario)) --trace")
        }
        if let shrunken { lines += text(shrunken) }
        return lines.joined(separator: "\n") + "\n"
    }

    private var seedText: String {
        seeds.last >= .max - 1 ? "from \(seeds.first) on" : seeds.defaultValueDescription
    }

    private var identity: String { "version \(version), commit \(commit ?? "unknown")" }

    private func text(_ shrunken: ShrunkenRun) -> [String] {
        let (before, after) = (shrunken.original, shrunken.outcome)
        let essence = shrunken.essence
        var lines = [
            "",
            "seed \(before.scenario.seed), reduced in \(shrunken.runCount) runs from "
                + "\(before.decisions.count) decisions\(Self.events(before)) to "
                + "\(after.decisions.count)\(Self.events(after)): \(after.violations[0])",
            "  \(Self.command(protocolName, after.scenario)) --trace",
        ]
        if essence.count > Self.lineLimit {
            lines.append("  (\(essence.count - Self.lineLimit) lines are left out)")
        }
        lines += essence.suffix(Self.lineLimit).map(\.line)
        return lines + shrunken.lastWords.prefix(Self.lineLimit)
    }

    /// How many events a run had. Nobody counted them if it did not end by itself.
    private static func events(_ outcome: RunOutcome) -> String {
        outcome.eventCount == 0 ? "" : " and \(outcome.eventCount) events"
    }

    // MARK: JSON

    func json(_ totals: SimulationTotals, _ shrunken: ShrunkenRun?) -> JSONText {
        .object([
            ("protocol", .text(protocolName)), ("search", .text(method.rawValue)),
            ("version", .text(version)), ("commit", commit.map(JSONText.text) ?? .null),
            ("firstSeed", .integer(Int128(seeds.first))),
            ("lastSeed", .integer(Int128(seeds.last))),
            ("runs", .integer(Int128(totals.runCount))),
            ("seconds", .number(totals.wallSeconds)),
            ("runsPerSecond", .number(totals.runsPerSecond)),
            ("events", .integer(Int128(totals.eventCount))),
            ("eventsPerSecond", .number(totals.eventsPerSecond)),
            ("blocks", .integer(Int128(totals.blockCount))),
            ("simulatedHours", .number(totals.simulatedHours)),
            ("undecidedHistories", .integer(Int128(totals.undecidedCount))),
            ("failures", .array(totals.failures.map { failure in failureJSON(failure) })),
            ("shrunken", shrunken.map { failureJSON($0.outcome) } ?? .null),
        ])
    }

    private func failureJSON(_ outcome: RunOutcome) -> JSONText {
        .object([
            ("seed", .integer(Int128(outcome.scenario.seed))),
            ("violations", .array(outcome.violations.map(JSONText.text))),
            ("events", .integer(Int128(outcome.eventCount))),
            ("replay", .text(Self.command(protocolName, outcome.scenario))),
        ])
    }

    static func json(_ outcome: RunOutcome) -> JSONText {
        .object([
            ("seed", .integer(Int128(outcome.scenario.seed))),
            ("events", .integer(Int128(outcome.eventCount))),
            ("simulatedMilliseconds", .integer(Int128(outcome.time.nanoseconds / 1_000_000))),
            ("height", .integer(Int128(outcome.height))),
            ("undecidedHistories", .integer(Int128(outcome.undecidedCount))),
            ("traceHash", .text(hex(outcome.traceHash))),
            ("violations", .array(outcome.violations.map(JSONText.text))),
        ])
    }

    // MARK: Numbers

    private static func hex(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func rounded(_ number: Double) -> String { "\(UInt64(max(0, number)))" }

    private static func hundredths(_ number: Double) -> String {
        let count = UInt64((max(0, number) * 100).rounded())
        return "\(count / 100).\(count % 100 < 10 ? "0" : "")\(count % 100)"
    }
}
