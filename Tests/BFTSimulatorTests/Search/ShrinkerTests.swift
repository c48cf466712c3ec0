import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolSimplex
import SimulatedProtocols
import Testing

@Suite struct ShrinkerTests {
    /// The first seed whose run fails after more than `count` decisions, and that run with them.
    private static func failing(
        _ simulated: SimulatedProtocol, after count: Int = 100,
        _ change: (inout Scenario) -> Void = { _ in }
    ) throws -> RunOutcome? {
        var options = RunOptions()
        options.isRecordingDecisions = true
        for seed in UInt64(0)..<300 {
            var scenario = Scenario(powers: [1, 1, 1, 1], seed: seed)
            change(&scenario)
            let outcome = try simulated.run(scenario, options)
            if outcome.oracle != nil, outcome.decisions.count > count { return outcome }
        }
        return nil
    }

    private static func check(
        _ name: String, _ simulated: SimulatedProtocol, after count: Int = 100,
        _ change: (inout Scenario) -> Void = { _ in }
    ) throws -> RunOutcome {
        let before = try #require(try failing(simulated, after: count, change))
        var shrinker = try #require(
            try Shrinker(before.scenario, runLimit: 300, run: simulated.run))
        let after = try shrinker.shrink()
        print(
            "\(name), seed \(before.scenario.seed): \(before.decisions.count) decisions and "
                + "\(before.eventCount) events shrank to \(after.decisions.count) and "
                + "\(after.eventCount) in \(shrinker.runCount) runs: "
                + after.scenario.options.joined(separator: " "))
        #expect(after.oracle == before.oracle)
        #expect(4 * after.decisions.count < before.decisions.count)
        // That nothing goes on any more takes its time to be seen, however little led to it.
        if after.oracle != "progress" { #expect(3 * after.eventCount < 2 * before.eventCount) }
        // What is reported fails again, by itself.
        let again = try simulated.run(after.scenario, RunOptions())
        #expect(again.violations == after.violations && again.traceHash == after.traceHash)
        return after
    }

    @Test("A wrong rule shrinks to a few decisions that fail in the same way")
    func wrongRule() async throws {
        try await Seeds.aside {
            _ = try Self.check(
                "finalizes after nullify",
                SimulatedProtocol("mutant", SimplexReplica<FinalizesAfterNullify>.self),
                after: 150)
        }
    }

    /// A host that loses records at a restart, where power is cut all the time.
    private static func checkForgetting(
        _ name: String, _ isForgotten: @escaping @Sendable (ReplicaRecord<Simplex>) -> Bool
    ) throws {
        var mistakes = HostMistakes<Simplex>()
        mistakes.forgets = isForgotten
        _ = try check(
            name, SimulatedProtocol("mutant", Simplex.self, mistakes: mistakes), after: 150
        ) { $0.givenPlan = FaultPlan("power-cuts=2000 blackout=yes delay=100-30000 heal=2000") }
    }

    @Test("A wrong host shrinks to a few decisions that fail in the same way")
    func wrongHost() async throws {
        try await Seeds.aside {
            try Self.checkForgetting("forgets votes") {
                if case .consensus(.voted) = $0 { true } else { false }
            }
            try Self.checkForgetting("forgets notarized blocks") {
                if case .consensus(.notarized) = $0 { true } else { false }
            }
        }
    }

    @Test("A malicious validator that a failure does not need is left out")
    func needlessAdversary() async throws {
        try await Seeds.aside {
            let mutant = SimulatedProtocol(
                "mutant", SimplexReplica<FinalizesAfterNullify>.self)
            let after = try Self.check(
                "finalizes after nullify, with a liar", mutant, after: 150
            ) {
                $0.seats = [.init(validator: 3, adversary: "lying-peer")]
                $0.givenPlan = FaultPlan("crashes=2000 delay=100-30000 heal=2000")
            }
            #expect(after.scenario.seats.isEmpty)
        }
    }

    @Test("A failing run names the oracle that found it, also one whose name has a number")
    func oracleName() async throws {
        let outcome = try await Seeds.aside {
            try Self.failing(
                SimulatedProtocol("mutant", SimplexReplica<FinalizesAfterNullify>.self))
        }
        let oracle = try #require(outcome?.oracle)
        #expect(World<Simplex>.oracleNames.contains(oracle))
        #expect(oracle == "S2")
    }

    @Test("A run that does not fail is not shrunk")
    func soundRun() throws {
        let scenario = Scenario(powers: [1, 1, 1, 1], seed: 1)
        #expect(try Shrinker(scenario, run: DecisionTests.simplex.run) == nil)
    }
}
