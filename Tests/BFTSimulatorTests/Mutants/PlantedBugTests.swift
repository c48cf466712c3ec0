import BFTBase
import BFTCore
import BFTSimulator
import Foundation
import ProtocolSimplex
import SimulatedProtocols
import Testing

/// Every bug that was planted, of every protocol.
enum PlantedBugs {
    static let all =
        SimplexBugs.all + HostBugs.all + PBFTBugs.all + HotStuffBugs.all + FloorBugs.all
}

/// Every defence is taken away once, and the world has to notice.
@Suite struct PlantedBugTests {
    /// What `make mutants` asks for: `1`, or words of the names of some bugs.
    private static let words =
        ProcessInfo.processInfo.environment["MUTANTS"]?.split(separator: ",") ?? []

    private static func isChosen(_ bug: PlantedBug) -> Bool {
        words.isEmpty || words == ["1"] || words.contains { "\(bug)".contains($0) }
    }

    @Test("Every planted bug is found, where the product does nothing wrong")
    func planted() async throws {
        let chosen = PlantedBugs.all.filter(Self.isChosen)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for bug in chosen { group.addTask { try await Self.hunt(bug) } }
            try await group.waitForAll()
        }
        #expect(!chosen.isEmpty)
    }

    private static func hunt(_ bug: PlantedBug) async throws {
        let found = try await Seeds.aside {
            try bug.hunt().map { ($0, fault: try bug.violationWithoutBug($0.seed)) }
        }
        guard let (finding, fault) = found else {
            Issue.record("\(bug): survived \(bug.seedLimit) seeds")
            return
        }
        #expect(fault == nil, "the product fails where this was found: \(bug)")
        guard !words.isEmpty else { return }
        let row = [
            bug.protocolName, bug.name, "`\(bug.surroundings)`", finding.oracle,
            "\(finding.seed)", "\(finding.seed + 1)", String(format: "%.2f", finding.seconds),
        ]
        // For Scripts/mutants, which makes the table.
        print("mutant | " + row.joined(separator: " | "))
        print("\(bug): \(finding.violation)")
    }

    @Test("No two planted bugs have one name, and there are enough of them")
    func names() {
        let names = PlantedBugs.all.map(\.description)
        #expect(Set(names).count == names.count)
        #expect(names.count >= 80)
    }
}
