import BFTBase
public import BFTCore

/// A protocol by its name, with everything that can be done to it.
public struct SimulatedProtocol: Sendable {
    public let name: String
    /// The names of the malicious validators that it can meet.
    public let adversaryNames: [String]
    /// Those that cost time and nothing else: networks are measured with them, too.
    public let measuredAdversaryNames: [String]
    /// Runs one scenario.
    public let run: @Sendable (Scenario, RunOptions) throws -> RunOutcome
    /// Counts what a network of it sends, and how long it takes.
    public let measure: @Sendable (Measurement) throws -> MeasuredRun

    /// - Parameters:
    ///   - votes: what the protocol calls its votes.
    ///   - mistakes: what every host does wrong.
    public init<P: Attackable>(
        _ name: String, _ type: P.Type, votes: [VoteKind: String] = [:],
        mistakes: HostMistakes<P> = HostMistakes()
    ) {
        self.name = name
        adversaryNames = AdversaryCatalogue<P>.all.map(\.name)
        measuredAdversaryNames = AdversaryCatalogue<P>.measured.map(\.name)
        measure = { measurement in
            var network = try MeasuredNetwork<P>(measurement)
            return network.measured()
        }
        run = { scenario, given in
            var options = given
            options.recorder?.voteNames = votes
            guard case .swarm = scenario.method else {
                var world = try RoundWorld<P>(scenario)
                return world.outcome(of: scenario, options)
            }
            var seats: [Int: any Adversary<P>] = [:]
            var silences: [Int: Instant] = [:]
            for seat in scenario.seats {
                guard let entry = AdversaryCatalogue<P>.named(seat.adversary) else {
                    throw ScenarioError.unknownAdversary(seat.adversary)
                }
                guard scenario.powers.indices.contains(seat.validator) else {
                    throw ScenarioError.unknownValidator(seat.validator)
                }
                seats[seat.validator] = entry.make()
                silences[seat.validator] = seat.silentFrom.map {
                    Instant(nanoseconds: 0).advanced(by: .milliseconds($0))
                }
            }
            var world = try World<P>(
                powers: scenario.powers, seed: scenario.seed, plan: scenario.plan,
                adversaries: seats, silences: silences, turns: scenario.turns,
                mistakes: mistakes,
                script: scenario.decisions.map { .only($0) } ?? .everything)
            if let lullAt = scenario.lullAt {
                world.addLull(at: Instant(nanoseconds: 0).advanced(by: .milliseconds(lullAt)))
            }
            if options.isRecordingFeatures {
                let malicious = scenario.seats.map { ValidatorIndex($0.validator) }
                world.probe = Coverage<P>(malicious: Set(malicious))
            }
            return world.outcome(of: scenario, options)
        }
    }
}

/// A scenario that can't be run.
public enum ScenarioError: Error, Equatable, Sendable {
    case unknownAdversary(String)
    case unknownValidator(Int)
}

extension World {
    /// How long after the last submission everything has to be executed everywhere.
    static var restBound: Interval { viewTimeout.scaled(by: 100) }

    /// Runs to rest, and says what happened.
    mutating func outcome(of scenario: Scenario, _ options: RunOptions) -> RunOutcome {
        script.isRecording = options.isRecordingDecisions
        script.listener = options.decisionListener
        recorder = options.recorder
        runToRest(within: Self.restBound)
        for violation in violations {
            recorder?.note(TraceEvent(.violation, at: now, text: violation))
        }
        return RunOutcome(
            scenario: scenario, violations: violations, eventCount: eventCount, time: now,
            height: history.height, traceHash: traceHash, decisions: script.carriedOut,
            trace: recorder?.events ?? [], omittedCount: recorder?.omittedCount ?? 0,
            undecidedCount: statistics[.undecidedHistories], features: probe?.features ?? [])
    }
}

extension RoundWorld where P: Attackable {
    /// The world of a scenario that goes view by view.
    init(_ scenario: Scenario) throws {
        switch scenario.method {
        case .swarm: preconditionFailure("a swarm has a world of its own")
        case .twins(let enumeration):
            try self.init(
                enumeration.plan(scenario.seed, powers: scenario.powers), seed: scenario.seed)
        case .scope(let scope):
            let (plan, liar): (RoundPlan, RoundLiar<P>) = scope.drawn(
                seed: scenario.seed, powers: scenario.powers)
            try self.init(plan, seed: scenario.seed, liar: liar)
        }
    }

    /// Runs to rest, and says what happened.
    mutating func outcome(of scenario: Scenario, _ options: RunOptions) -> RunOutcome {
        recorder = options.recorder
        runToRest(within: World<P>.restBound)
        for violation in violations {
            recorder?.note(TraceEvent(.violation, at: now, text: violation))
        }
        return RunOutcome(
            scenario: scenario, violations: violations, eventCount: eventCount, time: now,
            height: height, traceHash: traceHash, decisions: [], trace: recorder?.events ?? [],
            omittedCount: recorder?.omittedCount ?? 0)
    }
}
