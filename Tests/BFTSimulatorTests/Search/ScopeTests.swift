import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex
import Testing

@Suite struct ScopeTests {
    /// A vote or a proposal's vote in another view, of another kind, or not at all.
    @Sendable private static func alter(
        _ unsigned: UnsignedMessage, _ alteration: Alteration
    ) -> UnsignedMessage? {
        let said = unsigned.statement
        let view: View? =
            switch alteration {
            case .nextView: said.view.next
            case .previousView: said.view.previous
            default: said.view
            }
        guard alteration != .silence, let view else { return nil }
        guard alteration == .otherKind else { return .vote(said.changed(to: said.kind, in: view)) }
        return .vote(said.changed(to: said.kind == .nullify ? .nullify : .finalize, in: view))
    }

    private static func failures<Rules: VotingRules>(
        _ rules: Rules.Type, seeds: Range<UInt64>
    ) async throws -> [RunOutcome] {
        let simulated = SimulatedProtocol(
            "simplex", SimplexReplica<Rules>.self, alter: Self.alter)
        return try await Seeds.aside {
            try seeds.compactMap { seed in
                var scenario = Scenario(powers: [1, 1, 1, 1], seed: seed)
                scenario.method = .scope(
                    FaultScope(viewCount: 4, splitLimit: 2, changeLimit: 3))
                let outcome = try simulated.run(scenario, RunOptions())
                return outcome.oracle == nil ? nil : outcome
            }
        }
    }

    @Test("Few splits and small changes of one validator's messages harm nobody else")
    func sound() async throws {
        for failure in try await Self.failures(SoundRules.self, seeds: 0..<300).prefix(5) {
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

    @Test("A protocol that does not say how messages change can't be searched in small scope")
    func noAlterations() {
        var scenario = Scenario(powers: [1, 1, 1, 1], seed: 0)
        scenario.method = .scope(FaultScope(viewCount: 1, splitLimit: 1, changeLimit: 1))
        #expect(throws: ScenarioError.noAlterations) {
            try DecisionTests.simplex.run(scenario, RunOptions())
        }
    }
}

extension Statement {
    /// The same with another kind and view.
    fileprivate func changed(to kind: VoteKind, in view: View) -> Statement {
        let isNullify = kind == .nullify
        return Statement(
            chain: chain, epoch: epoch, kind: kind, view: view,
            height: isNullify ? .zero : height, block: isNullify ? .zero : block)
    }
}
