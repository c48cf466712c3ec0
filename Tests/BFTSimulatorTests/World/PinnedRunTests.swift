import BFTBase
import BFTSimulator
import Foundation
import ProtocolHotStuff
import ProtocolPBFT
import ProtocolSimplex
import SimulatedProtocols
import Testing

/// What some runs were when they were pinned. Every process, every build and every machine has to
/// do the same. `ProcessTests` hold other processes, also of other builds, against the same file.
@Suite struct PinnedRunTests {
    static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "PinnedRuns.txt")

    static let protocols = [
        SimulatedProtocol("simplex", Simplex.self), SimulatedProtocol("pbft", PBFT.self),
        SimulatedProtocol("hotstuff", HotStuff.self),
        SimulatedProtocol("hotstuff2", HotStuff2.self),
    ]

    /// Many seeds of the first protocol; of each, networks whose traitors are drawn, too.
    static func scenarios(of simulated: SimulatedProtocol) -> [Scenario] {
        let plain = (UInt64(0)..<(simulated.name == "simplex" ? 10 : 2)).map { seed in
            Scenario(
                powers: Array(repeating: 1, count: seed.isMultiple(of: 2) ? 4 : 7), seed: seed)
        }
        let drawn = (UInt64(100)..<200).map {
            Scenario.drawn(seed: $0, adversaries: simulated.adversaryNames)
        }.filter { !$0.seats.isEmpty && $0.powers.count < 8 }
        return plain + drawn.prefix(3)
    }

    /// The options of `bft simulate`, and what it says of the run.
    static func line(_ simulated: SimulatedProtocol, _ scenario: Scenario) throws -> String {
        let outcome = try simulated.run(scenario, RunOptions())
        #expect(outcome.violations.isEmpty, "\(scenario.options): \(outcome.violations)")
        let digits = String(outcome.traceHash, radix: 16)
        let hash = String(repeating: "0", count: 16 - digits.count) + digits
        let options = ["--protocol", simulated.name] + scenario.options
        return options.joined(separator: " ") + ": \(outcome.eventCount) events, "
            + "\(outcome.time.nanoseconds / 1_000_000) simulated ms, height \(outcome.height), "
            + "trace \(hash)"
    }

    /// `REWRITE=1 swift test --filter PinnedRunTests` accepts what the code does now.
    @Test("A run is what it was when it was pinned, with and without malicious validators")
    func pinned() async throws {
        let lines = try await Seeds.aside {
            try Self.protocols.flatMap { simulated in
                try Self.scenarios(of: simulated).map { try Self.line(simulated, $0) }
            }
        }
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
