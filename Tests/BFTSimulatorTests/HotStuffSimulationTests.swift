import BFTBase
import BFTCore
import BFTSimulator
import ProtocolHotStuff
import SimulatedProtocols
import Testing

/// Both variants of HotStuff in the worlds that Simplex runs in.
@Suite struct HotStuffSimulationTests {
    /// After faults end, everything is executed everywhere within this many view timeouts.
    static let bound = World<HotStuff>.viewTimeout.scaled(by: 100)

    static func check<Rules: HotStuffRules>(
        _ rules: Rules.Type, _ name: String, powers: [VotingPower], seeds: Range<UInt64>,
        plan: FaultPlan? = nil
    ) async throws {
        SimplexSimulationTests.check(
            "\(rules), \(name)",
            try await Seeds.run(seeds, within: bound) { seed in
                try World<HotStuffReplica<Rules>>(powers: powers, seed: seed, plan: plan)
            })
    }

    @Test("Four replicas agree under faults, and come to rest after them")
    func four() async throws {
        let seeds = SimplexSimulationTests.part(20)
        try await Self.check(
            HotStuffThreeChainRules.self, "n = 4", powers: [1, 1, 1, 1], seeds: seeds)
        try await Self.check(
            HotStuffTwoChainRules.self, "n = 4", powers: [1, 1, 1, 1], seeds: seeds)
    }

    @Test("Seven replicas agree under faults, and come to rest after them")
    func seven() async throws {
        let (seeds, powers) = (
            SimplexSimulationTests.part(100), [VotingPower](repeating: 1, count: 7)
        )
        try await Self.check(HotStuffThreeChainRules.self, "n = 7", powers: powers, seeds: seeds)
        try await Self.check(HotStuffTwoChainRules.self, "n = 7", powers: powers, seeds: seeds)
    }

    @Test("Replicas of unequal power agree under faults, and come to rest after them")
    func weights() async throws {
        let (seeds, powers) = (SimplexSimulationTests.part(100), [VotingPower]([5, 1, 3, 3, 2]))
        try await Self.check(HotStuffThreeChainRules.self, "weights", powers: powers, seeds: seeds)
        try await Self.check(HotStuffTwoChainRules.self, "weights", powers: powers, seeds: seeds)
    }

    @Test("Blocks are committed in a network that is slower than the view timeout")
    func slowNetwork() async throws {
        var plan = FaultPlan()
        plan.delayMicroseconds = 120_000...160_000
        let seeds = SimplexSimulationTests.part(50)
        try await Self.check(
            HotStuffThreeChainRules.self, "slow network", powers: [1, 1, 1, 1], seeds: seeds,
            plan: plan)
        try await Self.check(
            HotStuffTwoChainRules.self, "slow network", powers: [1, 1, 1, 1], seeds: seeds,
            plan: plan)
    }

    @Test("One validator alone is a network")
    func alone() async throws {
        try await Self.check(HotStuffThreeChainRules.self, "alone", powers: [1], seeds: 0..<5)
        try await Self.check(HotStuffTwoChainRules.self, "alone", powers: [1], seeds: 0..<5)
    }
}
