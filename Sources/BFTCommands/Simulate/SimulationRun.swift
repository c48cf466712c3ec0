import BFTBase
import BFTSimulator
import Synchronization

/// What many runs add up to.
struct SimulationTotals: Sendable {
    var runCount: UInt64 = 0
    var eventCount: UInt64 = 0
    var blockCount: UInt64 = 0
    var simulatedNanoseconds: UInt64 = 0
    /// Histories of one key that could not be judged.
    var undecidedCount: UInt64 = 0
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
        undecidedCount += UInt64(outcome.undecidedCount)
        if outcome.oracle != nil, failures.count < Self.failureLimit { failures.append(outcome) }
    }

    var wallSeconds: Double { Double(max(1, wallNanoseconds)) / 1e9 }
    var simulatedHours: Double { Double(simulatedNanoseconds) / 3_600e9 }
    var runsPerSecond: Double { Double(runCount) / wallSeconds }
    var eventsPerSecond: Double { Double(eventCount) / wallSeconds }
}

/// The scenario of each seed.
struct ScenarioSource: Sendable {
    let seeds: SeedRange
    /// What the scenarios have in common.
    let template: Scenario
    /// Whether network and adversaries are drawn, too, and from which adversaries.
    let drawsNetwork: Bool
    let adversaryNames: [String]
    /// Whether runs go on from where others came to something new.
    var isSteered = false

    func scenario(_ seed: UInt64) -> Scenario {
        var scenario = template
        scenario.seed = seed
        if isSteered, drawsNetwork || template.seats.isEmpty {
            scenario.drawSayers(drawsPowers: drawsNetwork)
        } else if drawsNetwork {
            let drawn = Scenario.drawn(seed: seed, adversaries: adversaryNames)
            (scenario.powers, scenario.seats) = (drawn.powers, drawn.seats)
        }
        return scenario
    }

    /// The first seed from `seed` on that has a scenario of its own.
    func next(from seed: UInt64) -> UInt64? {
        var seed = seed
        while seed <= seeds.last {
            guard case .twins(let enumeration) = template.method, seeds.first < seeds.last,
                !enumeration.isFirstOfItsKind(seed)
            else { return seed }
            seed += 1
        }
        return nil
    }
}

/// Runs one scenario after another, in as many processes as there are cores.
final class SimulationRun: Sendable {
    private struct State {
        /// `nil` once there is none left.
        var nextSeed: UInt64?
        var totals = SimulationTotals()
        var isOver = false
        var workerCount: UInt64 = 0
    }

    private let state: Mutex<State>
    private let source: ScenarioSource
    private let makeWorker: @Sendable () -> RunWorker
    private let stop: StopRequest
    private let keepsGoing: Bool
    private let start = MonotonicClock.nanoseconds
    private let end: UInt64

    /// - Parameters:
    ///   - makeWorker: makes what carries runs out, for each core.
    ///   - limit: no run is begun after this time.
    ///   - keepsGoing: whether a failure is no reason to stop.
    init(
        _ source: ScenarioSource, by makeWorker: @escaping @Sendable () -> RunWorker,
        within limit: Interval?, keepsGoing: Bool, stop: StopRequest
    ) {
        self.source = source
        state = Mutex(State(nextSeed: source.seeds.first))
        self.makeWorker = makeWorker
        self.stop = stop
        self.keepsGoing = keepsGoing
        end = limit.map { MonotonicClock.nanoseconds + $0.nanoseconds } ?? .max
    }

    /// Returns when there is nothing left to run, or something failed, or time is over.
    func run(jobs: Int, progress: (SimulationTotals) -> Void) throws -> SimulationTotals {
        try Workers.run(count: jobs) { [self] in
            work()
        } meanwhile: {
            progress(totalsNow)
        }
        var totals = totalsNow
        totals.failures.sort { $0.scenario.seed < $1.scenario.seed }
        if let error = totals.error { throw error }
        return totals
    }

    private var totalsNow: SimulationTotals {
        state.withLock { state in
            state.totals.wallNanoseconds = MonotonicClock.nanoseconds - start
            return state.totals
        }
    }

    private func next() -> Scenario? {
        guard !stop.isRequested, MonotonicClock.nanoseconds < end else { return nil }
        return state.withLock { state in
            guard !state.isOver, let from = state.nextSeed, let seed = source.next(from: from)
            else {
                state.nextSeed = nil
                return nil
            }
            state.nextSeed = seed == .max ? nil : seed + 1
            return source.scenario(seed)
        }
    }

    private func work() {
        let worker = makeWorker()
        guard !source.isSteered else { return workSteered(worker) }
        while let scenario = next() { _ = record(Result { try run(scenario, on: worker) }) }
    }

    /// A search of this thread's own: what it runs next depends on no other's speed.
    private func workSteered(_ worker: RunWorker) {
        let number = state.withLock { state in
            state.workerCount += 1
            return state.workerCount - 1
        }
        let source = source
        var steering = Steering(seed: source.seeds.first &+ number << 32) { source.scenario($0) }
        while next() != nil {
            let scenario = steering.next()
            let outcome = record(
                Result { try run(scenario, on: worker, isRecordingFeatures: true) })
            if let outcome { steering.learn(outcome.features, of: scenario) }
        }
    }

    private func run(
        _ scenario: Scenario, on worker: RunWorker, isRecordingFeatures: Bool = false
    ) throws -> RunOutcome? {
        var options = RunOptions()
        options.isRecordingFeatures = isRecordingFeatures
        return try worker.run(scenario, options, isOver: { stop.isRequested })
    }

    /// Counts a run, and returns its outcome if it has one.
    private func record(_ result: Result<RunOutcome?, any Error>) -> RunOutcome? {
        state.withLock { state in
            switch result {
            case .success(nil): state.isOver = true
            case .success(let outcome?):
                state.totals.add(outcome)
                if outcome.oracle != nil, !keepsGoing { state.isOver = true }
                return outcome
            case .failure(let error):
                state.totals.error = error
                state.isOver = true
            }
            return nil
        }
    }
}
