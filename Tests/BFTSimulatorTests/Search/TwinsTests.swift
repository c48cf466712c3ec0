import BFTBase
import BFTCore
import BFTSimulator
import Foundation
import ProtocolSimplex
import SimulatedProtocols
import Testing

@Suite struct TwinsTests {
    static let simplex = SimulatedProtocol("simplex", Simplex.self)

    /// Runs the scenarios with one twin of four, and returns how many there were and what failed.
    static func search(
        _ simulated: SimulatedProtocol, _ enumeration: TwinsEnumeration
    ) async throws -> (count: Int, failures: [RunOutcome]) {
        let numbers = (0..<(enumeration.count ?? 0)).filter(enumeration.isFirstOfItsKind)
        let outcomes = try await withThrowingTaskGroup(of: [RunOutcome].self) { group in
            for start in stride(from: 0, to: numbers.count, by: 20) {
                let some = numbers[start..<min(start + 20, numbers.count)]
                group.addTask {
                    try await Seeds.aside {
                        try some.map { number in
                            var scenario = Scenario(powers: [1, 1, 1, 1], seed: number)
                            scenario.method = .twins(enumeration)
                            return try simulated.noted(scenario)
                        }
                    }
                }
            }
            var all: [RunOutcome] = []
            for try await some in group { all += some }
            return all
        }
        return (numbers.count, outcomes.filter { $0.oracle != nil })
    }

    @Test("One twin of four neither splits nor stops the others, however the network splits")
    func exhaustive() async throws {
        for (views, parts) in [(1, 5), (2, 2)] {
            let enumeration = TwinsEnumeration(
                validatorCount: 4, viewCount: views, partLimit: parts)
            let (count, failures) = try await Self.search(Self.simplex, enumeration)
            for failure in failures.prefix(5) {
                Issue.record(
                    "\(failure.scenario.options.joined(separator: " ")): \(failure.violations)")
            }
            print(
                "twins: \(count) scenarios of \(enumeration.count ?? 0) for \(views) views and "
                    + "at most \(parts) parts, \(failures.count) failures")
            #expect(UInt64(count) == enumeration.distinctCount)
        }
    }

    /// Runs the scenarios until one fails. Some wrong rules go on in vain for long in others.
    private static func firstFailure<Rules: SimplexRules>(
        of rules: Rules.Type, views: Int, parts: Int
    ) async throws -> RunOutcome? {
        let mutant = SimulatedProtocol("mutant", SimplexReplica<Rules>.self)
        let enumeration = TwinsEnumeration(
            validatorCount: 4, viewCount: views, partLimit: parts)
        return try await Seeds.aside {
            for number in 0..<(enumeration.count ?? 0) where enumeration.isFirstOfItsKind(number) {
                var scenario = Scenario(powers: [1, 1, 1, 1], seed: number)
                scenario.method = .twins(enumeration)
                let outcome = try mutant.run(scenario, RunOptions())
                if outcome.oracle != nil { return outcome }
            }
            return nil
        }
    }

    @Test("One twin of four breaks replicas that follow a wrong rule")
    func wrongRules() async throws {
        func check<Rules: SimplexRules>(
            _ rules: Rules.Type, views: Int = 1, parts: Int = 5
        ) async throws {
            let failure = try #require(
                try await Self.firstFailure(of: rules, views: views, parts: parts),
                "\(rules) survives every scenario")
            print("twins, \(rules): scenario \(failure.scenario.seed), \(failure.violations[0])")
        }
        try await check(HalfIsQuorum.self)
        try await check(OneIsQuorum.self)
        // A view that some finalize and others give up does harm once another follows.
        try await check(FinalizesAfterNullify.self, views: 2, parts: 2)
    }

    @Test("Scenarios that are the same but for numbers are counted once")
    func symmetry() {
        // Bell(5) = 52 ways to split five instances, four leaders.
        let all = TwinsEnumeration(validatorCount: 4, viewCount: 1, partLimit: 5)
        #expect(all.count == 52 * 4)
        // Two parts at most: 1 + S(5, 2) = 16 ways.
        #expect(TwinsEnumeration(validatorCount: 4, viewCount: 3, partLimit: 2).count == 262_144)
        for (views, parts) in [(1, 2), (1, 5), (2, 2), (2, 3)] {
            let enumeration = TwinsEnumeration(
                validatorCount: 4, viewCount: views, partLimit: parts)
            let distinct = (0..<(enumeration.count ?? 0)).count {
                enumeration.isFirstOfItsKind($0)
            }
            #expect(UInt64(distinct) == enumeration.distinctCount)
        }
        #expect(TwinsEnumeration(validatorCount: 4, viewCount: 12, partLimit: 5).count == nil)
    }
}
