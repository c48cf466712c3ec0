import BFTBase
import BFTCore
import BFTSimulator
import Dispatch
import Foundation
import Testing

/// Runs worlds on all cores. What one seed does depends on nothing but the seed.
enum Seeds {
    /// What became of one seed.
    struct Outcome: Sendable {
        let seed: UInt64
        let violations: [String]
        let eventCount: Int
        let virtualTime: Instant
        /// From when clients stopped to when everything was at rest.
        let restTime: Interval
        let readCount: Int
        /// Keys whose histories could not be judged.
        let undecidedCount: Int
        /// How often malicious validators did what an honest one would not have.
        let deviationCount: Int
    }

    static func run<P: ConsensusProtocol>(
        _ seeds: Range<UInt64>, within bound: Interval,
        _ world: @escaping @Sendable (UInt64) throws -> World<P>
    ) async throws -> [Outcome] {
        try await withThrowingTaskGroup(of: [Outcome].self) { group in
            for first in stride(from: seeds.lowerBound, to: seeds.upperBound, by: 10) {
                let some = first..<min(first + 10, seeds.upperBound)
                group.addTask {
                    try await aside { try some.map { try outcome($0, within: bound, world) } }
                }
            }
            var outcomes: [Outcome] = []
            for try await some in group { outcomes += some }
            return outcomes.sorted { $0.seed < $1.seed }
        }
    }

    private static func outcome<P: ConsensusProtocol>(
        _ seed: UInt64, within bound: Interval, _ world: (UInt64) throws -> World<P>
    ) throws -> Outcome {
        var world = try world(seed)
        let name = "\(P.self), powers \(world.validators.powers), seed \(seed), \(world.plan)"
        RunsInFlight.note(name) { world.runToRest(within: bound) }
        return Outcome(
            seed: seed, violations: world.violations, eventCount: world.eventCount,
            virtualTime: world.now,
            restTime: (world.restedAt ?? world.now).since(world.submitUntil),
            readCount: world.history.answeredReadCount,
            undecidedCount: world.statistics[.undecidedHistories],
            deviationCount: world.deviationCounts.reduce(0, +))
    }

    /// As many worlds at a time as there are cores.
    private static let cores = DispatchSemaphore(
        value: ProcessInfo.processInfo.activeProcessorCount)

    /// Runs `body` on a thread of its own: those of Swift's concurrency and of Dispatch are as few
    /// as the cores, and other tests wait for them.
    static func aside<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                cores.wait()
                defer { cores.signal() }
                continuation.resume(with: Swift.Result(catching: body))
            }
        }
    }

    static func summary(_ name: String, _ outcomes: [Outcome]) -> String {
        let virtual = outcomes.reduce(0) { $0 + $1.virtualTime.nanoseconds } / 1_000_000_000
        let events = outcomes.reduce(0) { $0 + $1.eventCount }
        let reads = outcomes.reduce(0) { $0 + $1.readCount }
        let undecided = outcomes.reduce(0) { $0 + $1.undecidedCount }
        let rest = outcomes.map { $0.restTime.nanoseconds / 1_000_000 }.sorted()
        return "\(name): \(outcomes.count) seeds, \(virtual) virtual seconds, \(events) events, "
            + "\(reads) reads, \(undecided) undecided histories; "
            + "rest after \(rest[rest.count / 2]) ms (median), \(rest[rest.count - 1]) ms (most)"
    }
}
