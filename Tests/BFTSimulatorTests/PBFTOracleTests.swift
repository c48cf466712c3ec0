import BFTBase
import BFTCore
import BFTLedger
import ProtocolPBFT
import Testing

@testable import BFTSimulator
@testable import SimulatedProtocols

/// What P5 has to cry about, one crime at a time. Four validators; v3 is malicious, and signs
/// whatever it takes.
@Suite struct PBFTOracleTests {
    private static let signatures = StandInSignature(seed: 1)
    private static let chain = Digest(1, 0, 0, 0)
    private let node = ValidatorIndex(0)

    private func oracle() throws -> ReportsTheHighest<SoundPBFTRules> {
        var oracle = ReportsTheHighest<SoundPBFTRules>(
            Scene(
                validators: try ValidatorSet([1, 1, 1, 1]), isHonest: [true, true, true, false],
                areClocksRight: true, chain: Self.chain, limits: LedgerLimits(),
                signatures: Self.signatures))
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
        let content = ViewChangeContent(
            chain: Self.chain, epoch: .zero, view: View(view),
            highest: said.map {
                CertificateName(view: $0.view, height: $0.height, block: $0.block)
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
