import BFTBase
import BFTCore
import BFTSimulator
import Foundation
import ProtocolSimplex
import SimulatedProtocols
import Testing

@Suite struct SimplexSimulationTests {
    /// After faults end, everything is executed everywhere within this many view timeouts.
    static let bound = World<Simplex>.viewTimeout.scaled(by: 100)

    static let seedCount = UInt64(ProcessInfo.processInfo.environment["SEEDS"] ?? "") ?? 200

    /// `SEED=178` runs that seed alone.
    static let seeds =
        UInt64(ProcessInfo.processInfo.environment["SEED"] ?? "").map { $0..<$0 + 1 }
        ?? 0..<seedCount

    static func check(_ name: String, _ outcomes: [Seeds.Outcome]) {
        for outcome in outcomes where !outcome.violations.isEmpty {
            Issue.record(Comment(rawValue: "\(name), seed \(outcome.seed): \(outcome.violations)"))
        }
        print(Seeds.summary(name, outcomes))
    }

    @Test("Four replicas agree under faults, and come to rest after them")
    func four() async throws {
        Self.check(
            "n = 4",
            try await Seeds.run(Self.seeds, within: Self.bound) { seed in
                try World<Simplex>(powers: [1, 1, 1, 1], seed: seed)
            })
    }

    @Test("Seven replicas agree under faults, and come to rest after them")
    func seven() async throws {
        Self.check(
            "n = 7",
            try await Seeds.run(Self.part(2), within: Self.bound) { seed in
                try World<Simplex>(powers: [1, 1, 1, 1, 1, 1, 1], seed: seed)
            })
    }

    @Test("Replicas of unequal power agree under faults, and come to rest after them")
    func weights() async throws {
        Self.check(
            "weights",
            try await Seeds.run(Self.part(5), within: Self.bound) { seed in
                try World<Simplex>(powers: [5, 1, 3, 3, 2], seed: seed)
            })
    }

    /// One of `count` parts of the seeds.
    static func part(_ count: UInt64) -> Range<UInt64> {
        seeds.lowerBound..<seeds.lowerBound + max(1, UInt64(seeds.count) / count)
    }

    @Test("Blocks are finalized in a network that is slower than the view timeout")
    func slowNetwork() async throws {
        var plan = FaultPlan()
        plan.delayMicroseconds = 120_000...160_000
        let slow = plan
        Self.check(
            "slow network",
            try await Seeds.run(Self.part(50), within: Self.bound) { seed in
                try World<Simplex>(powers: [1, 1, 1, 1], seed: seed, plan: slow)
            })
    }

    @Test("Who was cut off catches up where every answer comes later than it is waited for")
    func lateAnswers() async throws {
        var plan = FaultPlan()
        plan.delayMicroseconds = 60_000...80_000
        plan.hasPartitions = true
        plan.healAt = Instant(nanoseconds: 3_000_000_000)
        let slow = plan
        Self.check(
            "late answers",
            try await Seeds.run(Self.part(10), within: Self.bound) { seed in
                try World<Simplex>(powers: [1, 1, 1, 1], seed: seed, plan: slow)
            })
    }

    @Test("Two runs of a seed are the same run")
    func determinism() async throws {
        for seed in Self.part(20) {
            let run: @Sendable () throws -> World<Simplex> = {
                var world = try World<Simplex>(powers: [1, 1, 1, 1], seed: seed)
                world.runToRest(within: Self.bound)
                return world
            }
            let (first, second) = (try await Seeds.aside(run), try await Seeds.aside(run))
            #expect(first.traceHash == second.traceHash && first.traceHash != 0)
            #expect(first.eventCount == second.eventCount)
            var other = try World<Simplex>(powers: [1, 1, 1, 1], seed: seed &+ 1_000_000)
            other.run(until: Instant(nanoseconds: 10_000_000))
            #expect(other.traceHash != first.traceHash)
        }
    }
}
