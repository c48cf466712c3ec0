import BFTBase
import BFTCore
import BFTSimulator
import ProtocolPBFT
import ProtocolSimplex
import SimulatedProtocols
import Testing

@Suite struct ScopeTests {
    private static func failures<Rules: SimplexRules>(
        _ rules: Rules.Type, seeds: Range<UInt64>
    ) async throws -> [RunOutcome] {
        try await failures(
            of: SimulatedProtocol("simplex", SimplexReplica<Rules>.self), seeds: seeds)
    }

    private static func failures(
        of simulated: SimulatedProtocol, seeds: Range<UInt64>
    ) async throws -> [RunOutcome] {
        try await Seeds.aside {
            try seeds.compactMap { seed in
                var scenario = Scenario(powers: [1, 1, 1, 1], seed: seed)
                scenario.method = .scope(
                    FaultScope(viewCount: 4, splitLimit: 2, changeLimit: 3))
                let outcome = try simulated.noted(scenario)
                return outcome.oracle == nil ? nil : outcome
            }
        }
    }

    @Test("Few splits and small changes of one validator's messages harm nobody else")
    func sound() async throws {
        for failure in try await Self.failures(SimplexSoundRules.self, seeds: 0..<300).prefix(5) {
            Issue.record("seed \(failure.scenario.seed): \(failure.violations)")
        }
    }

    @Test("A leader that keeps its view reaches whoever a split had cut off")
    func healed() async throws {
        let pbft = SimulatedProtocol("pbft", PBFT.self)
        for failure in try await Self.failures(of: pbft, seeds: 0..<60).prefix(5) {
            Issue.record("seed \(failure.scenario.seed): \(failure.violations)")
        }
    }

    @Test("Few splits and small changes of messages find a vote that contradicts another")
    func wrongRule() async throws {
        let failures = try await Self.failures(FinalizesAfterNullify.self, seeds: 0..<100)
        let oracles = Set(failures.compactMap(\.oracle)).sorted().joined(separator: ", ")
        print("scope, finalizes after nullify: \(failures.count) of 100 seeds fail: \(oracles)")
        #expect(!failures.isEmpty)
    }
}
