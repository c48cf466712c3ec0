import BFTBase
import BFTCore
import BFTSimulator
import ProtocolHotStuff
import ProtocolPBFT
import ProtocolSimplex
import SimulatedProtocols
import Testing

@Suite struct AdversaryTests {
    /// Every protocol meets the whole catalogue.
    static let protocols: [any Attackable.Type] = [
        Simplex.self, PBFT.self, HotStuff.self, HotStuff2.self,
    ]

    private static let seeds = SimplexSimulationTests.part(100)

    @Test("No malicious validator of four splits or stops the others, whatever it does")
    func oneOfFour() async throws {
        func run<P: Attackable>(_: P.Type) async throws {
            try await Attacks<P>.oneOfFour(SimplexSimulationTests.part(250))
        }
        for type in Self.protocols { try await run(type) }
    }

    @Test("No two malicious validators of seven that work together split or stop the others")
    func twoOfSeven() async throws {
        func run<P: Attackable>(_: P.Type) async throws {
            try await Attacks<P>.twoOfSeven(SimplexSimulationTests.part(500))
        }
        for type in Self.protocols { try await run(type) }
    }

    @Test("No malicious validator with almost a third of the power splits or stops the others")
    func weights() async throws {
        func run<P: Attackable>(_: P.Type) async throws {
            try await Attacks<P>.weights(SimplexSimulationTests.part(250))
        }
        for type in Self.protocols { try await run(type) }
    }

    @Test("Who says two things is accused, and nobody else is")
    func accusation() async throws {
        for seed in UInt64(0)..<8 {
            var plan = FaultPlan()
            plan.healAt = Instant(nanoseconds: 1_500_000_000)
            let liar: any Adversary<Simplex> =
                seed.isMultiple(of: 2) ? EquivocatingLeader<Simplex>() : DoubleVoter<Simplex>()
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

    @Test("Bytes that are no message are counted, and nothing else comes of them")
    func garbage() async throws {
        let world = try await Seeds.aside {
            var world = try World<Simplex>(
                powers: [1, 1, 1, 1], seed: 1, plan: FaultPlan(),
                adversaries: [2: GarbagePeer<Simplex>()])
            world.runToRest(within: SimplexSimulationTests.bound)
            return world
        }
        #expect(world.malformedCount > 0)
        #expect(world.violations.isEmpty)
    }

    @Test("Who orders batches in others' names displaces theirs, and does no other harm")
    func nameThief() async throws {
        let adversary = AdversaryCatalogue<Simplex>.nameThief
        let seen = try await Seeds.run(Self.seeds, within: SimplexSimulationTests.bound) { seed in
            try World<Simplex>(
                powers: [1, 1, 1, 1], seed: seed, adversaries: [Int(seed % 4): adversary.make()])
        }
        let names = Set(seen.flatMap(\.violations).compactMap { $0.split(separator: ":").first })
        #expect(names.isSubset(of: ["no-creation", "displacement"]) && !names.isEmpty)
        let otherwise = try await Seeds.run(
            Self.seeds, within: SimplexSimulationTests.bound
        ) { seed in
            try World<Simplex>(
                powers: [1, 1, 1, 1], seed: seed, adversaries: [Int(seed % 4): adversary.make()],
                oracles: .allBut(["no-creation", "displacement", "progress"]))
        }
        SimplexSimulationTests.check("name-thief, but for its thefts", otherwise)
    }

    @Test("Every adversary is found by its name, and names are unique")
    func names() {
        let names = AdversaryCatalogue<Simplex>.all.map(\.name)
        #expect(Set(names).count == names.count)
        for name in names { #expect(AdversaryCatalogue<Simplex>.named(name)?.name == name) }
        #expect(AdversaryCatalogue<Simplex>.named("nobody") == nil)
    }
}
