import BFTBase
import BFTCore
import BFTSimulator
import ProtocolPBFT
import SimulatedProtocols
import Testing

/// Every adversary of the catalogue, against PBFT.
@Suite struct PBFTAdversaryTests {
    static let catalogue = AdversaryCatalogue<PBFT>.all

    @Test("No malicious validator of four splits or stops PBFT, whatever it does")
    func oneOfFour() async throws {
        for entry in Self.catalogue {
            try await AdversaryTests.check(
                "PBFT, \(entry.name), 1 of 4", powers: [1, 1, 1, 1], [entry]
            ) { [Int($0 % 4)] }
        }
    }

    @Test("No two malicious validators of PBFT that work together split or stop the others")
    func twoTogether() async throws {
        for (number, first) in Self.catalogue.enumerated() where number.isMultiple(of: 4) {
            let second = Self.catalogue[(number * 5 + 3) % Self.catalogue.count]
            // One and three of fourteen.
            try await AdversaryTests.check(
                "PBFT, \(first.name) and \(second.name), weights", powers: [5, 1, 3, 3, 2],
                [first, second]
            ) { _ in [1, 2] }
        }
    }
}
