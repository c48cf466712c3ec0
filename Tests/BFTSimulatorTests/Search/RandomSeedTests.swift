import BFTBase
import BFTCore
import BFTSimulator
import Foundation
import ProtocolHotStuff
import ProtocolPBFT
import ProtocolSimplex
import SimulatedProtocols
import Testing

@Suite struct RandomSeedTests {
    /// How long to search with each protocol: a part of `SOAK_SECONDS`, or a little.
    private static let seconds =
        (Double(ProcessInfo.processInfo.environment["SOAK_SECONDS"] ?? "") ?? 32)
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

    @Test("Networks, faults and adversaries drawn at random break no protocol")
    func random() async throws {
        print("random seeds from SOAK_SEED=\(Self.start) on")
        for simulated in Self.protocols { try await Self.search(simulated) }
    }

    private static func search(_ simulated: SimulatedProtocol) async throws {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let outcomes = try await withThrowingTaskGroup(of: [RunOutcome].self) { group in
            for core in 0..<cores {
                group.addTask {
                    try await Seeds.aside {
                        let end = Date(timeIntervalSinceNow: seconds)
                        var outcomes: [RunOutcome] = []
                        var seed = start + UInt64(core)
                        repeat {
                            let scenario = Scenario.drawn(
                                seed: seed, adversaries: simulated.adversaryNames)
                            outcomes.append(try simulated.noted(scenario))
                            seed += UInt64(cores)
                        } while Date.now < end
                        return outcomes
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        for failure in outcomes where failure.oracle != nil {
            Issue.record(
                """
                \(failure.violations[0])
                  \(simulated.command(failure.scenario)) --trace
                """)
        }
        let events = outcomes.reduce(0) { $0 + $1.eventCount }
        print("random seeds, \(simulated.name): \(outcomes.count) runs, \(events) events")
        #expect(!outcomes.isEmpty)
    }
}
