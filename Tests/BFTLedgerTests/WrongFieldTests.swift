@_spi(Verification) import BFTBase
import BFTCore
import BFTTestKit
import ProtocolSimplex
import Testing

@testable import BFTLedger

/// Every field of every signed message of the ledger that is taken, wrong in turn and signed with
/// the right keys.
@Suite struct WrongFieldTests {
    private typealias SUT = Replica<Simplex>
    private typealias Listener = FieldListener<LedgerMessage, Trace>

    private struct Trace: Equatable {
        let replica: SUT
        let effects: [ReplicaEffect<Simplex>]
    }

    /// A message, who sends it, and a replica that is about to hear it.
    private struct Sample {
        let replica: SUT
        let message: LedgerMessage
        let sender: ValidatorIndex

        init(_ message: LedgerMessage, from sender: Int, to replica: SUT) {
            (self.replica, self.message) = (replica, message)
            self.sender = ValidatorIndex(sender)
        }

        /// What the replica makes of a message, if a host finds it worth its time.
        func hear(_ message: LedgerMessage) -> FieldOutcome<Trace> {
            guard isHeard(message) else {
                return FieldOutcome(
                    Trace(replica: replica, effects: []), isRejection: true, isProgress: false)
            }
            var replica = replica
            let effects = ReplicaTests.give(
                .received(Verified(.ledger(message)), from: sender), to: &replica)
            let others = effects.filter {
                if case .rejectedLedger = $0 { false } else { true }
            }
            return FieldOutcome(
                Trace(replica: replica, effects: others),
                isRejection: others.count < effects.count, isProgress: false)
        }

        private func isHeard(_ message: LedgerMessage) -> Bool {
            if case .batch(let copy) = message,
                !replica.isUseful(BatchHead(of: copy), from: sender)
            {
                return false
            }
            return replica.isUseful(.ledger(message), from: sender)
        }
    }

    // MARK: Samples

    private static let batch = Fixture.batch(3, 1)
    private static let blocks = Fixture.chain(2)

    private static func started(_ check: BatchCheck?) throws -> SUT {
        var limits = LedgerLimits()
        limits.skippedCheck = check
        var replica = try ReplicaTests.replica(limits: limits)
        _ = ReplicaTests.give(.started, to: &replica)
        return replica
    }

    /// A replica to which v0 has proposed a block with the batch, which it lacks.
    private static func lacking(_ check: BatchCheck?) throws -> SUT {
        var replica = try started(check)
        _ = ReplicaTests.propose(
            Fixture.block(on: Fixture.genesis, payload: [batch], proposer: 0), to: &replica)
        return replica
    }

    /// A replica that has set out for the last block, and whom it asked.
    private static func behind(_ check: BatchCheck?) throws -> (SUT, asked: Int) {
        var replica = try started(check)
        let effects = ReplicaTests.give(
            .received(
                Verified(.consensus(.certificate(Fixture.certificate(blocks[1])))),
                from: ValidatorIndex(2)), to: &replica)
        for case .send(.ledger(.syncRequest), let peer) in effects {
            return (replica, peer.rawValue)
        }
        throw Failure("nobody was asked")
    }

    private static func samples(without check: BatchCheck? = nil) throws -> [Sample] {
        let (late, asked) = try behind(check)
        return [
            Sample(.batch(Fixture.signed(batch)), from: 3, to: try started(check)),
            Sample(.batch(Fixture.signed(batch)), from: 0, to: try lacking(check)),
            Sample(.syncResponse(Fixture.said(blocks)), from: asked, to: late),
        ]
    }

    /// Somebody else's and of another chain; and not of a quorum, which costs a peer its turn.
    private static func refused(for message: LedgerMessage) -> LedgerMessage {
        if case .batch = message {
            .batch(Fixture.signed(Fixture.batch(2, 9), chain: Digest(1, 2, 3, 4)))
        } else {
            .syncResponse(Fixture.said(blocks, by: [1, 2]))
        }
    }

    private static func listeners(of samples: [Sample]) -> [Listener] {
        samples.map {
            Listener($0.message, refused: [refused(for: $0.message)], hear: $0.hear)
        }
    }

    // MARK: What may differ

    private static let free: [FreeField<LedgerMessage>] =
        FreeField.all(
            ["sequence", "digest", "byteCount"].map { "batch.batch.reference.\($0)" },
            because: "what its author puts into it, and when, is for the author to say")
        + [
            FreeField(
                "batch.batch.reference.author", because: "the sender, whose own batch it is",
                if: { author(of: $0) == ValidatorIndex(0) }),
            FreeField(
                "syncResponse.certificate.signers", because: "any other quorum",
                if: { isQuorum(of: $0) }),
            FreeField(
                "syncResponse.certificate.statement.view",
                because: "a quorum said it of this block: in PBFT, of one of an earlier view"),
        ]

    private static func author(of message: LedgerMessage) -> ValidatorIndex? {
        if case .batch(let copy) = message { copy.batch.author } else { nil }
    }

    private static func isQuorum(of message: LedgerMessage) -> Bool {
        guard case .syncResponse(let run) = message else { return false }
        return run.certificate.signers.count == 4 && run.certificate.signers.positions.count >= 3
    }

    // MARK: Reviews

    private static func review() throws -> WrongFieldReview<LedgerMessage> {
        WrongFieldReview(try samples().map { FieldSample($0.message) }, free: free)
    }

    @Test("A field that says something else is refused, or says what its sender may say")
    func sound() throws {
        let samples = try Self.samples()
        let listeners = Self.listeners(of: samples)
        for (index, listener) in listeners.enumerated() {
            #expect(listener.isTaken, "sample \(index): \(samples[index].message)")
        }
        let review = try Self.review()
        for finding in review.findings({ listeners[$0.sample].verdict(on: $0.message) }) {
            Issue.record("\(finding)")
        }
    }

    @Test("Without a check, a wrong field passes")
    func mutants() throws {
        let review = try Self.review()
        for left in [BatchCheck.chain, .epoch, .authorship, .invitation] {
            let listeners = Self.listeners(of: try Self.samples(without: left))
            #expect(
                review.notices { listeners[$0.sample].verdict(on: $0.message) }, "\(left)")
        }
    }
}
