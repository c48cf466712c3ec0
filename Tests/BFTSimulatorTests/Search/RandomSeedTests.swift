import BFTBase
import BFTCore
import BFTSimulator
import Foundation
import ProtocolSimplex
import SimulatedProtocols
import Testing

@Suite struct RandomSeedTests {
    /// How long to search: `SOAK_SECONDS`, or a little.
    private static let seconds =
        Double(ProcessInfo.processInfo.environment["SOAK_SECONDS"] ?? "") ?? 20

    /// Where to begin: `SOAK_SEED`, or anywhere.
    private static let start =
        UInt64(ProcessInfo.processInfo.environment["SOAK_SEED"] ?? "")
        ?? UInt64.random(in: 1_000_000...1_000_000_000_000)

    /// Seeds that nobody chose are asked for, as a run that fails by chance stops others.
    static let isAskedFor = ProcessInfo.processInfo.environment["SOAK_SEED"] != nil

    @Test(
        "Networks, faults and adversaries drawn at random break nothing", .enabled(if: isAskedFor))
    func random() async throws {
        let simulated = DecisionTests.simplex
        let end = Date(timeIntervalSinceNow: Self.seconds)
        print("random seeds from SOAK_SEED=\(Self.start) on")
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let outcomes = try await withThrowingTaskGroup(of: [RunOutcome].self) { group in
            for core in 0..<cores {
                group.addTask {
                    try await Seeds.aside {
                        var outcomes: [RunOutcome] = []
                        var seed = Self.start + UInt64(core)
                        repeat {
                            let scenario = Scenario.drawn(
                                seed: seed, adversaries: simulated.adversaryNames)
                            outcomes.append(try simulated.run(scenario, RunOptions()))
                            seed += UInt64(cores)
                        } while Date.now < end
                        return outcomes
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        for failure in outcomes where failure.oracle != nil {
            let options = failure.scenario.options.joined(separator: " ")
            Issue.record("\(failure.violations[0])\n  bft simulate \(options) --trace")
        }
        let events = outcomes.reduce(0) { $0 + $1.eventCount }
        print("random seeds: \(outcomes.count) runs, \(events) events")
        #expect(!outcomes.isEmpty)
    }
}
