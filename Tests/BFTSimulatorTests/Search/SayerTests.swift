import BFTBase
import BFTCore
import BFTSimulator
import Foundation
import ProtocolHotStuff
import ProtocolPBFT
import ProtocolSimplex
import SimulatedProtocols
import Testing

/// Validators that say anything, against every protocol, from seeds that nobody chose.
@Suite struct SayerTests {
    /// How long to search with each protocol: a part of `SOAK_SECONDS`, or a little.
    private static let seconds =
        (Double(ProcessInfo.processInfo.environment["SOAK_SECONDS"] ?? "") ?? 24)
        / Double(protocols.count)

    /// Where to begin: `SOAK_SEED`, or anywhere.
    private static let start =
        ProcessInfo.processInfo.environment["SOAK_SEED"].flatMap { UInt64($0) }
        ?? UInt64.random(in: 0..<1 << 40)

    private static let protocols = [
        SimulatedProtocol("simplex", Simplex.self), SimulatedProtocol("pbft", PBFT.self),
        SimulatedProtocol("hotstuff", HotStuff.self),
        SimulatedProtocol("hotstuff2", HotStuff2.self),
    ]

    private static func scenario(_ seed: UInt64) -> Scenario {
        var scenario = Scenario(powers: [1, 1, 1, 1], seed: seed)
        scenario.drawSayers(drawsPowers: true)
        return scenario
    }

    @Test("Whatever can be said, with weights, restarts and wrong clocks, breaks no protocol")
    func anything() async throws {
        print("steered search from SOAK_SEED=\(Self.start) on")
        for simulated in Self.protocols {
            let outcomes = try await Self.search(simulated)
            for failure in outcomes where failure.oracle != nil {
                let options = failure.scenario.options.joined(separator: " ")
                Issue.record(
                    """
                    \(failure.violations[0])
                      bft simulate --protocol \(simulated.name) \(options) --trace
                    """)
            }
            let events = outcomes.reduce(0) { $0 + $1.eventCount }
            print("steered search, \(simulated.name): \(outcomes.count) runs, \(events) events")
            #expect(!outcomes.isEmpty)
        }
    }

    private static func search(_ simulated: SimulatedProtocol) async throws -> [RunOutcome] {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        return try await withThrowingTaskGroup(of: [RunOutcome].self) { group in
            for core in 0..<cores {
                group.addTask {
                    try await Seeds.aside {
                        let end = Date(timeIntervalSinceNow: seconds)
                        var steering = Steering(seed: start &+ UInt64(core) << 32) {
                            scenario($0)
                        }
                        var options = RunOptions()
                        options.isRecordingFeatures = true
                        var outcomes: [RunOutcome] = []
                        repeat {
                            let scenario = steering.next()
                            let outcome = try simulated.run(scenario, options)
                            steering.learn(outcome.features, of: scenario)
                            outcomes.append(outcome)
                        } while Date.now < end
                        return outcomes
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }
}
