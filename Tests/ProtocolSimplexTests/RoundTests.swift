import BFTBase
import BFTCore
import Testing

@testable import ProtocolSimplex

/// What is worth hearing of a view that somebody gave up.
@Suite struct RoundTests {
    private static func support(_ number: UInt64, by voter: Int) -> Vote {
        Vote(
            statement: Statement(
                chain: .zero, epoch: .zero, kind: .support, view: View(2), height: Height(1),
                block: Digest(number, 0, 0, 0)), voter: ValidatorIndex(voter), signature: [])
    }

    @Test(
        "A vote to support is worth its check while there is room and no certificate of its block")
    func supports() throws {
        var round = SimplexRound(view: View(2), validators: try ValidatorSet([1, 1, 1, 1]))
        for number in 1...2 as ClosedRange<UInt64> {
            let vote = Self.support(number, by: 1)
            #expect(round.isUseful(vote, in: .support))
            _ = round.insert(vote, in: .support)
            #expect(!round.isUseful(vote, in: .support), "it is here")
        }
        // S7: two blocks of a voter that are not known to be backed, and no third.
        #expect(!round.isUseful(Self.support(3, by: 1), in: .support))
        #expect(round.isUseful(Self.support(3, by: 2), in: .support))
        for voter in 2...3 { _ = round.insert(Self.support(1, by: voter), in: .support) }
        let certificate = try #require(
            round.newCertificate(for: Self.support(1, by: 1).statement, in: .support) {
                3 * $0 > 2 * 4
            })
        #expect(round.isUseful(Self.support(1, by: 0), in: .support))
        round.keep(certificate, isFinal: false)
        #expect(!round.isUseful(Self.support(1, by: 0), in: .support), "it adds nothing")
        #expect(round.isUseful(Self.support(2, by: 0), in: .support))
    }

    @Test("What is kept of votes to support is the same in whichever order their voters speak")
    func order() throws {
        func round(_ votes: [Vote]) throws -> SimplexRound {
            var round = SimplexRound(view: View(2), validators: try ValidatorSet([1, 1, 1, 1]))
            for vote in votes { _ = round.insert(vote, in: .support) }
            return round
        }
        let first = [Self.support(1, by: 1), Self.support(2, by: 1)]
        let (second, third) = (Self.support(1, by: 2), Self.support(2, by: 3))
        let one = try round(first + [second, third])
        #expect(try one == round([first[0], second, first[1], third]))
        #expect(try one == round(first + [third, second]))
        #expect(try one == round(first + [second, second, third]))
    }

    @Test("Those have notarized a block whose votes for it are here or in a certificate of them")
    func notarizers() throws {
        func votes(_ kind: VoteKind, _ number: UInt64, by voters: [Int]) -> [Vote] {
            let said = Statement(
                chain: .zero, epoch: .zero, kind: kind, view: View(2), height: Height(1),
                block: Digest(number, 0, 0, 0))
            return voters.map {
                Vote(statement: said, voter: ValidatorIndex($0), signature: [])
            }
        }
        var round = SimplexRound(view: View(2), validators: try ValidatorSet([1, 1, 1, 1]))
        for kind in [VoteKind.notarize, .finalize] {
            let some = votes(kind, 1, by: kind == .notarize ? [0, 1, 2] : [1, 2, 3])
            let certificate = try #require(
                Certificate(statement: some[0].statement, votes: some, validatorCount: 4))
            round.keep(certificate, isFinal: kind == .finalize)
        }
        _ = round.insert(votes(.notarize, 2, by: [3])[0], in: .notarize)
        let found = (1...3).map { round.notarizers(of: Digest($0, 0, 0, 0)).positions.map { $0 } }
        #expect(found == [[0, 1, 2], [3], []])
    }
}
