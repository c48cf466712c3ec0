import BFTBase
import BFTCore
import ProtocolSimplex
import Testing

@testable import BFTLedger

@Suite struct CatchUpTests {
    /// A ledger that has set out for the last of `blocks`, and whom it asked.
    static func ledger(for blocks: [Block]) -> (Ledger, asked: Int) {
        var limits = LedgerLimits()
        limits.syncBlocks = 4
        var ledger = Fixture.ledger(limits: limits)
        ledger.tell(.fetch(Fixture.certificate(blocks.last!)))
        let asked = settle(&ledger, at: 0)!
        return (ledger, asked)
    }

    /// Whom the ledger asks for blocks at a time.
    static func settle(_ ledger: inout Ledger, at milliseconds: UInt64) -> Int? {
        ledger.settle(at: Fixture.at(milliseconds)).syncRequests.first?.peer.rawValue
    }

    static func give(
        _ run: UncheckedRun, to ledger: inout Ledger, from peer: Int, at milliseconds: UInt64 = 0
    ) -> Turn<Simplex> {
        ledger.hear(.syncResponse(run), from: peer, at: Fixture.at(milliseconds))
    }

    @Test("A run that links and is certified is committed, and the same peer is asked for more")
    func honest() {
        let blocks = Fixture.chain(5)
        var (ledger, peer) = Self.ledger(for: blocks)
        let first = Array(blocks[..<3])
        #expect(
            Self.give(Fixture.said(first), to: &ledger, from: peer).caughtUp
                == [Fixture.run(first)])
        #expect(ledger.queue.tail == blocks[2])
        #expect(Self.settle(&ledger, at: 1) == peer)
        // A run may begin with what is here already.
        let rest = Fixture.said(Array(blocks[1...]))
        #expect(
            Self.give(rest, to: &ledger, from: peer).caughtUp
                == [Fixture.run(Array(blocks[3...]))])
        #expect(ledger.queue.tail == blocks[4])
        #expect(Self.settle(&ledger, at: 2) == nil)
        #expect(!ledger.catchUp.isActive)
    }

    @Test("Whatever a liar sends changes nothing and costs it its turn")
    func liars() {
        let blocks = Fixture.chain(5)
        let fork = Fixture.block(on: Fixture.genesis, proposer: 2)
        let outOfOrder = Fixture.block(on: Fixture.genesis, payload: [Fixture.batch(1, 2)])
        // A quorum of votes that commit nothing, and of such that commit if they are everybody's.
        let uncommitted = [VoteKind.support, .notarize].map {
            UncheckedRun(
                blocks: [blocks[0]], certificate: Fixture.certificate(blocks[0], kind: $0))
        }
        let lies =
            uncommitted + [
                // Neither linked to what is here nor all that fits.
                Fixture.said(Array(blocks[2...])),
                Fixture.said([blocks[0]], by: [1, 2]),  // No quorum.
                Fixture.said([outOfOrder]),
                Fixture.said([fork], by: [3]),
            ]
        for lie in lies {
            var (ledger, peer) = Self.ledger(for: blocks)
            let turn = Self.give(lie, to: &ledger, from: peer)
            #expect(ledger.queue.tail == Fixture.genesis)
            #expect(turn.effects.count == 1 && turn.rejections.count == 1)
            let next = Self.settle(&ledger, at: 1)
            #expect(next != nil && next != peer)
        }
    }

    @Test("Who does not answer loses its turn, and an answer that nobody asked for is refused")
    func staller() {
        let blocks = Fixture.chain(2)
        var (ledger, peer) = Self.ledger(for: blocks)
        #expect(Self.settle(&ledger, at: 499) == nil)
        #expect(ledger.nextDeadline == Fixture.at(500))
        let next = Self.settle(&ledger, at: 500)!
        #expect(next != peer)
        let stranger = (1...3).first { $0 != peer && $0 != next }!
        #expect(
            Self.give(Fixture.said(blocks), to: &ledger, from: stranger).effects
                == [.rejectedLedger(.uninvitedAnswer, from: ValidatorIndex(stranger))])
        #expect(Self.give(Fixture.said(blocks), to: &ledger, from: next).caughtUp.count == 1)
        #expect(ledger.queue.tail == blocks[1])
    }

    @Test("A good answer that comes after its turn is taken, and its sender is asked for more")
    func late() {
        let blocks = Fixture.chain(4)
        var (ledger, peer) = Self.ledger(for: blocks)
        let next = Self.settle(&ledger, at: 500)!
        let first = Array(blocks[..<2])
        #expect(
            Self.give(Fixture.said(first), to: &ledger, from: peer, at: 510).caughtUp
                == [Fixture.run(first)])
        #expect(Self.settle(&ledger, at: 511) == peer)
        // Who was asked meanwhile may answer, too: once, with what is still lacking.
        #expect(
            Self.give(Fixture.said(blocks), to: &ledger, from: next, at: 520).caughtUp.count == 1)
        #expect(ledger.queue.tail == blocks[3])
        #expect(
            Self.give(Fixture.said(blocks), to: &ledger, from: next, at: 521).rejections
                == [.uninvitedAnswer])
    }

    @Test("A late answer that is of no use takes nobody's turn")
    func lateLie() {
        let blocks = Fixture.chain(2)
        var (ledger, peer) = Self.ledger(for: blocks)
        let next = Self.settle(&ledger, at: 500)!
        let lie = Fixture.said([blocks[0]], by: [1, 2])
        #expect(Self.give(lie, to: &ledger, from: peer, at: 510).rejections.count == 1)
        #expect(Self.settle(&ledger, at: 511) == nil)
        #expect(
            Self.give(Fixture.said(blocks), to: &ledger, from: next, at: 520).caughtUp.count == 1)
        #expect(ledger.queue.tail == blocks[1])
    }

    @Test("Committed and not executed survives a restart from a new log")
    func restart() {
        let blocks = Fixture.chain(3)
        var (ledger, peer) = Self.ledger(for: blocks)
        _ = Self.give(Fixture.said(blocks), to: &ledger, from: peer)
        let again = Ledger(
            configuration: ledger.configuration, limits: LedgerLimits(),
            state: .genesis(Fixture.genesis, validatorCount: 4), doesApplicationJudge: false,
            commitRules: Simplex.commitRules(ledger.configuration),
            committed: ledger.queue.runs.map { UncheckedRun($0) }, recovered: [])
        #expect(again.queue.tail == blocks[2])
        #expect(again.queue.backlog == 3)
        #expect(again.queue.tailCertificate == Fixture.commit(blocks[2]))
    }
}

