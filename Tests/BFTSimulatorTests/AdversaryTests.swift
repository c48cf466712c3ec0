import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex
import Testing

@Suite struct AdversaryTests {
    /// The adversary of `kind` in the place of `own`.
    static func adversary(_ kind: UInt64, own: Int) -> any Adversary<Simplex> {
        switch kind % 9 {
        case 0: EquivocatingLeader()
        case 1: DoubleVoter()
        case 2: SilentLeader()
        case 3: WithholdingPeer()
        case 4: ReplayingPeer()
        case 5: LyingPeer<Simplex>()
        case 6: ContradictoryAuthor<Simplex>(own: ValidatorIndex(own))
        case 7: SkippingLeader<SoundRules>()
        default: PesteringPeer<Simplex>()
        }
    }

    @Test("One malicious validator of four neither splits nor stops the others")
    func oneOfFour() async throws {
        SimplexSimulationTests.check(
            "1 adversary of 4",
            try await Seeds.run(
                SimplexSimulationTests.seeds, within: SimplexSimulationTests.bound
            ) { seed in
                let own = Int(seed / 9 % 4)
                return try World<Simplex>(
                    powers: [1, 1, 1, 1], seed: seed,
                    adversaries: [own: Self.adversary(seed, own: own)])
            })
    }

    @Test("Two malicious validators of seven neither split nor stop the others")
    func twoOfSeven() async throws {
        SimplexSimulationTests.check(
            "2 adversaries of 7",
            try await Seeds.run(
                SimplexSimulationTests.part(2), within: SimplexSimulationTests.bound
            ) { seed in
                let (first, second) = (Int(seed % 7), Int((seed + 1 + seed / 7 % 6) % 7))
                return try World<Simplex>(
                    powers: [1, 1, 1, 1, 1, 1, 1], seed: seed,
                    adversaries: [
                        first: Self.adversary(seed, own: first),
                        second: Self.adversary(seed / 9, own: second),
                    ])
            })
    }

    @Test("Who says two things is accused, and nobody else is")
    func accusation() async throws {
        for seed in UInt64(0)..<8 {
            var plan = FaultPlan()
            plan.healAt = Instant(nanoseconds: 1_500_000_000)
            let liar: any Adversary<Simplex> =
                seed.isMultiple(of: 2) ? EquivocatingLeader() : DoubleVoter()
            let calm = plan
            let world = try await Seeds.aside {
                var world = try World<Simplex>(
                    powers: [1, 1, 1, 1], seed: seed, plan: calm, adversaries: [3: liar])
                world.runToRest(within: SimplexSimulationTests.bound)
                return world
            }
            #expect(world.violations.isEmpty)
            #expect(world.history.accusedValidators == [ValidatorIndex(3)])
        }
    }
}
