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

    @Test("A vote to commit is claimed after a restart, with or without the certificate below it")
    func claims() throws {
        let block = Hostile.block()
        let claims: [(PBFTRecord, Height)] = [
            (.voted(Hostile.said(.commit, block)), Height(1)),
            (.certificate(try Hostile.certificate(Hostile.said(.prepare, block))), Height(1)),
            (.voted(Hostile.said(.prepare, block)), .zero), (.prepared(block, in: View(1)), .zero),
            (.block(block), .zero),
        ]
        for (record, claim) in claims {
            #expect(try Self.replica([record]).commitVoteHeight == claim, "\(record)")
        }
    }

    @Test("A log that is cut says once what was prepared last in the view, whatever is committed")
    func preparedLast() throws {
        var (chain, records) = ([Hostile.genesis], [PBFTRecord.entered(View(1))])
        for height in [1, 2] as [UInt64] {
            let block = Block(
                epoch: .zero, view: View(1), height: Height(height), parents: [chain.last!.digest],
                proposer: ValidatorIndex(0), time: Timestamp(milliseconds: 10 + height),
                applied: Hostile.genesis.applied, payload: [])
            chain.append(block)
            if height == 1 { records.append(.prepared(block, in: View(1))) }
        }
        let prepared = chain[1]
        for root in chain {
            let configuration = try Hostile.replica().configuration
            let replica = PBFT(
                configuration: configuration, root: root, certificate: nil, recovered: records)
            let live = replica.liveRecords
            let said = live.filter { record in
                switch record {
                case .prepared(prepared, in: View(1)): true
                case .voted(let statement): statement == Hostile.said(.prepare, prepared)
                default: false
                }
            }
            #expect(said.count == 1, "committed at \(root.height)")
            // Whoever lost the chain prepares nothing else there.
            #expect(try Self.replica(live).own.prepared == prepared.name)
        }
    }
}
