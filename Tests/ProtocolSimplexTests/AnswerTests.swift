@_spi(Verification) import BFTBase
import BFTCore
import Testing

@testable import ProtocolSimplex

/// How often a replica answers. The time for a view is 100 ms.
@Suite struct AnswerTests {
    @Test("Who asks is answered once in a sixteenth of the time for a view, and each for itself")
    func pause() throws {
        var replica = try HostileMessageTests.replica()
        _ = HostileMessageTests.effects(.started, of: &replica)
        let nullification = SimplexMessage.certificate(
            try HostileMessageTests.certificate(.nullify, view: 1))
        _ = HostileMessageTests.effects(
            .received(Verified(nullification), from: ValidatorIndex(3)), of: &replica)
        func isAnswered(_ peer: Int, at microseconds: UInt64) -> Bool {
            let inquiry = SimplexInquiry(
                view: View(1), lackingSince: View(1), committed: .zero, wanted: [])
            var effects: [Effect<Simplex>] = []
            replica.handle(
                .received(Verified(.inquiry(inquiry)), from: ValidatorIndex(peer)),
                at: Instant(nanoseconds: 1_000 * microseconds), into: &effects)
            return effects.contains(.send(nullification, to: ValidatorIndex(peer)))
        }
        #expect(isAnswered(1, at: 1))
        #expect(!isAnswered(1, at: 6_250) && isAnswered(2, at: 6_250))
        #expect(isAnswered(1, at: 6_251) && !isAnswered(2, at: 6_251))
        #expect(!isAnswered(1, at: 12_500) && isAnswered(1, at: 12_501))
    }
}
