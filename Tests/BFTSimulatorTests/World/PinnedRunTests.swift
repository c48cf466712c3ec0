import BFTBase
import BFTSimulator
import Foundation
import ProtocolSimplex
import Testing

/// What some seeds did when they were pinned. Every process, every build and every machine has to
/// do the same.
@Suite struct PinnedRunTests {
    static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "PinnedRuns.txt")

    static func line(_ seed: UInt64) throws -> String {
        let count = seed.isMultiple(of: 2) ? 4 : 7
        var world = try World<Simplex>(powers: Array(repeating: 1, count: count), seed: seed)
        world.runToRest(within: SimplexSimulationTests.bound)
        return "seed \(seed) validators \(count) hash \(world.traceHash) events "
            + "\(world.eventCount) operations \(world.operations.count) plan \(world.plan)"
    }

    /// `REWRITE=1 swift test --filter PinnedRunTests` accepts what the code does now.
    @Test("A seed does what it did when it was pinned, in another process or another build")
    func pinned() async throws {
        let lines = try await Seeds.aside { try (UInt64(0)..<10).map(Self.line) }
        if ProcessInfo.processInfo.environment["REWRITE"] != nil {
            try (lines.joined(separator: "\n") + "\n")
                .write(to: Self.file, atomically: true, encoding: .utf8)
        }
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        let pinned = text.split(separator: "\n").map(String.init)
        #expect(pinned.count == lines.count)
        for (line, expected) in zip(lines, pinned) { #expect(line == expected) }
    }
}
