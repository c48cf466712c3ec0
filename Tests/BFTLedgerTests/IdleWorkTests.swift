@_spi(Verification) import BFTBase
import BFTCore
import ProtocolSimplex
import Testing

@testable import BFTLedger

/// A replica's work is bounded by what happens, not by what it is told.
@Suite struct IdleWorkTests {
    private static let first = Fixture.batch(1, 1)
    private static let second = Fixture.batch(2, 1)

    /// A ledger with a proposal that lacks two batches.
    private static func waiting() -> (Ledger, Block) {
        var ledger = Fixture.ledger()
        let block = Fixture.block(on: Fixture.genesis, payload: [first, second])
        ledger.tell(.judge(Branch(root: Fixture.genesis, ancestors: [], tip: block)))
        ledger.settle(at: Fixture.at(0))
        return (ledger, block)
    }

    @Test("What nobody asked for, or changes nothing, makes no replica look at anything again")
    func unasked() {
        let (ledger, _) = Self.waiting()
        let chain = Fixture.chain(2)
        let said: [LedgerMessage] = [
            .syncAncestors([]), .syncAncestors(chain), .syncResponse(Fixture.said(chain)),
            .syncRequest(.from(Height(9))), .batchRequest([Self.first.reference]),
            .readProbe(nonce: 1), .readClaim(nonce: 1, height: Height(3)),
            // Of another author, far ahead, and of another chain.
            .batch(Fixture.signed(Fixture.batch(2, 2))),
            .batch(Fixture.signed(Fixture.batch(3, 90_000))),
            .batch(Fixture.signed(Fixture.batch(3, 1), chain: .zero)),
        ]
        for message in said {
            var ledger = ledger
            ledger.hear(message, from: 3)
            #expect(!ledger.hasNews, "\(message)")
        }
        // The same batch twice.
        var twice = ledger
        twice.hear(.batch(Fixture.signed(Self.first)), from: 1)
        #expect(twice.hasNews)
        twice.settle(at: Fixture.at(0))
        twice.hear(.batch(Fixture.signed(Self.first)), from: 1)
        #expect(!twice.hasNews)
    }

    @Test("An answer that is awaited is looked at, be it of no use")
    func asked() {
        var (ledger, asked) = CatchUpTests.ledger(for: Fixture.chain(5))
        ledger.hear(.syncAncestors([]), from: asked)
        #expect(ledger.hasNews)
    }

    @Test("No signature is checked of an answer that nobody awaits")
    func useless() {
        let configuration = Fixture.ledger().configuration
        var replica = Replica<Simplex>(
            configuration: configuration, limits: LedgerLimits(),
            state: .genesis(Fixture.genesis, validatorCount: 4), recovered: [])
        let chain = Fixture.chain(5)
        let answers: [ReplicaMessage<Simplex>] = [
            .ledger(.syncResponse(Fixture.said(chain))), .ledger(.syncAncestors(chain)),
        ]
        for answer in answers {
            #expect(!replica.isUseful(answer, from: ValidatorIndex(1)))
        }
        // It learns that it is behind, and asks one.
        var effects: [ReplicaEffect<Simplex>] = []
        replica.handle(
            .received(
                Verified(.consensus(.certificate(Fixture.certificate(chain[4])))),
                from: ValidatorIndex(1)),
            at: Fixture.at(1), wallTime: Timestamp(milliseconds: 5), into: &effects)
        var asked: [Int] = []
        for case .send(.ledger(.syncRequest), let peer) in effects { asked.append(peer.rawValue) }
        #expect(asked.count == 1)
        for answer in answers {
            for peer in 1...3 {
                let isUseful = replica.isUseful(answer, from: ValidatorIndex(peer))
                #expect(isUseful == asked.contains(peer))
            }
        }
    }

    @Test("A proposal is looked at again once its last batch is here, and after a commit")
    func looks() {
        var (ledger, block) = Self.waiting()
        func isDue(_ ledger: Ledger) -> Bool {
            var judge = ledger.judge
            return !judge.takeDue().isEmpty
        }
        #expect(!isDue(ledger))
        ledger.hear(.batch(Fixture.signed(Self.first)), from: 1)
        #expect(!isDue(ledger))
        let nothing = ledger.settle(at: Fixture.at(0))
        #expect(nothing.effects.isEmpty && nothing.inputs.isEmpty)
        ledger.hear(.batch(Fixture.signed(Self.second)), from: 2)
        #expect(isDue(ledger))
        #expect(ledger.settle(at: Fixture.at(0)).isValid(block))

        // On a block that is not known to be committed, and of a time that has not come.
        var (other, base) = Self.waiting()
        let child = Fixture.block(on: base, time: 1_000_000)
        other.tell(.judge(Branch(root: Fixture.genesis, ancestors: [base], tip: child)))
        other.settle(at: Fixture.at(0))
        #expect(other.retryAt == Fixture.at(10) && !isDue(other))
        other.tell(.commit(Fixture.run([base])))
        #expect(isDue(other))
        other.settle(at: Fixture.at(0))
        let later = other.settle(at: Fixture.at(10), wallTime: 1_000_000)
        #expect(later.isValid(child))
    }

    @Test("What a queue of committed blocks holds and lacks is found by name")
    func queue() {
        var queue = CommitQueue(root: Fixture.genesis, inFlightLimit: 2)
        var blocks: [Block] = []
        for sequence in UInt64(1)...3 {
            let batches = [Fixture.batch(1, sequence), Fixture.batch(2, sequence)]
            blocks.append(Fixture.block(on: blocks.last ?? Fixture.genesis, payload: batches))
            queue.append(
                blocks.last!, certificate: Fixture.commit(blocks.last!),
                frontier: Array(repeating: BatchSequence(1), count: 4),
                batches: [batches[0], sequence == 2 ? batches[1] : nil])
        }
        #expect(queue.batch(blocks[1].payload[1]) == Fixture.batch(2, 2))
        #expect(queue.batch(blocks[0].payload[1]) == nil && queue.lacks(blocks[0].payload[1]))
        let early = queue.nextForExecution()
        #expect(early == nil)
        // The upper one first.
        for sequence in [3, 1] as [UInt64] {
            let batch = Fixture.batch(2, sequence)
            let supplies = [queue.supply(batch), queue.supply(batch)]
            #expect(supplies == [true, false])
            #expect(queue.batch(batch.reference) == batch && !queue.lacks(batch.reference))
        }
        for block in blocks {
            let next = queue.nextForExecution()
            #expect(next?.block == block)
            queue.finished(block.height)
            for reference in block.payload { #expect(queue.batch(reference) == nil) }
        }
    }
}
