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
}
