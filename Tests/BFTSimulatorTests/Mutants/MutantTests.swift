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
@Suite struct MutantTests {
    @Test(
        "A planted bug is found, where the product does nothing wrong", arguments: PlantedBugs.all)
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

    // MARK: By agreement alone

    /// Runs a mutant with no oracle but agreement: its invariants and its progress are judged by
    /// nobody, only what comes of them.
    private func hunt<Rules: VotingRules>(
        _ rules: Rules.Type, within limit: UInt64, _ surroundings: Surroundings
    ) async throws {
        let found = try await Seeds.aside { () throws -> Bool in
            for seed in 0..<limit {
                var world = try surroundings.world(
                    SimplexReplica<Rules>.self, seed: seed, oracles: .only(["agreement"]))
                world.run(until: world.submitUntil)
                if !world.violations.isEmpty { return true }
            }
            return false
        }
        #expect(found, "\(rules) survived \(limit) seeds, judged by agreement alone")
    }

    @Test("A quorum of half the power, or less, ends in two blocks at one height")
    func quorumByAgreement() async throws {
        try await hunt(HalfIsQuorum.self, within: 200, .split)
        try await hunt(OneIsQuorum.self, within: 50, .split)
    }

    @Test("A quorum of two thirds rounded down ends in two blocks at one height")
    func twoThirdsByAgreement() async throws {
        try await hunt(
            TwoThirdsRoundedDown.self, within: 100,
            .split.with(powers: Array(repeating: 1, count: 7)).with("fork", at: 0)
                .with("fork", at: 1))
    }

    @Test("Finalizing what was nullified ends in two blocks at one height")
    func nullifyByAgreement() async throws {
        try await hunt(FinalizesAfterNullify.self, within: 300, .ragged.with("withhold"))
        try await hunt(NullifiesAfterFinalize.self, within: 300, .ragged.with("withhold"))
    }

    @Test("Extending any notarized block ends in two blocks at one height")
    func anyParentByAgreement() async throws {
        try await hunt(AnyParentWillDo.self, within: 300, .ragged.with("skipping-leader"))
    }
}
