@_spi(Verification) import BFTBase
import BFTCore
import BFTWire
import ProtocolSimplex
import Testing

@testable import BFTLedger

/// A log that was cut, and no chain beside it.
@Suite struct FloorTests {
    typealias SUT = Replica<Simplex>

    static func replica(
        on state: CommittedState = .genesis(Fixture.genesis, validatorCount: 4),
        _ records: [ReplicaRecord<Simplex>] = []
    ) -> SUT {
        SUT(
            configuration: ReplicaConfiguration(
                chain: Fixture.chain, epoch: .zero, validators: Fixture.validators,
                own: ValidatorIndex(0),
                timing: .init(viewTimeout: .seconds(1), idleInterval: .seconds(1))),
            limits: LedgerLimits(), state: state, recovered: records)
    }

    static func give(
        _ input: ReplicaInput<Simplex>, to replica: inout SUT
    ) -> [ReplicaEffect<Simplex>] {
        var effects: [ReplicaEffect<Simplex>] = []
        replica.handle(
            input, at: Fixture.at(1), wallTime: Timestamp(milliseconds: 1_000), into: &effects)
        return effects
    }

    static func state(at block: Block) -> CommittedState {
        CommittedState(
            block: block, stateRoot: .zero,
            frontier: Array(repeating: BatchSequence(1), count: 4),
            certificate: Fixture.commit(block))
    }

