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
        #expect(isAnswered(3, at: 1))
        #expect(!isAnswered(3, at: 6_250) && isAnswered(2, at: 6_250))
        #expect(isAnswered(3, at: 6_251) && !isAnswered(2, at: 6_251))
        #expect(!isAnswered(3, at: 12_500) && isAnswered(3, at: 12_501))
    }

    @Test("Who wants a block is sent those below it, too, as many as it could have named")
    func ancestors() throws {
        var replica = try HostileMessageTests.replica()
        _ = HostileMessageTests.effects(.started, of: &replica)
        var blocks = [replica.committed]
        for number in 1...10 as ClosedRange<UInt64> {
            let block = Block(
                epoch: .zero, view: View(number), height: Height(number),
                parents: [blocks.last!.digest], proposer: replica.leader(of: View(number)),
                time: Timestamp(milliseconds: number), applied: replica.committed.applied,
                payload: [])
            let said = Statement(
                chain: .zero, epoch: .zero, kind: .notarize, view: block.view,
                height: block.height, block: block.digest)
            let vote = Vote(statement: said, voter: block.proposer, signature: [])
            let proposal = SimplexMessage.proposal(SimplexProposal(block: block, vote: vote))
            _ = HostileMessageTests.effects(
                .received(Verified(proposal), from: block.proposer), of: &replica)
            blocks.append(block)
        }
        let tip = blocks[10]
        for (peer, committed, expected) in [(1, 0, 8), (2, 1, 8), (3, 7, 3)] {
            let inquiry = SimplexInquiry(
                view: View(1), lackingSince: View(1), committed: Height(UInt64(committed)),
                wanted: [tip.digest])
            let effects = HostileMessageTests.effects(
                .received(Verified(.inquiry(inquiry)), from: ValidatorIndex(peer)), of: &replica)
            let sent = effects.compactMap { effect -> Block? in
                guard case .send(.block(let block), to: ValidatorIndex(peer)) = effect else {
                    return nil
                }
                return block
            }
            #expect(sent == Array(blocks.suffix(expected).reversed()))
        }
    }

    @Test("In each view a replica looks after three others, and in turn after all")
    func relayTargets() throws {
        for count in [1, 2, 3, 4, 7] {
            let (others, own) = (count - 1, ValidatorIndex(count - 1))
            let replica = Simplex(
                configuration: ReplicaConfiguration(
                    chain: .zero, epoch: .zero,
                    validators: try ValidatorSet(Array(repeating: 1, count: count)), own: own,
                    timing: .init(
                        viewTimeout: .milliseconds(100), idleInterval: .milliseconds(100))),
                root: try HostileMessageTests.replica().committed, certificate: nil, recovered: [])
            var reached: Set<Int> = []
            for view in 1...UInt64(count) {
                let targets = (0..<count).filter {
                    replica.isRelayTarget(ValidatorIndex($0), in: View(view))
                }
                #expect(targets.count == min(3, others) && !targets.contains(own.rawValue))
                reached.formUnion(targets)
            }
            #expect(reached.count == others)
        }
    }
}
