import BFTBase
import BFTCore
import BFTLedger
import ProtocolPBFT
import Testing

@testable import BFTSimulator
@testable import SimulatedProtocols

/// What P5 has to cry about, one crime at a time, and what evidence is due. Four validators; v3
/// is malicious, and signs whatever it takes.
@Suite struct PBFTOracleTests {
    private static let signatures = StandInSignature(seed: 1)
    private static let chain = Digest(1, 0, 0, 0)
    private let node = ValidatorIndex(0)

    private func scene() throws -> Scene {
        Scene(
            validators: try ValidatorSet([1, 1, 1, 1]), isHonest: [true, true, true, false],
            areClocksRight: true, chain: Self.chain, limits: LedgerLimits(),
            signatures: Self.signatures)
    }

    private func oracle() throws -> ReportsTheHighest<PBFTSoundRules> {
        var oracle = ReportsTheHighest<PBFTSoundRules>(try scene())
        // With v3, this makes certificates of height 5 in view 1 and of height 3 in view 2.
        for (view, height) in [(1, 5), (2, 3)] as [(UInt64, UInt64)] {
            for voter in [0, 1] {
                let said = statement(.prepare, view, height)
                #expect(oracle.judge(.signed(.vote(said), by: ValidatorIndex(voter))) == nil)
            }
        }
        return oracle
    }

    private func statement(_ kind: VoteKind, _ view: UInt64, _ height: UInt64) -> Statement {
        let block = Digest(view, height, 0, 0)
        return Statement(
            chain: Self.chain, epoch: .zero, kind: kind,
            view: kind == .checkpoint ? .zero : View(view), height: Height(height), block: block,
            ancestor: kind == .checkpoint
                ? BlockName(height: Height(height), digest: block) : nil)
    }

    private func certificate(_ said: Statement) throws -> Certificate {
        let votes = [0, 1, 3].map {
            Vote(statement: said, voter: ValidatorIndex($0), signature: [])
        }
        return try #require(Certificate(statement: said, votes: votes, validatorCount: 4))
    }

    private func asks(
        for view: UInt64, reporting said: Statement?
    ) throws -> Observation<PBFT> {
        let content = PBFTViewChangeContent(
            chain: Self.chain, epoch: .zero, view: View(view),
            highest: said.map {
                PBFTCertificateName(view: $0.view, height: $0.height, block: $0.block)
            })
        return .signed(.viewChange(content, try said.map { try certificate($0) }), by: node)
    }

    @Test("A report of sufficient height conceals a certificate of a later view")
    func views() throws {
        var oracle = try oracle()
        #expect(oracle.judge(.signed(.vote(statement(.commit, 2, 3)), by: node)) == nil)
        var honest = oracle
        #expect(honest.judge(try asks(for: 3, reporting: statement(.prepare, 2, 3))) == nil)
        let flaw = oracle.judge(try asks(for: 3, reporting: statement(.prepare, 1, 5)))
        #expect(flaw?.contains("conceals") == true)
        // Said again, it is no second crime.
        #expect(oracle.judge(try asks(for: 3, reporting: statement(.prepare, 1, 5))) == nil)
    }

    @Test("What was voted upon or made durable is reported after a power cut, too")
    func cuts() throws {
        var durable = try oracle()
        let kept = try certificate(statement(.prepare, 2, 3))
        #expect(durable.judge(.durable(.certificate(kept), at: node)) == nil)
        var voted = try oracle()
        #expect(voted.judge(.signed(.vote(statement(.commit, 2, 3)), by: node)) == nil)
        for var oracle in [durable, voted] {
            #expect(oracle.judge(.powerCut(at: node, keeping: 0)) == nil)
            #expect(oracle.judge(try asks(for: 3, reporting: nil)) != nil)
        }
    }

    @Test("An accusation that waits is not missed, and one for batches pays for no vote")
    func evidence() throws {
        var oracle = EvidenceInView<PBFTSoundRules>(try scene())
        let first = Block(
            epoch: .zero, view: View(1), height: Height(1), parents: [.zero], proposer: node,
            time: Timestamp(milliseconds: 0),
            applied: AppliedState(height: .zero, root: .zero), payload: [])
        let committing = Statement(
            chain: Self.chain, epoch: .zero, kind: .commit, view: first.view,
            height: first.height, block: first.digest)
        let rules = CommitRules(
            chain: Self.chain, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
            kinds: PBFT.commitKinds)
        let run = CommittedRun(
            blocks: [first], certificate: try rules.check(try certificate(committing)))
        #expect(oracle.judge(.committed(try #require(run), at: node)) == nil)
        let votes = [UInt64(1), 2].map { content in
            Vote(
                statement: Statement(
                    chain: Self.chain, epoch: .zero, kind: .prepare, view: View(1),
                    height: Height(5), block: Digest(content, 0, 0, 0)),
                voter: ValidatorIndex(3), signature: [])
        }
        for vote in votes {
            _ = oracle.judge(
                .received(
                    .vote(vote), at: node, isUseful: true,
                    committed: Floor(view: first.view, height: first.height), current: View(1)))
        }
        #expect(oracle.judge(.rested(unfinished: nil)) != nil)
        let other = try OracleUnitTests.otherEvidence(numbered: 1)
        for observation in [.accused(other, by: node), .heldBack(other, by: node)]
            as [Observation<PBFT>]
        {
            #expect(oracle.judge(observation) == nil)
            #expect(oracle.judge(.rested(unfinished: nil)) != nil)
        }
        let proof = try #require(Evidence(votes[0], votes[1]))
        for observation in [.accused(proof, by: node), .heldBack(proof, by: node)]
            as [Observation<PBFT>]
        {
            var paid = oracle
            #expect(paid.judge(observation) == nil)
            #expect(paid.judge(.rested(unfinished: nil)) == nil)
        }
    }

    @Test("A report has to be shown, of an earlier view, and of votes that were cast")
    func shown() throws {
        let sound = try oracle()
        for said in [
            statement(.checkpoint, 1, 8), statement(.prepare, 3, 3), statement(.prepare, 1, 6),
        ] {
            var oracle = sound
            #expect(oracle.judge(try asks(for: 3, reporting: said)) != nil)
        }
        var oracle = sound
        #expect(oracle.judge(try asks(for: 3, reporting: statement(.prepare, 1, 5))) == nil)
    }
}
