import BFTBase
import BFTCore
import BFTSimulator
import ProtocolPBFT
import Testing

/// The worlds of Simplex, with PBFT in them.
@Suite struct PBFTSimulationTests {
    static let bound = World<PBFT>.viewTimeout.scaled(by: 100)

    /// One of `count` parts of the seeds.
    static func part(_ count: UInt64) -> Range<UInt64> { SimplexSimulationTests.part(count) }

    static func check(_ name: String, _ outcomes: [Seeds.Outcome]) {
        SimplexSimulationTests.check("PBFT, \(name)", outcomes)
    }

    @Test("Four replicas agree under faults, and come to rest after them")
    func four() async throws {
        Self.check(
            "n = 4",
            try await Seeds.run(Self.part(3), within: Self.bound) { seed in
                try World<PBFT>(powers: [1, 1, 1, 1], seed: seed)
            })
    }

    @Test("Seven replicas agree under faults, and come to rest after them")
    func seven() async throws {
        Self.check(
            "n = 7",
            try await Seeds.run(Self.part(20), within: Self.bound) { seed in
                try World<PBFT>(powers: [1, 1, 1, 1, 1, 1, 1], seed: seed)
            })
    }

    @Test("Replicas of unequal power agree under faults, and come to rest after them")
    func weights() async throws {
        Self.check(
            "weights",
            try await Seeds.run(Self.part(10), within: Self.bound) { seed in
                try World<PBFT>(powers: [5, 1, 3, 3, 2], seed: seed)
            })
    }

    @Test("Blocks are committed in a network that is slower than the view timeout")
    func slowNetwork() async throws {
        var plan = FaultPlan()
        plan.delayMicroseconds = 120_000...160_000
        let slow = plan
        Self.check(
            "slow network",
            try await Seeds.run(Self.part(50), within: Self.bound) { seed in
                try World<PBFT>(powers: [1, 1, 1, 1], seed: seed, plan: slow)
            })
    }

    @Test("Two runs of a seed are the same run")
    func determinism() async throws {
        for seed in Self.part(50) {
            let run: @Sendable () throws -> World<PBFT> = {
                var world = try World<PBFT>(powers: [1, 1, 1, 1], seed: seed)
                world.runToRest(within: Self.bound)
                return world
            }
            let (first, second) = (try await Seeds.aside(run), try await Seeds.aside(run))
            #expect(first.traceHash == second.traceHash && first.traceHash != 0)
        }
    }

    // MARK: Adversaries

    /// The adversary of `kind` in the place of `own`.
    static func adversary(_ kind: UInt64, own: Int) -> any Adversary<PBFT> {
        switch kind % 11 {
        case 0: PBFTEquivocatingLeader<SoundPBFTRules>()
        case 1: PBFTDoubleVoter<SoundPBFTRules>()
        case 2: PBFTSilentLeader<SoundPBFTRules>()
        case 3: PBFTWithholdingPeer<SoundPBFTRules>()
        case 4: PBFTReplayingPeer<SoundPBFTRules>()
        case 5: LyingPeer<PBFT>()
        case 6: ContradictoryAuthor<PBFT>(own: ValidatorIndex(own))
        case 7: PBFTForgetfulLeader<SoundPBFTRules>()
        case 8: PBFTRestlessPeer<SoundPBFTRules>()
        case 9: PBFTFalseCheckpointer<SoundPBFTRules>()
        default: PesteringPeer<PBFT>()
        }
    }

    @Test("One malicious validator of four neither splits nor stops the others")
    func oneOfFour() async throws {
        Self.check(
            "1 adversary of 4",
            try await Seeds.run(Self.part(3), within: Self.bound) { seed in
                let own = Int(seed / 11 % 4)
                return try World<PBFT>(
                    powers: [1, 1, 1, 1], seed: seed,
                    adversaries: [own: Self.adversary(seed, own: own)])
            })
    }

    @Test("Two malicious validators of seven neither split nor stop the others")
    func twoOfSeven() async throws {
        Self.check(
            "2 adversaries of 7",
            try await Seeds.run(Self.part(20), within: Self.bound) { seed in
                let (first, second) = (Int(seed % 7), Int((seed + 1 + seed / 7 % 6) % 7))
                return try World<PBFT>(
                    powers: [1, 1, 1, 1, 1, 1, 1], seed: seed,
                    adversaries: [
                        first: Self.adversary(seed, own: first),
                        second: Self.adversary(seed / 11, own: second),
                    ])
            })
    }

    @Test("Who says two things is accused, and nobody else is")
    func accusation() async throws {
        for seed in UInt64(0)..<8 {
            var plan = FaultPlan()
            plan.healAt = Instant(nanoseconds: 1_500_000_000)
            // The first leader stays as long as nobody gives it up, so it is the one that lies.
            let liar: any Adversary<PBFT> =
                seed.isMultiple(of: 2)
                ? PBFTEquivocatingLeader<SoundPBFTRules>() : PBFTDoubleVoter<SoundPBFTRules>()
            let calm = plan
            let place = seed.isMultiple(of: 2) ? 0 : 3
            let world = try await Seeds.aside {
                var world = try World<PBFT>(
                    powers: [1, 1, 1, 1], seed: seed, plan: calm, adversaries: [place: liar])
                world.runToRest(within: Self.bound)
                return world
            }
            #expect(world.violations.isEmpty)
            #expect(world.history.accusedValidators == [ValidatorIndex(place)])
        }
    }
}
