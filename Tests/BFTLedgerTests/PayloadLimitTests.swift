import BFTBase
import BFTCore
import Testing

@testable import BFTLedger

/// How many batches a block names.
@Suite struct PayloadLimitTests {
    @Test("A leader names as many batches as a block may, and leaves the next one to another block")
    func payload() throws {
        for extra in -1...1 {
            var pool = BatchPoolTests.pool { $0.batchesPerAuthor = Block.payloadLimit + 8 }
            let count = Block.payloadLimit + extra
            for sequence in 1...UInt64(count) {
                let batch = Fixture.batch(1, sequence)
                try pool.insert(Fixture.signed(batch), isChecked: true, isRequested: false)
                pool.hold(batch.reference)
            }
            let drafted = pool.draft(frontier: pool.frontier, start: 0)
            #expect(drafted.count == min(count, Block.payloadLimit))
            #expect(drafted.map(\.sequence.rawValue) == Array(1...UInt64(drafted.count)))
        }
    }
}
