import BFTBase
import BFTSimulator
import Synchronization

/// What many runs add up to.
struct SimulationTotals: Sendable {
    var runCount: UInt64 = 0
    var eventCount: UInt64 = 0
    var blockCount: UInt64 = 0
    var simulatedNanoseconds: UInt64 = 0
    /// By seed, once all have ended.
    var failures: [RunOutcome] = []
    /// What could not be run at all.
    var error: (any Error)?
    var wallNanoseconds: UInt64 = 0

    /// The most failures that are kept.
    static let failureLimit = 100

    mutating func add(_ outcome: RunOutcome) {
        runCount += 1
        eventCount += UInt64(outcome.eventCount)
        blockCount += UInt64(outcome.height)
        simulatedNanoseconds += outcome.time.nanoseconds
        if outcome.oracle != nil, failures.count < Self.failureLimit { failures.append(outcome) }
    }

    var wallSeconds: Double { Double(max(1, wallNanoseconds)) / 1e9 }
    var simulatedHours: Double { Double(simulatedNanoseconds) / 3_600e9 }
    var runsPerSecond: Double { Double(runCount) / wallSeconds }
    var eventsPerSecond: Double { Double(eventCount) / wallSeconds }
}

/// Runs one scenario after another on all cores.
final class SimulationRun: Sendable {
    private struct State {
        var scenarios: AnyIterator<Scenario>
        var totals = SimulationTotals()
        var isOver = false
    }

    private let state: Mutex<State>
    private let run: @Sendable (Scenario, RunOptions) throws -> RunOutcome
    private let stop: StopRequest
    private let keepsGoing: Bool
    private let start = MonotonicClock.nanoseconds
    private let end: UInt64

    /// - Parameters:
    ///   - limit: no run is begun after this time.
    ///   - keepsGoing: whether a failure is no reason to stop.
    init(
        _ scenarios: sending AnyIterator<Scenario>, of simulated: SimulatedProtocol,
        within limit: Interval?, keepsGoing: Bool, stop: StopRequest
    ) {
        state = Mutex(State(scenarios: scenarios))
        run = simulated.run
        self.stop = stop
        self.keepsGoing = keepsGoing
        end = limit.map { MonotonicClock.nanoseconds + $0.nanoseconds } ?? .max
    }

    /// Returns when there is nothing left to run, or something failed, or time is over.
    func run(jobs: Int, progress: (SimulationTotals) -> Void) throws -> SimulationTotals {
        try Workers.run(count: jobs) { [self] in work() } meanwhile: {
            progress(totals)
        }
        var totals = self.totals
        totals.failures.sort { $0.scenario.seed < $1.scenario.seed }
        if let error = totals.error { throw error }
        return totals
    }

    private var totals: SimulationTotals {
        state.withLock { state in
            state.totals.wallNanoseconds = MonotonicClock.nanoseconds - start
            return state.totals
        }
    }

    private func next() -> Scenario? {
        guard !stop.isRequested, MonotonicClock.nanoseconds < end else { return nil }
        return state.withLock { $0.isOver ? nil : $0.scenarios.next() }
    }

    private func work() {
        while let scenario = next() {
            let result = Result { try run(scenario, RunOptions()) }
            state.withLock { state in
                switch result {
                case .success(let outcome):
                    state.totals.add(outcome)
                    if outcome.oracle != nil, !keepsGoing { state.isOver = true }
                case .failure(let error):
                    state.totals.error = error
                    state.isOver = true
                }
            }
        }
    }
}
