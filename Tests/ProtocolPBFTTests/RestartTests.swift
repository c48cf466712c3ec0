import BFTBase
import BFTCore
import Testing

@testable import ProtocolPBFT

/// Which view a replica is in after a restart.
@Suite struct RestartTests {
    private typealias Hostile = HostileMessageTests

    private static func replica(_ records: [PBFTRecord]) throws -> PBFT {
        PBFT(
            configuration: try Hostile.replica().configuration, root: Hostile.genesis,
            certificate: nil, recovered: records)
    }

    @Test("Whatever record is of the latest view, the replica is in that view again")
    func views() throws {
        let block = Hostile.block(view: 4, proposer: 3)
        let content = PBFTViewChangeContent(
            chain: .zero, epoch: .zero, view: View(4), highest: nil)
        let records: [PBFTRecord] = [
            .entered(View(4)), .prepared(block, in: View(4)), .voted(Hostile.said(.prepare, block)),
            .certificate(try Hostile.certificate(Hostile.said(.prepare, block))),
            .viewChange(content),
            .newView(PBFTNewViewContent(outcome: content, viewChanges: [], certificate: nil)),
        ]
        for record in records {
            #expect(try Self.replica([record]).view == View(4), "\(record)")
            #expect(try Self.replica([record, .entered(View(2))]).view == View(4), "\(record)")
        }
    }
}
