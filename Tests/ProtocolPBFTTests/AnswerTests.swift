@_spi(Verification) import BFTBase
import BFTCore
import Testing

@testable import ProtocolPBFT

/// How often a replica answers. The time for a view is 100 ms.
@Suite struct AnswerTests {
    @Test("Who asks is answered once in a sixteenth of the time for a view, and each for itself")
    func pause() throws {
        var replica = try HostileMessageTests.started()
        let proposal = HostileMessageTests.proposal(HostileMessageTests.block())
        _ = HostileMessageTests.hear(proposal, from: 0, &replica)
        func isAnswered(_ peer: Int, at microseconds: UInt64) -> Bool {
            let inquiry = PBFTInquiry(
                view: View(1), isJoined: true, committed: .zero, stable: .zero, wanted: [])
            var effects: [Effect<PBFT>] = []
            replica.handle(
                .received(Verified(.inquiry(inquiry)), from: ValidatorIndex(peer)),
                at: Instant(nanoseconds: 1_000 * microseconds), into: &effects)
            return effects.contains(.send(proposal, to: ValidatorIndex(peer)))
        }
        #expect(isAnswered(1, at: 1))
        #expect(!isAnswered(1, at: 6_250) && isAnswered(2, at: 6_250))
        #expect(isAnswered(1, at: 6_251) && !isAnswered(2, at: 6_251))
        #expect(!isAnswered(1, at: 12_500) && isAnswered(1, at: 12_501))
    }

    private static func vote(view: UInt64, height: UInt64) -> PBFTMessage {
        .vote(
            HostileMessageTests.vote(
                Statement(
                    chain: .zero, epoch: .zero, kind: .prepare, view: View(view),
                    height: Height(height), block: Digest(view, height, 0, 0))))
    }

    @Test("Votes of views long over are worth nothing, and one from far ahead shows that it is far")
    func usefulVotes() throws {
        var replica = try HostileMessageTests.started()
        for voter in [1, 2] {
            let wish = HostileMessageTests.viewChange(4, by: voter)
            _ = HostileMessageTests.hear(wish, &replica)
        }
        try #require(replica.view == View(4))
        let far = 2 * PBFTBounds.window + 1
        func useful(_ view: UInt64) -> [Bool] {
            [1, far].map { replica.isUseful(Self.vote(view: view, height: $0)) }
        }
        #expect(useful(2)[0] == false && useful(3)[0] && useful(4)[0] && useful(5)[0])
        #expect(useful(4)[1] && useful(2)[1], "it is behind")
    }

    @Test("The views of which votes are kept are counted once each")
    func keptViews() throws {
        var replica = try HostileMessageTests.started()
        #expect(replica.keptViewCount == 0)
        for (view, count) in [(1, 1), (2, 2), (3, 3), (2, 3)] as [(UInt64, Int)] {
            for height in [1, 2] as [UInt64] {
                _ = HostileMessageTests.hear(Self.vote(view: view, height: height), &replica)
            }
            #expect(replica.keptViewCount == count)
        }
        #expect(UInt64(replica.keptViewCount) <= replica.keptViewLimit)
    }
}
