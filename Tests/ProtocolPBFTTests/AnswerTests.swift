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

    @Test(
        "A prepared certificate is worth its check above the highest, and below it until it is here"
    )
    func usefulCertificates() throws {
        var replica = try HostileMessageTests.started()
        func certificate(_ height: UInt64) throws -> PBFTMessage {
            let statement = Statement(
                chain: .zero, epoch: .zero, kind: .prepare, view: View(1), height: Height(height),
                block: Digest(height, 0, 0, 0))
            return .certificate(try HostileMessageTests.certificate(statement))
        }
        _ = HostileMessageTests.hear(try certificate(2), &replica)
        #expect(try !replica.isUseful(certificate(2)), "it is here")
        for height in [3, 1] as [UInt64] {
            #expect(try replica.isUseful(certificate(height)))
            _ = HostileMessageTests.hear(try certificate(height), &replica)
            #expect(try !replica.isUseful(certificate(height)), "it is here")
        }
    }

    @Test("A vote from ahead has a replica that is busy ask at once what it lacks, and once")
    func askingAhead() throws {
        let far = 2 * PBFTBounds.window + 1
        let ahead = [(1, far), (3, far), (2 + 2 * PBFTBounds.views, 1), (2, 1)]
        for (view, height) in ahead as [(UInt64, UInt64)] {
            var replica = try HostileMessageTests.started()
            func asks(_ input: Input<PBFT>, at milliseconds: UInt64) -> Bool {
                var effects: [Effect<PBFT>] = []
                replica.handle(
                    input, at: Instant(nanoseconds: milliseconds * 1_000_000), into: &effects)
                return effects.contains {
                    if case .broadcast(.inquiry) = $0 { true } else { false }
                }
            }
            func hears(_ view: UInt64, _ height: UInt64, at milliseconds: UInt64) -> Bool {
                let vote = Verified(Self.vote(view: view, height: height))
                return asks(.received(vote, from: ValidatorIndex(2)), at: milliseconds)
            }
            #expect(!asks(.work(pending: true), at: 20) && !hears(1, 1, at: 21))
            #expect(hears(view, height, at: 22))
            #expect(!hears(1, 2, at: 35), "it has asked")
        }
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
