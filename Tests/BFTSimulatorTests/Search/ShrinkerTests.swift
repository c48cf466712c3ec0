import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex
import SimulatedProtocols
import Testing

@Suite struct ShrinkerTests {
    /// The first seed whose run fails, and the run with its decisions.
    private static func failing(
        _ simulated: SimulatedProtocol, _ change: (inout Scenario) -> Void = { _ in }
    ) throws -> RunOutcome? {
        var options = RunOptions()
        options.isRecordingDecisions = true
        for seed in UInt64(0)..<60 {
            var scenario = Scenario(powers: [1, 1, 1, 1], seed: seed)
            change(&scenario)
            let outcome = try simulated.run(scenario, options)
            if outcome.oracle != nil, outcome.decisions.count > 100 { return outcome }
        }
        return nil
    }

    private static func check(
        _ name: String, _ simulated: SimulatedProtocol,
        _ change: (inout Scenario) -> Void = { _ in }
    ) throws -> RunOutcome {
        let before = try #require(try failing(simulated, change))
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
        #expect(2 * after.eventCount < before.eventCount)
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
                SimulatedProtocol("mutant", SimplexReplica<FinalizesAfterNullify>.self))
        }
    }

    @Test("A malicious validator that a failure does not need is left out")
    func needlessAdversary() async throws {
        try await Seeds.aside {
            let mutant = SimulatedProtocol(
                "mutant", SimplexReplica<FinalizesAfterNullify>.self)
            let after = try Self.check("finalizes after nullify, with a liar", mutant) {
                $0.seats = [.init(validator: 3, adversary: "lying-peer")]
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
