import BFTBase
import BFTCore
import ProtocolSimplex
import Testing

@testable import BFTLedger

/// What whoever asks for batches is sent.
@Suite struct AnswerTests {
    private static let answerBytes = 64 << 10
    private static let batchBytes = 4 << 10

    private static func ledger(own: Int) -> Ledger {
        var limits = LedgerLimits()
        limits.answerBytes = answerBytes
        return Fixture.ledger(own: own, limits: limits)
    }

    /// Gives `ledger` what peer `sender` says, and returns what it sends. Authors sign truly.
    private static func tell(
        _ message: LedgerMessage, to ledger: inout Ledger, from sender: Int,
        at milliseconds: UInt64
    ) -> [ReplicaEffect<Simplex>] {
        let now = Fixture.at(milliseconds)
        var effects = ledger.hear(message, from: sender, at: now).effects
        for case .checkAuthorship(let vote) in effects {
            effects += ledger.tell(.authorshipChecked(vote, isGenuine: true), at: now).effects
        }
        return effects
    }

    /// The batches among `effects` that peer `number` is sent.
    private static func batches(
        sent effects: [ReplicaEffect<Simplex>], to number: Int
    ) -> [BatchCopy] {
        effects.compactMap {
            guard case .send(.ledger(.batch(let copy)), ValidatorIndex(number)) = $0 else {
                return nil
            }
            return copy
        }
    }

    /// A ledger of v0 that has these batches of v3 from v3.
    private static func holder(of batches: [Batch]) -> Ledger {
        var ledger = ledger(own: 0)
        for batch in batches {
            _ = tell(.batch(Fixture.signed(batch)), to: &ledger, from: 3, at: 0)
        }
        return ledger
    }

    @Test("Whoever asks again and again is sent so many bytes a second, whatever it costs others")
    func pestering() {
        // The first sequence is missing, so they stay for ever.
        let batches = (UInt64(2)...16).map { Fixture.batch(3, $0, size: Self.batchBytes) }
        var ledger = Self.holder(of: batches)
        let request = LedgerMessage.batchRequest(batches.map(\.reference))
        var byteCount = 0
        for time in UInt64(0)..<1_000 {
            let effects = Self.tell(request, to: &ledger, from: 3, at: time)
            byteCount += Self.batches(sent: effects, to: 3)
                .reduce(0) { $0 + $1.batch.encoded.count }
            if time == 500 {
                // Another peer is sent everything.
                let others = Self.tell(request, to: &ledger, from: 1, at: time)
                #expect(Self.batches(sent: others, to: 1).map(\.batch) == batches)
            }
        }
        // A second's worth at once, a second's worth meanwhile, and a batch that was begun.
        #expect(byteCount > Self.answerBytes)
        #expect(byteCount <= 2 * Self.answerBytes + 2 * Self.batchBytes)
        // It has made up for it after a while.
        let later = Self.tell(request, to: &ledger, from: 3, at: 2_000)
        #expect(Self.batches(sent: later, to: 3).count == 15)
    }

    @Test("Whoever makes its link anew again and again is greeted with so many bytes a second")
    func greetings() {
        var ledger = Self.ledger(own: 0)
        for sequence in UInt64(1)...15 {
            let batch = Fixture.batch(0, sequence, size: Self.batchBytes)
            ledger.tell(.sealed(batch))
            ledger.tell(.stored(batch.reference))
            ledger.tell(.batchSigned(batch.reference, signature: [7]))
        }
        var effects = ledger.tell(.connected(ValidatorIndex(1))).effects
        #expect(Self.batches(sent: effects, to: 1).count == 15)
        for _ in 0..<100 { effects += ledger.tell(.connected(ValidatorIndex(1))).effects }
        #expect(Self.batches(sent: effects, to: 1).count <= 17)
    }

    @Test("A peer that lost more than is sent in a second gets all of it from one that has it")
    func recovery() {
        let batches = (UInt64(1)...40).map { Fixture.batch(3, $0, size: Self.batchBytes) }
        var holder = Self.holder(of: batches)
        var peer = Self.ledger(own: 1)
        let block = Fixture.block(on: Fixture.genesis, payload: batches, proposer: 2)
        var voters = Bitmap(count: 4)
        for voter in [0, 2, 3] { voters.insert(voter) }
        peer.tell(
            .judge(
                Branch(
                    root: Fixture.genesis, ancestors: [], tip: block, isCertified: true,
                    voters: voters)))
        var now = Instant(nanoseconds: 0)
        while now < Fixture.at(10_000) {
            let turn = peer.settle(at: now, wallTime: 1_000)
            if turn.isValid(block) { break }
            // Nobody else answers.
            for case .send(.ledger(let request), ValidatorIndex(0)) in turn.effects {
                let milliseconds = now.nanoseconds / 1_000_000
                let answer = Self.tell(request, to: &holder, from: 1, at: milliseconds)
                for copy in Self.batches(sent: answer, to: 1) {
                    _ = Self.tell(.batch(copy), to: &peer, from: 0, at: milliseconds)
                }
            }
            guard let due = peer.nextDeadline else { break }
            now = peer.hasNews ? now : max(due, now.advanced(by: .milliseconds(1)))
        }
        #expect(now > Fixture.at(200) && now < Fixture.at(4_000))
        #expect(batches.allSatisfy { peer.pool.isHeld($0.reference) })
    }
}
