public import BFTBase
public import BFTCore

/// A protocol by its name, with everything that can be done to it.
public struct SimulatedProtocol: Sendable {
    public let name: String
    /// The names of the malicious validators that it can meet.
    public let adversaryNames: [String]
    /// Runs one scenario.
    public let run: @Sendable (Scenario, RunOptions) throws -> RunOutcome
    /// Counts what a network of it sends, and how long it takes.
    public let measure: @Sendable (Measurement) throws -> MeasuredRun

    /// - Parameters:
    ///   - votes: what the protocol calls its votes.
    ///   - adversaries: what malicious validators do, by name, given their own index.
    ///   - mistakes: what every host does wrong.
    ///   - alter: a message with a small change, for searches of small scope. `nil`: no message.
    public init<P: ConsensusProtocol>(
        _ name: String, _ type: P.Type, votes: [VoteKind: String] = [:],
        adversaries: [NamedAdversary<P>] = NamedAdversary<P>.forEveryProtocol,
        mistakes: HostMistakes<P> = HostMistakes(),
        alter: (@Sendable (P.Unsigned, Alteration) -> P.Unsigned?)? = nil
    ) {
        self.name = name
        adversaryNames = adversaries.map(\.name)
        measure = { measurement in
            var network = try MeasuredNetwork<P>(measurement)
            return network.measured()
        }
        run = { scenario, given in
            var options = given
            options.recorder?.voteNames = votes
            guard case .swarm = scenario.method else {
                var world = try RoundWorld<P>(scenario, alter: alter)
                return world.outcome(of: scenario, options)
            }
            var seats: [Int: any Adversary<P>] = [:]
            for seat in scenario.seats {
                guard let entry = adversaries.first(where: { $0.name == seat.adversary }) else {
                    throw ScenarioError.unknownAdversary(seat.adversary)
                }
                guard scenario.powers.indices.contains(seat.validator) else {
                    throw ScenarioError.unknownValidator(seat.validator)
                }
                seats[seat.validator] = entry.make(ValidatorIndex(seat.validator))
            }
            var world = try World<P>(
                powers: scenario.powers, seed: scenario.seed, plan: scenario.plan,
                adversaries: seats, mistakes: mistakes,
                script: scenario.decisions.map { .only($0) } ?? .everything)
            return world.outcome(of: scenario, options)
        }
    }
}

/// A scenario that can't be run.
public enum ScenarioError: Error, Equatable, Sendable {
    case unknownAdversary(String)
    case unknownValidator(Int)
    /// The protocol does not say how its messages can be changed.
    case noAlterations
}

/// What a malicious validator does, by name.
public struct NamedAdversary<P: ConsensusProtocol>: Sendable {
    public let name: String
    public let make: @Sendable (ValidatorIndex) -> any Adversary<P>

    public init(
        _ name: String, _ make: @escaping @Sendable (ValidatorIndex) -> any Adversary<P>
    ) {
        self.name = name
        self.make = make
    }

    /// Those that need to know nothing of the protocol.
    public static var forEveryProtocol: [NamedAdversary<P>] {
        [
            NamedAdversary("lying-peer") { _ in LyingPeer<P>() },
            NamedAdversary("contradictory-author") { _ in ContradictoryAuthor<P>() },
            NamedAdversary("pester") { _ in PesteringPeer<P>() },
        ]
    }
}

extension World {
    /// How long after the last submission everything has to be executed everywhere.
    static var restBound: Interval { viewTimeout.scaled(by: 100) }

    /// Runs to rest, and says what happened.
    mutating func outcome(of scenario: Scenario, _ options: RunOptions) -> RunOutcome {
        script.isRecording = options.isRecordingDecisions
        recorder = options.recorder
        runToRest(within: Self.restBound)
        for violation in violations {
            recorder?.note(TraceEvent(.violation, at: now, text: violation))
        }
        return RunOutcome(
            scenario: scenario, violations: violations, eventCount: eventCount, time: now,
            height: history.height, traceHash: traceHash, decisions: script.carriedOut,
            trace: recorder?.events ?? [], omittedCount: recorder?.omittedCount ?? 0)
    }
}

extension RoundWorld {
    /// The world of a scenario that goes view by view.
    init(
        _ scenario: Scenario, alter: (@Sendable (P.Unsigned, Alteration) -> P.Unsigned?)?
    ) throws {
        switch scenario.method {
        case .swarm: preconditionFailure("a swarm has a world of its own")
        case .twins(let enumeration):
            try self.init(
                enumeration.plan(scenario.seed, powers: scenario.powers), seed: scenario.seed)
        case .scope(let scope):
            guard let alter else { throw ScenarioError.noAlterations }
            let (plan, liar): (RoundPlan, RoundLiar<P>) = scope.drawn(
                seed: scenario.seed, powers: scenario.powers, alter: alter)
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
