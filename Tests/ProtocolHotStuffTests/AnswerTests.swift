@_spi(Verification) import BFTBase
import BFTCore
import Testing

@testable import ProtocolHotStuff

/// What a replica tells who asks, and how often. The time for a view is 100 ms.
@Suite struct AnswerTests {
    private typealias Hostile = HostileMessageTests

    /// A replica in view 4, which voted for nothing and knows a certificate of view 3.
    private static func replica() throws -> HotStuff {
        var replica = try Hostile.replica()
        _ = Hostile.effects(.started, of: &replica)
        Hostile.hear(.certificate(try Hostile.certificate(View(3))), &replica)
        try #require(replica.view == View(4))
        return replica
    }

    /// The messages that go to v1, which says that it is in `view` and knows nothing.
    private static func answer(
        in view: UInt64, at microseconds: UInt64, _ replica: inout HotStuff
    ) -> [HotStuffMessage] {
        let inquiry = HotStuffInquiry(
            view: View(view), highView: .zero, committed: .zero, wanted: [])
        var effects: [Effect<HotStuff>] = []
        replica.handle(
            .received(Verified(.inquiry(inquiry)), from: ValidatorIndex(1)),
            at: Instant(nanoseconds: 1_000 * microseconds), into: &effects)
        return effects.compactMap {
            guard case .send(let message, to: ValidatorIndex(1)) = $0 else { return nil }
            return message
        }
    }

    @Test("Who is in this view or an earlier one is told what it lacks, and nobody who is ahead")
    func views() throws {
        let certificate = HotStuffMessage.certificate(try Hostile.certificate(View(3)))
        for (view, isTold) in [(1, true), (3, true), (4, true), (5, false)] as [(UInt64, Bool)] {
            var replica = try Self.replica()
            let messages = Self.answer(in: view, at: 1, &replica)
            #expect(messages == (isTold ? [certificate] : []), "view \(view)")
        }
    }

    @Test("Who asks is answered once in a sixteenth of the time for a view")
    func pause() throws {
        var replica = try Self.replica()
        #expect(!Self.answer(in: 4, at: 1, &replica).isEmpty)
        #expect(Self.answer(in: 4, at: 6_250, &replica).isEmpty)
        #expect(!Self.answer(in: 4, at: 6_251, &replica).isEmpty)
        #expect(Self.answer(in: 4, at: 12_500, &replica).isEmpty)
    }

    @Test(
        "A certificate is worth its check if it is higher, or the first of a view to be committed")
    func usefulCertificates() throws {
        var replica = try Self.replica()
        func isUseful(_ view: UInt64) throws -> Bool {
            replica.isUseful(.certificate(try Hostile.certificate(View(view))))
        }
        #expect(try (1...5).map(isUseful) == [true, true, false, true, true])
        Hostile.hear(.certificate(try Hostile.certificate(View(2))), &replica)
        #expect(try (1...5).map(isUseful) == [true, false, false, true, true])
    }

    @Test("A proposal is worth its check until it is here, and another of its leader's once")
    func usefulProposals() throws {
        var replica = try Hostile.replica()
        _ = Hostile.effects(.started, of: &replica)
        let proposals = (10...12).map { Hostile.proposal(Hostile.block(time: $0)) }
        #expect(proposals.allSatisfy { replica.isUseful($0) })
        Hostile.hear(proposals[0], &replica)
        #expect(proposals.map { replica.isUseful($0) } == [false, true, true])
        // It shows that the leader contradicts itself, and one is enough.
        Hostile.hear(proposals[1], &replica)
        #expect(proposals.map { replica.isUseful($0) } == [false, false, false])
    }

    @Test(
        "What a proposal stands on is asked of its leader once in an eighth of the time for a view")
    func asking() throws {
        var replica = try Hostile.replica()
        _ = Hostile.effects(.started, of: &replica)
        let view = try #require(
            (9..<30).lazy.map { View($0) }.first {
                replica.leader(of: $0) != replica.configuration.own
            })
        let leader = replica.leader(of: view)
        let before = try Hostile.certificate(try #require(view.previous))
        Hostile.hear(.certificate(before), &replica)
        let block = Block(
            epoch: .zero, view: view, height: before.statement.height.next,
            parents: [before.statement.block], proposer: leader,
            time: Timestamp(milliseconds: 10), applied: Hostile.genesis.applied, payload: [])
        let said = Statement(
            chain: .zero, epoch: .zero, kind: .vote, view: view, height: block.height,
            block: block.digest)
        let proposal = HotStuffMessage.proposal(
            HotStuffProposal(
                block: block, vote: Vote(statement: said, voter: leader, signature: []),
                justify: before, timeouts: nil))
        func isAsked(_ input: Input<HotStuff>, at microseconds: UInt64) -> Bool {
            var effects: [Effect<HotStuff>] = []
            replica.handle(
                input, at: Instant(nanoseconds: 1_000 * microseconds), into: &effects)
            return effects.contains {
                if case .send(.inquiry, to: leader) = $0 { true } else { false }
            }
        }
        #expect(isAsked(.received(Verified(proposal), from: leader), at: 1))
        #expect(!isAsked(.timerFired, at: 12_500) && isAsked(.timerFired, at: 12_501))
        #expect(!isAsked(.timerFired, at: 25_000) && isAsked(.timerFired, at: 25_001))
    }
}
