import BFTBase
import BFTCore
import BFTSimulator
import ProtocolPBFT
import SimulatedProtocols
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
            try await Seeds.run(Self.part(10), within: Self.bound) { seed in
                try World<PBFT>(powers: [1, 1, 1, 1], seed: seed)
            })
    }

    @Test("Seven replicas agree under faults, and come to rest after them")
    func seven() async throws {
        Self.check(
            "n = 7",
            try await Seeds.run(Self.part(50), within: Self.bound) { seed in
                try World<PBFT>(powers: [1, 1, 1, 1, 1, 1, 1], seed: seed)
            })
    }

    @Test("Replicas of unequal power agree under faults, and come to rest after them")
    func weights() async throws {
        Self.check(
            "weights",
            try await Seeds.run(Self.part(25), within: Self.bound) { seed in
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

    private static let adversaries: [@Sendable () -> any Adversary<PBFT>] = [
        { PBFTDoubleVoter<PBFTSoundRules>() }, { PBFTForgetfulLeader<PBFTSoundRules>() },
        { PBFTRestlessPeer<PBFTSoundRules>() }, { PBFTFalseCheckpointer<PBFTSoundRules>() },
    ]

    @Test("Who lies about views and checkpoints neither splits nor stops the others")
    func lies() async throws {
        let kinds = UInt64(Self.adversaries.count)
        Self.check(
            "lies of its own, 1 of 4",
            try await Seeds.run(Self.part(20), within: Self.bound) { seed in
                try World<PBFT>(
                    powers: [1, 1, 1, 1], seed: seed,
                    adversaries: [
                        Int(seed / kinds % 4): Self.adversaries[Int(seed % kinds)]()
                    ])
            })
        Self.check(
            "lies of its own, 2 of 7",
            try await Seeds.run(Self.part(100), within: Self.bound) { seed in
                try World<PBFT>(
                    powers: [1, 1, 1, 1, 1, 1, 1], seed: seed,
                    adversaries: [
                        0: Self.adversaries[Int(seed % kinds)](),
                        1: Self.adversaries[Int((seed + 1) % kinds)](),
                    ])
            })
    }

    @Test("An author whose batches the leader leaves out is heard when the term is over")
    func neglect() async throws {
        let author = ValidatorIndex(1)
        let term = World<PBFT>.viewTimeout.scaled(by: PBFTBounds.termTimeouts)
        for seed in UInt64(0)..<2 {
            let authors = try await Seeds.aside {
                var world = try World<PBFT>(
                    powers: [1, 1, 1, 1], seed: seed, plan: FaultPlan(),
                    adversaries: [0: NeglectingLeader<PBFT>()])
                world.run(until: Instant(nanoseconds: 0).advanced(by: term))
                let before = Set(world.history.executedBatches.map(\.author))
                world.run(until: world.now.advanced(by: .seconds(2)))
                #expect(world.violations.isEmpty)
                return (before, Set(world.history.executedBatches.map(\.author)))
            }
            #expect(!authors.0.contains(author) && authors.0.count == 3)
            #expect(authors.1.contains(author))
        }
    }

    @Test("A network without work keeps its leader, and ends no more than one term")
    func idle() async throws {
        let views = try await Seeds.aside {
            var world = try World<PBFT>(powers: [1, 1, 1, 1], seed: 5, plan: FaultPlan())
            world.run(until: Instant(nanoseconds: 0).advanced(by: .seconds(60)))
            #expect(world.violations.isEmpty)
            return world.views
        }
        #expect(Set(views) == [View(2)])
    }

    @Test("Who says two things is accused, and nobody else is")
    func accusation() async throws {
        for seed in UInt64(0)..<8 {
            var plan = FaultPlan()
            plan.healAt = Instant(nanoseconds: 1_500_000_000)
            // The first leader stays as long as nobody gives it up, so it is the one that lies.
            let isLeader = seed.isMultiple(of: 2)
            let calm = plan
            let place = isLeader ? 0 : 3
            let world = try await Seeds.aside {
                let liar: any Adversary<PBFT> =
                    isLeader ? EquivocatingLeader() : PBFTDoubleVoter<PBFTSoundRules>()
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
