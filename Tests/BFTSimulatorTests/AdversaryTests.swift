import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex
import SimulatedProtocols
import Testing

@Suite struct AdversaryTests {
    static let catalogue = AdversaryCatalogue<Simplex>.all

    /// A part of the seeds for each adversary: one of a hundred.
    private static let seeds = SimplexSimulationTests.part(100)

    /// Runs worlds in which the validators at `positions` are malicious in the way of `entries`.
    /// Fails if any of them never did anything that an honest one would not have.
    static func check<P: Attackable>(
        _ name: String, powers: [VotingPower], _ entries: [AdversaryEntry<P>],
        at positions: @escaping @Sendable (UInt64) -> [Int]
    ) async throws {
        let outcomes = try await Seeds.run(seeds, within: SimplexSimulationTests.bound) { seed in
            var adversaries: [Int: any Adversary<P>] = [:]
            for (entry, position) in zip(entries, positions(seed)) {
                adversaries[position] = entry.make()
            }
            return try World<P>(powers: powers, seed: seed, adversaries: adversaries)
        }
        SimplexSimulationTests.check(name, outcomes)
        let deviations = outcomes.reduce(0) { $0 + $1.deviationCount }
        #expect(deviations > 0, "\(name) never did anything")
    }

    @Test("No malicious validator of four splits or stops the others, whatever it does")
    func oneOfFour() async throws {
        for entry in Self.catalogue {
            try await Self.check("\(entry.name), 1 of 4", powers: [1, 1, 1, 1], [entry]) {
                [Int($0 % 4)]
            }
        }
    }

    @Test("No two malicious validators of seven that work together split or stop the others")
    func twoOfSeven() async throws {
        let count = Self.catalogue.count
        for (number, first) in Self.catalogue.enumerated() {
            let second = Self.catalogue[(number * 5 + 3) % count]
            try await Self.check(
                "\(first.name) and \(second.name), 2 of 7", powers: [1, 1, 1, 1, 1, 1, 1],
                [first, second]
            ) { [Int($0 % 7), Int(($0 + 1 + $0 / 7 % 6) % 7)] }
        }
    }

    @Test("No malicious validator with almost a third of the power splits or stops the others")
    func weights() async throws {
        for (number, entry) in Self.catalogue.enumerated() where number.isMultiple(of: 2) {
            // Four of fourteen; then one and three of fourteen together.
            let (powers, positions): ([VotingPower], [Int]) =
                number.isMultiple(of: 4) ? ([4, 1, 3, 4, 2], [0]) : ([5, 1, 3, 3, 2], [1, 2])
            let second = Self.catalogue[(number + 7) % Self.catalogue.count]
            try await Self.check(
                "\(entry.name), weights", powers: powers, [entry, second]
            ) { _ in positions }
        }
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
        let names = Self.catalogue.map(\.name)
        #expect(Set(names).count == names.count)
        for name in names { #expect(AdversaryCatalogue<Simplex>.named(name)?.name == name) }
        #expect(AdversaryCatalogue<Simplex>.named("nobody") == nil)
    }
}
