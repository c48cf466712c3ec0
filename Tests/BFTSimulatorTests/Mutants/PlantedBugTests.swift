import BFTBase
import BFTCore
import BFTSimulator
import Foundation
import ProtocolSimplex
import SimulatedProtocols
import Testing

/// Every bug that was planted, of every protocol.
enum PlantedBugs {
    static let all = SimplexBugs.all + HostBugs.all
}

/// Every defence is taken away once, and the world has to notice.
///
/// The hunt takes long: `make mutants` asks for it. `MutantTests` are those of every run.
@Suite struct PlantedBugTests {
    static let isAskedFor = ProcessInfo.processInfo.environment["MUTANTS"] != nil

    @Test(
        "A planted bug is found, where the product does nothing wrong", .enabled(if: isAskedFor),
        arguments: PlantedBugs.all)
    func planted(_ bug: PlantedBug) async throws {
        let finding = try await Seeds.aside { try bug.hunt() }
        guard let finding else {
            Issue.record("\(bug.name): survived \(bug.seedLimit) seeds")
            return
        }
        let fault = try await Seeds.aside { try bug.violationWithoutBug(finding.seed) }
        #expect(fault == nil, "the product fails where \(bug.name) was found")
        let row = [
            bug.protocolName, bug.name, "`\(bug.surroundings)`", finding.oracle,
            "\(finding.seed)", "\(finding.seed + 1)", String(format: "%.2f", finding.seconds),
        ]
        // For Scripts/mutants, which makes the table.
        print("mutant | " + row.joined(separator: " | "))
        print("mutant \(bug.name): \(finding.violation)")
    }

    @Test("No two planted bugs have one name, and there are enough of them")
    func names() {
        let names = PlantedBugs.all.map { "\($0.protocolName): \($0.name)" }
        #expect(Set(names).count == names.count)
        #expect(names.count >= 50)
    }
}