    @Test("A cut log says what it forgot; without the chain nothing is claimed, sealed or voted")
    func lostChain() throws {
        let blocks = Fixture.chain(9)
        let whole = Self.replica(on: Self.state(at: blocks[8]))
        let records = whole.liveRecords
        #expect(records.first == .floor(Floor(view: View(9), height: Height(9))))
        #expect(whole.hasRoom(for: 1))

        var bare = Self.replica(records)
        #expect(!bare.hasRoom(for: 1))
        #expect(bare.consensus.commitVoteHeight == Height(9) && bare.consensus.view == View(10))
        #expect(bare.liveRecords.first == records.first)
        // The certificate that the log begins with tells how far the others are, and no more.
        let effects = Self.give(.started, to: &bare)
        var asked: ValidatorIndex?
        for case .send(.ledger(.syncRequest(.from(Height(1)))), let peer) in effects {
            asked = peer
        }
        let answer = LedgerMessage.syncResponse(Fixture.said(blocks))
        _ = Self.give(
            .received(Verified(.ledger(answer)), from: try #require(asked)), to: &bare)
        #expect(bare.committedHeight == Height(9) && bare.hasRoom(for: 1))
    }

    @Test("Where the chain is whole, the floor says nothing")
    func wholeChain() {
        let blocks = Fixture.chain(9)
        let records = Self.replica(on: Self.state(at: blocks[8])).liveRecords
        let again = Self.replica(on: Self.state(at: blocks[8]), records)
        #expect(again.consensus == Self.replica(on: Self.state(at: blocks[8])).consensus)
        #expect(again.hasRoom(for: 1))
    }

    @Test("A long run that is not executed is recorded in pieces, and comes back whole")
    func pieces() throws {
        let blocks = Fixture.chain(600)
        let records = ReplicaRecord<Simplex>.records(of: Fixture.run(blocks))
        #expect(records.count == 3)
        for record in records {
            #expect(try ReplicaRecord<Simplex>(decoding: record.encoded) == record)
        }
        #expect(Self.replica(records).committedHeight == Height(600))
        #expect(Self.replica(Array(records.dropFirst())).committedHeight == .zero)
        #expect(Self.replica(records.dropLast()).committedHeight == .zero)
    }

    @Test("Batches of the log that are far ahead of a lost chain wait, and take no room meanwhile")
    func farBatches() {
        var pool = BatchPool(
            next: Array(repeating: BatchSequence(1), count: 4), own: ValidatorIndex(0),
            limits: LedgerLimits())
        let far = Fixture.signed(Fixture.batch(1, 1 << 40))
        let near = BatchCopy(Fixture.batch(1, UInt64(4 * Block.payloadLimit) + 1))
        for batch in [far, far, near] { pool.recover(batch) }
        #expect(pool.slotCount(of: ValidatorIndex(1)) == 0)
        #expect(pool.heldBatches == [near, far])
        #expect(pool.batch(far.reference) == far.batch && pool.copy(far.reference) == far)
        _ = pool.order(Fixture.batch(1, 1).reference)
        pool.bringNear()
        #expect(pool.slotCount(of: ValidatorIndex(1)) == 4 * Block.payloadLimit)
        #expect(pool.heldBatches == [near, far] && pool.isHeld(near.reference))
    }

    @Test("Batches of the log that are far ahead cost no more each the more there are")
    func manyFarBatches() {
        var pool = BatchPool(
            next: Array(repeating: BatchSequence(1), count: 4), own: ValidatorIndex(0),
            limits: LedgerLimits())
        let start = UInt64(4 * Block.payloadLimit) + 1
        let batches = (start..<start + 40_000).map { Fixture.batch(1, $0) }
        // A contradiction, too, and a place that is a little out of order.
        let other = Fixture.batch(1, start + 7, 9)
        for batch in [batches[2], batches[1], other] + batches {
            pool.recover(Fixture.signed(batch))
        }
        #expect(pool.slotCount(of: ValidatorIndex(1)) == 0)
        #expect(pool.heldBatches.count == batches.count + 1)
        let reordered = pool.heldBatches.map(\.batch).filter { $0 != other }
        #expect(reordered == batches)
        for batch in batches + [other] { #expect(pool.isHeld(batch.reference)) }
        #expect(!pool.isHeld(Fixture.batch(1, start + 7, 8).reference))
        #expect(!pool.isHeld(Fixture.batch(1, start + 40_000).reference))
        for sequence in 1..<start {
            _ = pool.order(Fixture.batch(1, sequence).reference)
            pool.bringNear()
        }
        for batch in batches {
            #expect(pool.order(batch.reference).batch == batch)
            pool.bringNear()
        }
        #expect(pool.heldBatches.isEmpty)
    }

    @Test("A long run that is committed at once finds batches of the log that were far ahead")
    func farBatchesOfARun() {
        let perBlock = Block.payloadLimit
        let batches = (1...UInt64(5 * perBlock)).map { Fixture.batch(1, $0) }
        var ledger = Fixture.ledger(recovered: batches.map { Fixture.signed($0) })
        #expect(ledger.pool.isHeld(batches[batches.count - 1].reference))
        var (blocks, parent): ([Block], Block) = ([], Fixture.genesis)
        for number in 0..<5 {
            parent = Fixture.block(
                on: parent, payload: Array(batches[number * perBlock..<(number + 1) * perBlock]))
            blocks.append(parent)
        }
        ledger.tell(.commit(Fixture.run(blocks)))
        #expect(ledger.queue.missing(limit: 1).isEmpty)
    }

    @Test("Own batches that are far ahead of a lost chain are signed again, and sent once they are")
    func farOwnBatches() {
        let authorship = Authorship(chain: Fixture.chain, epoch: .zero, signature: [9])
        var pool = BatchPool(
            next: Array(repeating: BatchSequence(1), count: 4), own: ValidatorIndex(0),
            limits: LedgerLimits())
        let own = Fixture.batch(0, UInt64(4 * Block.payloadLimit) + 1)
        pool.recover(BatchCopy(own))
        #expect(pool.unsignedBatches == [own.reference] && pool.copy(own.reference) == nil)
        pool.sign(own.reference, authorship, isChecked: true)
        #expect(pool.unsignedBatches.isEmpty)
        #expect(pool.copy(own.reference) == BatchCopy(own, authorship))
        _ = pool.order(Fixture.batch(0, 1).reference)
        pool.bringNear()
        #expect(pool.sendableBatches == [BatchCopy(own, authorship)])
    }
}
