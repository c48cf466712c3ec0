import BFTBase
import BFTCore
import Testing

@testable import ProtocolSimplex

/// Which view a replica is in after a restart.
@Suite struct RestartTests {
    private typealias Hostile = HostileMessageTests

    @Test("Whoever notarized a block is in its view again, though nothing else is in the log")
    func notarized() throws {
        for view in [2, 7] as [UInt64] {
            let block = Hostile.proposal(view: view, proposer: 1).block
            let replica = try Hostile.replica(recovered: [.notarized(block)])
            #expect(replica.view == View(view))
        }
    }

    @Test("Records of the committed view and of those before say nothing any more")
    func committedViews() throws {
        let root = Hostile.proposal(view: 3, proposer: 2).block
        for view in [2, 3] as [UInt64] {
            let block = Hostile.proposal(view: view, proposer: 1).block
            let said = Statement(
                chain: .zero, epoch: .zero, kind: .finalize, view: View(view), height: Height(1),
                block: block.digest)
            let records: [SimplexRecord] = [
                .notarized(block), .ancestor(block), .voted(said),
                .certificate(try Hostile.certificate(.nullify, view: view)),
            ]
            for record in records {
                #expect(
                    try Hostile.replica(on: root, recovered: [record])
                        == Hostile.replica(on: root), "\(record)")
            }
        }
        let later = Hostile.proposal(view: 4, proposer: 1).block
        let restored = try Hostile.replica(on: root, recovered: [.ancestor(later)])
        #expect(restored.liveRecords.contains(.ancestor(later)))
    }

    @Test("What commits a descendant of the root lets a replica into the view behind it")
    func descendant() throws {
        let root = Hostile.proposal(view: 3, proposer: 2).block
        let certificate = try Simplex.commitRules(Hostile.replica().configuration)
            .check(Hostile.certificate(.finalize, view: 6))
        var replica = try Hostile.replica(on: root, certificate: certificate)
        #expect(replica.view == View(7) && replica.committed == root)
        // The blocks between are asked for.
        let effects = Hostile.effects(.started, of: &replica)
        #expect(effects.contains(.fetch(certificate.certificate)))
    }

    @Test("A record that stands in the log twice says no more than one does")
    func twice() throws {
        let block = Hostile.proposal(view: 2, proposer: 1).block
        func said(_ kind: VoteKind) -> SimplexRecord {
            .voted(
                Statement(
                    chain: .zero, epoch: .zero, kind: kind, view: View(2),
                    height: kind.isBlockless ? .zero : Height(1),
                    block: kind.isBlockless ? .zero : block.digest))
        }
        let records: [SimplexRecord] = [
            .notarized(block), .ancestor(block), said(.abstain), said(.nullify), said(.support),
            said(.finalize), .certificate(try Hostile.certificate(.nullify, view: 2)),
        ]
        for record in records {
            #expect(
                try Hostile.replica(recovered: [record, record])
                    == Hostile.replica(recovered: [record]), "\(record)")
        }
    }
}
