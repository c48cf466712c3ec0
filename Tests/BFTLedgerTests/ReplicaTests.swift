@_spi(Verification) import BFTBase
import BFTCore
import ProtocolSimplex
import Testing

@testable import BFTLedger

/// What a protocol and a ledger do together, where the simulator's worlds don't come by.
@Suite struct ReplicaTests {
    typealias SUT = Replica<Simplex>

    /// The second of `count` validators, or the only one. The first leads view 1.
    static func replica(
        of count: Int = 4, frontier: UInt64 = 1, doesApplicationJudge: Bool = false,
        limits: LedgerLimits = LedgerLimits()
    ) throws -> SUT {
        let state = CommittedState(
            block: Fixture.genesis, stateRoot: Fixture.genesis.applied.root,
            frontier: Array(repeating: BatchSequence(frontier), count: count), certificate: nil)
        return SUT(
            configuration: ReplicaConfiguration(
                chain: Fixture.chain, epoch: .zero,
                validators: try ValidatorSet(Array(repeating: 1, count: count)),
                own: ValidatorIndex(min(1, count - 1)),
                timing: .init(viewTimeout: .seconds(1), idleInterval: .seconds(1))),
            limits: limits, state: state, doesApplicationJudge: doesApplicationJudge,
            recovered: [])
    }

    static func give(
        _ input: ReplicaInput<Simplex>, to replica: inout SUT
    )
        -> [ReplicaEffect<Simplex>]
    {
        var effects: [ReplicaEffect<Simplex>] = []
        replica.handle(
            input, at: Fixture.at(1), wallTime: Timestamp(milliseconds: 1_000), into: &effects)
        return effects
    }

    /// The leader's proposal of `block` arrives.
    static func propose(_ block: Block, to replica: inout SUT) -> [ReplicaEffect<Simplex>] {
        let statement = Statement(
            chain: Fixture.chain, epoch: .zero, kind: .notarize, view: block.view,
            height: block.height, block: block.digest)
        let proposal = SimplexProposal(
            block: block,
            vote: Vote(statement: statement, voter: block.proposer, signature: [1]))
        return give(
            .received(Verified(.consensus(.proposal(proposal))), from: block.proposer),
            to: &replica)
    }

    /// The kinds of the votes that `effects` ask to sign.
    static func votes(_ effects: [ReplicaEffect<Simplex>]) -> [VoteKind] {
        effects.compactMap {
            guard case .sign(let unsigned) = $0 else { return nil }
            return unsigned.statement.kind
        }
    }

    static let proposal = Fixture.block(on: Fixture.genesis, proposer: 0)

    @Test("An application that judges a proposal is shown its batches, in order")
    func applicationSees() throws {
        var replica = try Self.replica(doesApplicationJudge: true)
        _ = Self.give(.started, to: &replica)
        let batches = [Fixture.batch(3, 1, 3), Fixture.batch(2, 1, 2)]
        for batch in batches {
            _ = Self.give(
                .received(Verified(.ledger(.batch(Fixture.signed(batch)))), from: batch.author),
                to: &replica)
            _ = Self.give(.stored(batch.reference), to: &replica)
        }
        let block = Fixture.block(on: Fixture.genesis, payload: batches, proposer: 0)
        #expect(Self.propose(block, to: &replica).contains(.askApplication(block, batches)))
    }

    @Test("What the protocol has to say to one peer goes to that one")
    func connected() throws {
        var replica = try Self.replica()
        _ = Self.give(.started, to: &replica)
        for peer in [0, 2, 3].map({ ValidatorIndex($0) }) {
            let isAsked = Self.give(.connected(peer), to: &replica).contains {
                if case .send(.consensus(.inquiry), to: peer) = $0 { true } else { false }
            }
            #expect(isAsked)
        }
    }

    @Test("The place of an own batch that a crash took is filled by an empty one")
    func filledGap() throws {
        let own = ValidatorIndex(1)
        var replica = SUT(
            configuration: ReplicaConfiguration(
                chain: Fixture.chain, epoch: .zero, validators: Fixture.validators, own: own,
                timing: .init(viewTimeout: .seconds(1), idleInterval: .seconds(1))),
            limits: LedgerLimits(), state: .genesis(Fixture.genesis, validatorCount: 4),
            doesApplicationJudge: false,
            recovered: [
                .batch(BatchCopy(Fixture.batch(1, 1))), .batch(BatchCopy(Fixture.batch(1, 3))),
            ])
        #expect(replica.nextOwnSequence == BatchSequence(2))
        let stored = Self.give(.started, to: &replica).compactMap { effect -> Batch? in
            if case .store(let copy) = effect { copy.batch } else { nil }
        }
        #expect(stored.map(\.sequence) == [BatchSequence(2)] && stored[0].transactionCount == 0)
        #expect(replica.nextOwnSequence == BatchSequence(4))
    }

    @Test("A proposal that vouches for its own execution gets no vote but one to give up")
    func vouchesForItself() throws {
        var replica = try Self.replica()
        _ = Self.give(.started, to: &replica)
        let block = Fixture.block(
            on: Fixture.genesis, proposer: 0,
            applied: AppliedState(height: Height(1), root: .zero))
        #expect(Self.votes(Self.propose(block, to: &replica)) == [.nullify, .abstain])
    }

