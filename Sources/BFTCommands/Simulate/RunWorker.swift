import BFTBase
import BFTSimulator
import Glibc

/// A process that carries out runs, one after another: what ends it, or keeps it busy for ever, is
/// found in the run, and the search goes on with another process.
final class RunWorker {
    /// What ended a run from outside, by the names of what reports it: as oracles have.
    static let trap = "trap"
    static let endless = "endless"

    private let protocolName: String
    private let limit: Interval
    /// Whether the system's backtrace of a trap is waited for, which takes seconds.
    private let isExplaining: Bool
    private var process: WorkerProcess?

    /// - Parameter limit: how much processor time a run may take, and a tenth of how long it may
    ///   take if it gets none.
    init(_ protocolName: String, limit: Interval, isExplaining: Bool = false) {
        self.protocolName = protocolName
        self.limit = limit
        self.isExplaining = isExplaining
    }

    /// What the last process wrote to standard error before it ended in the middle of a run.
    private(set) var lastWords: [String] = []

    /// Carries `scenario` out, or returns `nil` once `isOver` says so.
    func run(
        _ scenario: Scenario, _ options: RunOptions, isOver: () -> Bool
    ) throws -> RunOutcome? {
        let process = try self.process ?? WorkerProcess(isExplaining: isExplaining)
        self.process = process
        var notes = RunNotes(scenario)
        process.send(RunRequest(scenario, of: protocolName, options).line)
        let start = process.processorTime
        let deadline = Deadline(limit.scaled(by: 10))
        while !isOver() {
            for line in process.lines(within: 50) {
                guard let news = RunNews(line: line, of: scenario) else {
                    throw CommandFailure(
                        "a worker says '\(line)'", hint: "this is a mistake of the program")
                }
                if let outcome = try notes.take(news) { return outcome }
            }
            if let ending = process.ending {
                self.process = nil
                guard process.wasReady else {
                    throw CommandFailure(
                        "a process for runs \(ending.description) before it began one",
                        hint: process.lastWords.last ?? "lower --jobs")
                }
                lastWords = process.lastWords
                return notes.outcome(endingBy: ending, lastWords)
            }
            if process.processorTime.since(start) >= limit || deadline.isOver {
                giveUp()
                return notes.outcome(after: limit)
            }
        }
        giveUp()
        return nil
    }

    private func giveUp() {
        process?.end()
        process = nil
    }
}

/// What a worker has said of one run.
private struct RunNotes {
    private let scenario: Scenario
    private var decisions: [Decision] = []
    private var trace: [TraceEvent] = []

    init(_ scenario: Scenario) { self.scenario = scenario }

    /// The outcome, if that is the news.
    mutating func take(_ news: RunNews) throws(CommandFailure) -> RunOutcome? {
        switch news {
        case .ready: break
        case .decision(let decision): decisions.append(decision)
        case .event(let event): trace.append(event)
        case .outcome(let outcome):
            return RunOutcome(
                scenario: scenario, violations: outcome.violations,
                eventCount: outcome.eventCount, time: outcome.time, height: outcome.height,
                traceHash: outcome.traceHash, decisions: decisions, trace: trace,
                omittedCount: outcome.omittedCount, undecidedCount: outcome.undecidedCount,
                features: outcome.features)
        case .error(let text):
            throw CommandFailure(text, hint: "this run can't be carried out")
        }
        return nil
    }

    /// A run that ended with its process.
    func outcome(endingBy ending: ChildProcess.Ending, _ words: [String]) -> RunOutcome {
        // What a trap says of itself stands before its backtrace, if it says something.
        let message = words.first { $0.contains("rror:") }
        return failed(
            "\(RunWorker.trap): the run's process \(ending.description)"
                + (message.map { ": \($0)" } ?? ""))
    }

    func outcome(after limit: Interval) -> RunOutcome {
        failed(
            "\(RunWorker.endless): not over after \(limit.nanoseconds / 1_000_000_000) s of "
                + "processor time")
    }

    /// How far the run came is known as far as it was asked for.
    private func failed(_ violation: String) -> RunOutcome {
        RunOutcome(
            scenario: scenario, violations: [violation], eventCount: 0,
            time: trace.last?.time ?? Instant(nanoseconds: 0), height: 0, traceHash: 0,
            decisions: decisions, trace: trace, omittedCount: 0)
    }
}