@Suite struct ReadIndexTests {
    static func index() -> ReadIndex {
        ReadIndex(
            own: ValidatorIndex(0), validators: Fixture.validators,
            retryInterval: .milliseconds(100))
    }

    static func probe(_ reads: inout ReadIndex, claim: UInt64, at milliseconds: UInt64) -> UInt64? {
        reads.probe(
            ownClaim: Height(claim), wallTime: Timestamp(milliseconds: 7),
            at: Fixture.at(milliseconds))
    }

    @Test("A read waits for a quorum of claims that are executed here")
    func quorum() throws {
        var reads = Self.index()
        #expect(Self.probe(&reads, claim: 5, at: 0) == nil)
        reads.request(1)
        let nonce = try #require(Self.probe(&reads, claim: 5, at: 0))
        _ = reads.take(claim: Height(4), nonce: nonce, from: ValidatorIndex(1))
        #expect(reads.ready(executed: Height(9)) == nil)
        _ = reads.take(claim: Height(6), nonce: nonce, from: ValidatorIndex(2))
        #expect(reads.ready(executed: Height(5)) == nil)
        #expect(reads.ready(executed: Height(6)) == 1)
        #expect(reads.ready(executed: Height(9)) == nil)
    }

    @Test("Who claims too much is not counted, and stops nothing")
    func tooHigh() throws {
        var reads = Self.index()
        reads.request(1)
        let nonce = try #require(Self.probe(&reads, claim: 2, at: 0))
        _ = reads.take(claim: Height(.max), nonce: nonce, from: ValidatorIndex(1))
        _ = reads.take(claim: Height(2), nonce: nonce, from: ValidatorIndex(2))
        #expect(reads.ready(executed: Height(2)) == nil)
        _ = reads.take(claim: Height(1), nonce: nonce, from: ValidatorIndex(3))
        #expect(reads.ready(executed: Height(2)) == 1)
    }

    @Test("One that claims too little is outvoted by the honest one that must be counted")
    func tooLow() throws {
        var reads = Self.index()
        reads.request(1)
        let nonce = try #require(Self.probe(&reads, claim: 2, at: 0))
        // The write at height 3 was committed by v1, v2 and v3; v3 lies about it.
        _ = reads.take(claim: .zero, nonce: nonce, from: ValidatorIndex(3))
        _ = reads.take(claim: Height(3), nonce: nonce, from: ValidatorIndex(1))
        _ = reads.take(claim: Height(3), nonce: nonce, from: ValidatorIndex(2))
        #expect(reads.ready(executed: Height(2)) == nil)
        #expect(reads.ready(executed: Height(3)) == 1)
    }

    @Test("A lost probe is repeated; a read that comes meanwhile waits for the next one")
    func lost() throws {
        var reads = Self.index()
        reads.request(1)
        let nonce = try #require(Self.probe(&reads, claim: 0, at: 0))
        reads.request(2)
        #expect(Self.probe(&reads, claim: 0, at: 99) == nil)
        #expect(Self.probe(&reads, claim: 0, at: 100) == nonce)
        for peer in 1...2 { _ = reads.take(claim: .zero, nonce: nonce, from: ValidatorIndex(peer)) }
        #expect(reads.ready(executed: .zero) == 1)
        let second = try #require(Self.probe(&reads, claim: 0, at: 101))
        #expect(second > nonce)
        // Claims that answer the first probe say nothing of the second.
        for peer in 1...3 { _ = reads.take(claim: .zero, nonce: nonce, from: ValidatorIndex(peer)) }
        #expect(reads.ready(executed: .zero) == nil)
        for peer in 1...3 {
            _ = reads.take(claim: .zero, nonce: second, from: ValidatorIndex(peer))
        }
        #expect(reads.ready(executed: .zero) == 2)
    }

    @Test("Strangers and this replica itself are not counted as peers")
    func strangers() throws {
        var reads = Self.index()
        reads.request(1)
        let nonce = try #require(Self.probe(&reads, claim: 0, at: 0))
        for peer in [0, 4, 5_000] {
            _ = reads.take(claim: .zero, nonce: nonce, from: ValidatorIndex(peer))
        }
        _ = reads.take(claim: .zero, nonce: nonce, from: ValidatorIndex(1))
        #expect(reads.ready(executed: .zero) == nil)
    }

    @Test("Claims from before a restart answer no probe made after it")
    func restart() {
        var reads = Self.index()
        reads.request(1)
        let old = reads.probe(
            ownClaim: .zero, wallTime: Timestamp(milliseconds: 1), at: Fixture.at(0))
        var again = Self.index()
        again.request(1)
        let new = again.probe(
            ownClaim: .zero, wallTime: Timestamp(milliseconds: 2), at: Fixture.at(0))
        #expect(old != nil && new != nil && old != new)
    }
}
