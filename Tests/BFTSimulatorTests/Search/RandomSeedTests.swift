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

    /// Where to begin. Asked for by `SOAK_SEED`, as a run that fails by chance stops others.
    private static let start =
        ProcessInfo.processInfo.environment["SOAK_SEED"].flatMap { UInt64($0) }

    @Test(
        "Networks, faults and adversaries drawn at random break nothing", .enabled(if: start != nil)
    )
    func random() async throws {
        let start = try #require(Self.start)
        let simulated = DecisionTests.simplex
        let end = Date(timeIntervalSinceNow: Self.seconds)
        print("random seeds from SOAK_SEED=\(start) on")
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let outcomes = try await withThrowingTaskGroup(of: [RunOutcome].self) { group in
            for core in 0..<cores {
                group.addTask {
                    try await Seeds.aside {
                        var outcomes: [RunOutcome] = []
                        var seed = start + UInt64(core)
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
