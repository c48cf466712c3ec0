import BFTBase
import BFTCore
import BFTTestKit
import Testing

@testable import ProtocolSimplex

/// Each mend taken away: the transcript that shows it comes out different.
@Suite struct MutantTests {
    private static let mutants: [(transcript: String, mistake: any Mistake)] = [
        ("support_on_evidence", SupportsWhatItHolds()),
        ("supports_and_restarts", RunsOutOfSupports()),
        ("missed_chain", AsksForTwoBlocks()),
        ("why_it_voted", ForgetsWhy(part: .ancestors)),
        ("why_it_voted", ForgetsWhy(part: .parents)),
        ("why_it_voted", ForgetsWhy(part: .skippedViews)),
        ("passed_on", PassesNothingOn()),
        ("somebody_is_ahead", AsksNobodyAhead()),
        ("unknown_commit", AsksForNoCommit()),
        ("ancestors_are_held", ForgetsAncestors()),
        ("chain_moved_aside", KeepsNoCommitCertificate()),
        ("chain_gone_log_whole", GivesUpForgottenBlocks()),
    ]

    @Test("A transcript shows every mistake that is known")
    func mistakes() throws {
        for (transcript, mistake) in Self.mutants {
            let sound = try TranscriptTests.transcript(transcript)
            let wrong = try? sound.replayed(SimplexConversation(mistake: mistake))
            #expect(wrong != sound.text, "\(mistake) is not seen in \(transcript)")
        }
    }

    private static func block(_ view: UInt64, _ number: UInt64) -> Block {
        Block(
            epoch: .zero, view: View(view), height: Height(1), parents: [.zero],
            proposer: ValidatorIndex(1), time: Timestamp(milliseconds: number),
            applied: AppliedState(height: .zero, root: .zero), payload: [])
    }

    @Test("Nothing pushes out of a round what this replica or a quorum notarized")
    func eviction() throws {
        let validators = try ValidatorSet([1, 1, 1, 1])
        var round = SimplexRound(view: View(2), validators: validators)
        let (own, certified) = (Self.block(2, 0), Self.block(2, 1))
        round.own.notarized = own.digest
        round.keep(own)
        round.keep(certified)
        let said = Statement(
            chain: .zero, epoch: .zero, kind: .support, view: View(2), height: Height(1),
            block: certified.digest)
        let votes = (0..<3).map {
            Vote(statement: said, voter: ValidatorIndex($0), signature: [])
        }
        let certificate = try #require(
            Certificate(statement: said, votes: votes, validatorCount: 4))
        round.keep(certificate, isFinal: false)
        let others = (2..<20).map { Self.block(2, $0) }
        for block in others { round.keep(block) }
        #expect(round.block(named: own.digest) != nil)
        #expect(round.block(named: certified.digest) != nil)
        // And what may be pushed out is: S7.
        #expect(others.filter { round.block(named: $0.digest) != nil }.count == 4)
    }

    /// Three supports of a restarted voter for blocks that few notarized here must not keep its
    /// fourth from being counted, once it is known to be backed.
    @Test("A vote to support a backed block is counted whatever its voter supported before")
    func backedSupport() throws {
        var round = SimplexRound(view: View(2), validators: try ValidatorSet([1, 1, 1, 1]))
        func vote(_ kind: VoteKind, _ number: UInt64, by voter: Int) -> Vote {
            Vote(
                statement: Statement(
                    chain: .zero, epoch: .zero, kind: kind, view: View(2), height: Height(1),
                    block: Self.block(2, number).digest), voter: ValidatorIndex(voter),
                signature: [])
        }
        for number in 0..<5 {
            _ = round.insert(vote(.support, UInt64(number), by: 1), in: .support)
        }
        // S7: two of them are here.
        #expect(round.fallback?.supports(of: ValidatorIndex(1)).count == 2)
        for voter in 1...2 { _ = round.insert(vote(.notarize, 7, by: voter), in: .notarize) }
        let late = vote(.support, 7, by: 1)
        #expect(round.isUseful(late, in: .support))
        _ = round.insert(late, in: .support)
        for voter in 2...3 { _ = round.insert(vote(.support, 7, by: voter), in: .support) }
        let certificate = round.newCertificate(for: late.statement, in: .support) {
            3 * $0 > 2 * 4
        }
        #expect(certificate?.signers.population == 3)
    }
}