    @Test("A proposal gets a vote once the application agrees, and none while it does not")
    func applicationJudges() throws {
        for isValid in [true, false] {
            var replica = try Self.replica(doesApplicationJudge: true)
            _ = Self.give(.started, to: &replica)
            let asked = Self.propose(Self.proposal, to: &replica)
            #expect(asked.contains(.askApplication(Self.proposal, [])))
            #expect(Self.votes(asked).isEmpty)
            let stray = Self.give(.applicationJudged(.zero, isValid: true), to: &replica)
            #expect(Self.votes(stray).isEmpty)
            let answered = Self.give(
                .applicationJudged(Self.proposal.digest, isValid: isValid), to: &replica)
            #expect(Self.votes(answered) == (isValid ? [.notarize] : [.nullify, .abstain]))
            let again = Self.give(
                .applicationJudged(Self.proposal.digest, isValid: isValid), to: &replica)
            #expect(Self.votes(again).isEmpty)
        }
    }

    @Test("A proposer that vouches for another state is named, and its view given up")
    func divergence() throws {
        var replica = try Self.replica()
        _ = Self.give(.started, to: &replica)
        let wrong = Digest(6, 6, 6, 6)
        let block = Fixture.block(
            on: Fixture.genesis, proposer: 0, applied: AppliedState(height: .zero, root: wrong))
        let effects = Self.propose(block, to: &replica)
        #expect(
            effects.contains(
                .diverged(
                    Divergence(
                        proposer: ValidatorIndex(0), height: .zero, theirs: wrong,
                        ours: Fixture.genesis.applied.root))))
        #expect(Self.votes(effects) == [.nullify, .abstain])
    }

    @Test("An own batch that nobody orders is sent again, each time after twice as long")
    func reminder() throws {
        var ledger = Fixture.ledger()
        let batches = [Fixture.batch(0, 1), Fixture.batch(0, 2, size: 300 << 10)]
        for batch in batches {
            try ledger.pool.insert(Fixture.signed(batch), isChecked: true, isRequested: false)
            ledger.pool.noteDurable(batch.reference)
        }
        func sent(at milliseconds: UInt64) -> [BatchReference] {
            ledger.settleAgain(at: Fixture.at(milliseconds)).effects.compactMap {
                if case .broadcast(.ledger(.batch(let copy))) = $0 { copy.reference } else { nil }
            }
        }
        #expect(sent(at: 0).isEmpty)
        #expect(ledger.nextDeadline == Fixture.at(2_000))
        #expect(sent(at: 1_999).isEmpty)
        // Few at a time.
        #expect(sent(at: 2_000) == [batches[0].reference])
        #expect(sent(at: 5_999).isEmpty)
        #expect(sent(at: 6_000) == [batches[0].reference])
        // The next one has its own time, and goes however long it is.
        _ = ledger.pool.order(batches[0].reference)
        #expect(sent(at: 14_000).isEmpty)
        #expect(sent(at: 16_000) == [batches[1].reference])
        _ = ledger.pool.order(batches[1].reference)
        #expect(sent(at: 60_000).isEmpty)
        #expect(ledger.nextDeadline == nil)
    }

    @Test("A reminder brings as many batches as make 256 KiB, and the first however long it is")
    func remindedBytes() throws {
        for (byteCount, expected) in [(100 << 10, 2), (300 << 10, 1)] {
            var ledger = Fixture.ledger()
            let batches = (1...UInt64(expected + 1)).map { Fixture.batch(0, $0, size: byteCount) }
            for batch in batches {
                try ledger.pool.insert(Fixture.signed(batch), isChecked: true, isRequested: false)
                ledger.pool.noteDurable(batch.reference)
            }
            ledger.settleAgain(at: Fixture.at(0))
            let sent = ledger.settleAgain(at: Fixture.at(2_000)).effects.compactMap { effect in
                if case .broadcast(.ledger(.batch(let copy))) = effect {
                    copy.reference
                } else {
                    nil
                }
            }
            #expect(sent == batches[..<expected].map(\.reference))
        }
    }

    @Test("An own batch whose sequence is ordered already is given back")
    func displaced() throws {
        var replica = try Self.replica(frontier: 5)
        _ = Self.give(.started, to: &replica)
        let late = Fixture.batch(1, 4)
        #expect(Self.give(.sealed(late), to: &replica).contains(.displaced(late)))
        let next = Fixture.batch(1, 5)
        #expect(Self.give(.sealed(next), to: &replica).contains(.store(BatchCopy(next))))
    }

    @Test("A read is served with the claim that makes a quorum, and not before")
    func read() throws {
        var replica = try Self.replica()
        _ = Self.give(.started, to: &replica)
        let asked = Self.give(.read(ticket: 7), to: &replica)
        let nonces = asked.compactMap { effect -> UInt64? in
            guard case .broadcast(.ledger(.readProbe(let nonce))) = effect else { return nil }
            return nonce
        }
        let nonce = try #require(nonces.first)
        func claim(_ height: UInt64, by peer: Int) -> [ReplicaEffect<Simplex>] {
            let message = ReplicaMessage<Simplex>.ledger(
                .readClaim(nonce: nonce, height: Height(height)))
            return Self.give(.received(Verified(message), from: ValidatorIndex(peer)), to: &replica)
        }
        #expect(!claim(0, by: 0).contains(.readReady(upTo: 7)))
        #expect(!claim(1, by: 2).contains(.readReady(upTo: 7)))
        #expect(claim(0, by: 3).contains(.readReady(upTo: 7)))
    }

    @Test("The only validator reads without asking anybody, and reaches nobody to catch up from")
    func alone() throws {
        var replica = try Self.replica(of: 1)
        _ = Self.give(.started, to: &replica)
        #expect(Self.give(.read(ticket: 7), to: &replica).contains(.readReady(upTo: 7)))

        let validators = try ValidatorSet([1, 1, 1, 1])
        var catchUp = CatchUp(
            own: ValidatorIndex(1), validators: validators, limits: LedgerLimits())
        catchUp.reach(Fixture.certificate(Self.proposal, by: [1]), from: .zero)
        #expect(catchUp.nextRequest(tail: .zero, at: Fixture.at(0))?.peer == nil)
    }
}
