import BFTBase
import BFTCore
import BFTLedger
import ProtocolHotStuff
import ProtocolPBFT
import ProtocolSimplex
import SimulatedProtocols
import Testing

@testable import BFTSimulator

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

    @Test("What any malicious validator says but garbage is a message, so that it is heard")
    func encodings() async throws {
        for entry in AdversaryCatalogue<Simplex>.all where entry.name != "garbage" {
            let world = try await Seeds.aside {
                var world = try World<Simplex>(
                    powers: [1, 1, 1, 1], seed: 1, plan: FaultPlan(),
                    adversaries: [2: entry.make()])
                world.runToRest(within: SimplexSimulationTests.bound)
                return world
            }
            #expect(world.malformedCount == 0, "\(entry.name)")
            #expect(world.violations.isEmpty)
            guard entry.name == "pester" else { continue }
            // Everybody keeps what it asks for.
            for node in [0, 1, 3] {
                let kept = try #require(world.nodes[node].host).replica.pendingBytes
                #expect(kept > 8 * 4_000)
            }
        }
    }

    @Test("Nobody orders a batch in another's name, in any protocol")
    func nameThief() async throws {
        func run<P: Attackable>(_: P.Type) async throws {
            let thief = try #require(AdversaryCatalogue<P>.named("name-thief"))
            let seen = try await Seeds.run(
                SimplexSimulationTests.part(25), within: SimplexSimulationTests.bound
            ) { seed in
                try World<P>(
                    powers: seed.isMultiple(of: 2) ? [1, 1, 1, 1] : [2, 1, 2, 2], seed: seed,
                    adversaries: [Int(seed % 4): thief.make()])
            }
            #expect(seen.flatMap(\.violations).isEmpty)
            #expect(seen.contains { $0.deviationCount > 0 })
        }
        for type in Self.protocols { try await run(type) }
    }

    @Test("An author of two batches for one sequence is accused, and nobody else is")
    func contradictoryAuthor() async throws {
        let author = try #require(AdversaryCatalogue<Simplex>.named("contradictory-author"))
        var accused: Set<ValidatorIndex> = []
        for seed in UInt64(0)..<6 {
            let world = try await Seeds.aside {
                var world = try World<Simplex>(
                    powers: [1, 1, 1, 1], seed: seed, plan: FaultPlan(),
                    adversaries: [3: author.make()])
                world.runToRest(within: SimplexSimulationTests.bound)
                return world
            }
            #expect(world.violations.isEmpty)
            accused.formUnion(world.history.accusedValidators)
        }
        // Not in each world: whether it sends both to one peer is up to chance.
        #expect(accused == [ValidatorIndex(3)])
    }

    @Test("Every adversary is found by its name, and names are unique")
    func names() {
        let names = AdversaryCatalogue<Simplex>.all.map(\.name)
        #expect(Set(names).count == names.count)
        for name in names { #expect(AdversaryCatalogue<Simplex>.named(name)?.name == name) }
        #expect(AdversaryCatalogue<Simplex>.named("nobody") == nil)
    }
}
