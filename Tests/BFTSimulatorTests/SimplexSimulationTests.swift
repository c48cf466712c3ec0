import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex
import Testing

@Suite struct SimplexSimulationTests {
    static func run(powers: [UInt64], seed: UInt64) throws -> World<Simplex> {
        var world = try World<Simplex>(powers: powers, seed: seed)
        world.run(until: world.plan.healAt.advanced(by: .seconds(8)))
        return world
    }

    @Test("Replicas agree under faults and make progress after them")
    func agreement() throws {
        for seed in UInt64(0)..<50 {
            let world = try Self.run(powers: [1, 1, 1, 1], seed: seed)
            #expect(world.violations.isEmpty, "seed \(seed): \(world.violations)")
            let least = world.history.executedCounts.min() ?? 0
            print(
                seed, world.history.height, least, world.eventCount,
                world.history.executedBatches.count)
            #expect(least > 20, "seed \(seed): no progress")
        }
    }
}
