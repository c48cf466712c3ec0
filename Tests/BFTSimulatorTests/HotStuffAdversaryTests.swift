import BFTBase
import BFTCore
import BFTSimulator
import ProtocolHotStuff
import SimulatedProtocols
import Testing

/// Lies that only HotStuff knows, beside the catalogue's.
@Suite struct HotStuffAdversaryTests {
    private static func check<Rules: HotStuffRules>(
        _ rules: Rules.Type, _ name: String, parts: UInt64, plan: FaultPlan? = nil,
        _ adversary: @escaping @Sendable () -> any Adversary<HotStuffReplica<Rules>>
    ) async throws {
        let outcomes = try await Seeds.run(
            SimplexSimulationTests.part(parts), within: HotStuffSimulationTests.bound
        ) { seed in
            try World<HotStuffReplica<Rules>>(
                powers: [1, 1, 1, 1], seed: seed, plan: plan,
                adversaries: [Int(seed % 4): adversary()])
        }
        SimplexSimulationTests.check("\(rules), \(name)", outcomes)
        #expect(outcomes.contains { $0.deviationCount > 0 }, "\(name) never did anything")
    }

    /// What the hunts for mutants run in, without a mutant: nothing may be found.
    @Test("A leader on old certificates stops nobody where delays are as long as timeouts")
    func staleLeader() async throws {
        func check<Rules: HotStuffRules>(_ rules: Rules.Type) async throws {
            try await Self.check(rules, "stale leader", parts: 50, plan: Surroundings.ragged.plan) {
                StaleLeader<Rules>()
            }
        }
        try await check(HotStuffThreeChainRules.self)
        try await check(HotStuffTwoChainRules.self)
    }

    @Test("A leader that shows timeouts of another view gets no vote")
    func staleTimeouts() async throws {
        func check<Rules: HotStuffRules>(_ rules: Rules.Type) async throws {
            try await Self.check(rules, "stale timeouts", parts: 50, plan: Surroundings.ragged.plan)
            {
                StaleTimeouts<Rules>()
            }
        }
        try await check(HotStuffThreeChainRules.self)
        try await check(HotStuffTwoChainRules.self)
    }

    @Test("A leader that lies about what its blocks commit is believed by nobody")
    func lyingLeader() async throws {
        func check<Rules: HotStuffRules>(_ rules: Rules.Type) async throws {
            try await Self.check(rules, "lying leader", parts: 100) { LyingLeader<Rules>() }
        }
        try await check(HotStuffThreeChainRules.self)
        try await check(HotStuffTwoChainRules.self)
    }

    @Test("Timeouts that claim certificates which nobody has stop nobody")
    func timeoutLiar() async throws {
        func check<Rules: HotStuffRules>(_ rules: Rules.Type) async throws {
            try await Self.check(rules, "timeout liar", parts: 100) { TimeoutLiar<Rules>() }
        }
        try await check(HotStuffThreeChainRules.self)
        try await check(HotStuffTwoChainRules.self)
    }

    @Test("A leader that proposes two blocks is accused, and nobody else is")
    func accusation() async throws {
        for seed in UInt64(0)..<4 {
            var plan = FaultPlan()
            plan.healAt = Instant(nanoseconds: 1_500_000_000)
            let calm = plan
            let world = try await Seeds.aside {
                var world = try World<HotStuff>(
                    powers: [1, 1, 1, 1], seed: seed, plan: calm,
                    adversaries: [3: EquivocatingLeader<HotStuff>()])
                world.runToRest(within: HotStuffSimulationTests.bound)
                return world
            }
            #expect(world.violations.isEmpty)
            #expect(world.history.accusedValidators == [ValidatorIndex(3)])
        }
    }
}
