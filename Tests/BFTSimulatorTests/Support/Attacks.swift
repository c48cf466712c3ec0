import BFTBase
import BFTCore
import BFTSimulator
import Testing

/// The catalogue of adversaries, let loose on one protocol.
enum Attacks<P: Attackable> {
    private static var catalogue: [AdversaryEntry<P>] { AdversaryCatalogue<P>.all }

    /// How many more seeds a rare deviation gets.
    private static var furtherSeeds: UInt64 { 16 }

    /// Runs worlds in which the validators at `positions` are malicious in the way of `entries`.
    /// Fails if none of them ever did anything that an honest one would not have, also not with
    /// further seeds.
    private static func check(
        _ name: String, _ seeds: Range<UInt64>, powers: [VotingPower],
        _ entries: [AdversaryEntry<P>], at positions: @escaping @Sendable (UInt64) -> [Int]
    ) async throws {
        let bound = World<P>.viewTimeout.scaled(by: 100)
        var deviations = 0
        var seeds = seeds
        let end = seeds.upperBound + furtherSeeds
        while deviations == 0, seeds.lowerBound < end {
            let outcomes = try await Seeds.run(seeds, within: bound) { seed in
                var adversaries: [Int: any Adversary<P>] = [:]
                for (entry, position) in zip(entries, positions(seed)) {
                    adversaries[position] = entry.make()
                }
                return try World<P>(powers: powers, seed: seed, adversaries: adversaries)
            }
            SimplexSimulationTests.check("\(P.self), \(name)", outcomes)
            deviations = outcomes.reduce(0) { $0 + $1.deviationCount }
            seeds = seeds.upperBound..<seeds.upperBound + 1
        }
        #expect(deviations > 0, "\(P.self): \(name) never did anything")
    }

    static func oneOfFour(_ seeds: Range<UInt64>) async throws {
        for entry in catalogue {
            try await check("\(entry.name), 1 of 4", seeds, powers: [1, 1, 1, 1], [entry]) {
                [Int($0 % 4)]
            }
        }
    }

    static func twoOfSeven(_ seeds: Range<UInt64>) async throws {
        let catalogue = catalogue
        for (number, first) in catalogue.enumerated() {
            let second = catalogue[(number * 5 + 3) % catalogue.count]
            try await check(
                "\(first.name) and \(second.name), 2 of 7", seeds,
                powers: [1, 1, 1, 1, 1, 1, 1], [first, second]
            ) { [Int($0 % 7), Int(($0 + 1 + $0 / 7 % 6) % 7)] }
        }
    }

    static func weights(_ seeds: Range<UInt64>) async throws {
        let catalogue = catalogue
        for (number, entry) in catalogue.enumerated() where number.isMultiple(of: 2) {
            // Four of fourteen; then one and three of fourteen together.
            let (powers, positions): ([VotingPower], [Int]) =
                number.isMultiple(of: 4) ? ([4, 1, 3, 4, 2], [0]) : ([5, 1, 3, 3, 2], [1, 2])
            let second = catalogue[(number + 7) % catalogue.count]
            try await check(
                "\(entry.name), weights", seeds, powers: powers, [entry, second]
            ) { _ in positions }
        }
    }
}
