import BFTBase

/// Reduces a failing run to a short one that fails in the same way.
///
/// First whole kinds of decisions go, and malicious validators; then single decisions, by delta
/// debugging; then time. Each attempt is a run of its own. It counts if the same oracle finds
/// something.
///
/// Source of the method: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input"
/// (IEEE TSE 28, 2002).
public struct Shrinker {
    private let run: (Scenario, RunOptions) throws -> RunOutcome
    private let runLimit: Int
    private let isOver: () -> Bool
    /// The run as it came.
    public let original: RunOutcome
    /// The shortest run so far.
    private var best: RunOutcome
    private let oracle: String
    public private(set) var runCount = 0

    /// - Parameters:
    ///   - runLimit: how many runs may be spent.
    ///   - isOver: asked before each run; ends the search with what is found by then.
    ///   - run: runs a scenario.
    /// - Returns: `nil` if the scenario does not fail.
    public init?(
        _ scenario: Scenario, runLimit: Int = 3_000, isOver: @escaping () -> Bool = { false },
        run: @escaping (Scenario, RunOptions) throws -> RunOutcome
    ) rethrows {
        self.run = run
        self.runLimit = runLimit
        self.isOver = isOver
        var options = RunOptions()
        options.isRecordingDecisions = true
        let first = try run(scenario, options)
        guard let oracle = first.oracle else { return nil }
        self.oracle = oracle
        original = first
        best = first
    }

    /// Returns the shortest run that was found, with its decisions.
    public mutating func shrink() throws -> RunOutcome {
        var before = Int.max
        let all = best.decisions
        _ = try accept { $0.decisions = all }
        while best.decisions.count + best.scenario.seats.count < before, !isSpent {
            before = best.decisions.count + best.scenario.seats.count
            try dropSeats()
            try dropKinds()
            try dropFaults()
            try dropDecisions()
        }
        try shorten()
        return best
    }

    private var isSpent: Bool { runCount >= runLimit || isOver() }

    /// Runs the best scenario with a change, and keeps it if it fails in the same way.
    private mutating func accept(_ change: (inout Scenario) -> Void) throws -> Bool {
        guard !isSpent else { return false }
        var scenario = best.scenario
        change(&scenario)
        var options = RunOptions()
        options.isRecordingDecisions = true
        runCount += 1
        let outcome = try run(scenario, options)
        guard outcome.oracle == oracle else { return false }
        // What the run did not come to is not needed.
        best = RunOutcome(
            scenario: scenario.keeping(outcome.decisions), violations: outcome.violations,
            eventCount: outcome.eventCount, time: outcome.time, height: outcome.height,
            traceHash: outcome.traceHash, decisions: outcome.decisions, trace: outcome.trace,
            omittedCount: outcome.omittedCount, undecidedCount: outcome.undecidedCount)
        return true
    }

    private mutating func dropSeats() throws {
        for seat in best.scenario.seats {
            _ = try accept { scenario in scenario.seats.removeAll { $0 == seat } }
        }
    }

    private mutating func dropKinds() throws {
        for kind in Decision.Kind.allCases {
            let rest = best.decisions.filter { $0.kind != kind }
            guard rest.count < best.decisions.count else { continue }
            _ = try accept { $0.decisions = rest }
        }
    }

    private mutating func dropFaults() throws {
        for fault in best.scenario.faults {
            _ = try accept { scenario in scenario.faults.removeAll { $0 == fault } }
        }
    }

    private mutating func dropDecisions() throws {
        var size = max(1, best.decisions.count / 2)
        while !isSpent {
            var start = 0
            var hasDropped = false
            while start < best.decisions.count, !isSpent {
                var rest = best.decisions
                rest.removeSubrange(start..<min(rest.count, start + size))
                if try accept({ $0.decisions = rest }) {
                    hasDropped = true
                } else {
                    start += size
                }
            }
            if size == 1, !hasDropped { return }
            size = max(1, size / 2)
        }
    }

    /// Lets faults end, and with them the run, as early as can be.
    private mutating func shorten() throws {
        var time = best.scenario.plan.healAt.nanoseconds / 1_000_000
        while time > 10, !isSpent {
            time /= 2
            guard try accept({ $0.faultTime = .milliseconds(time) }) else { return }
        }
    }
}

extension Scenario {
    fileprivate func keeping(_ decisions: [Decision]) -> Scenario {
        var scenario = self
        scenario.decisions = decisions
        return scenario
    }
}
