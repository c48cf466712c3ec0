import BFTBase
import BFTCore
import Testing

@testable import BFTLedger

@Suite struct BatchPoolTests {
    static func pool(_ change: (inout LedgerLimits) -> Void = { _ in }) -> BatchPool {
        var limits = LedgerLimits()
        change(&limits)
        return BatchPool(
            next: Array(repeating: BatchSequence(1), count: 4), own: ValidatorIndex(0),
            limits: limits)
    }

    static func frontier(_ sequences: UInt64...) -> [BatchSequence] {
        sequences.map { BatchSequence($0) }
    }

    @Test("Only held batches are proposed, in sequence, one author after the other")
    func drafts() throws {
        var pool = Self.pool()
        let batches = [(1, 1), (1, 2), (2, 1), (2, 3)].map { Fixture.batch($0, UInt64($1)) }
        for batch in batches {
            try pool.insert(Fixture.signed(batch), isChecked: true, isRequested: false)
        }
        #expect(!pool.hasWork)
        #expect(pool.draft(frontier: pool.frontier, start: 0).isEmpty)
        for batch in batches { pool.hold(batch.reference) }
        #expect(pool.hasWork)
        let expected = [batches[0], batches[2], batches[1]].map(\.reference)
        // Sequence 3 of author 2 waits for sequence 2.
        #expect(pool.draft(frontier: pool.frontier, start: 0) == expected)
        #expect(
            pool.draft(frontier: Self.frontier(1, 2, 1, 1), start: 2)
                == [batches[2].reference, batches[1].reference])
    }

    @Test("A block names no more bytes than fit")
    func blockBytes() throws {
        var pool = Self.pool { $0.blockBytes = 250 }
        for sequence in UInt64(1)...5 {
            let batch = Fixture.batch(1, sequence, size: 82)  // 100 bytes encoded.
            try pool.insert(Fixture.signed(batch), isChecked: true, isRequested: false)
            pool.hold(batch.reference)
        }
        #expect(pool.draft(frontier: pool.frontier, start: 0).count == 2)
    }

    @Test("A batch that fits into no block is not kept, whoever asked for it")
    func oversized() throws {
        var pool = Self.pool { $0.blockBytes = 99 }
        let batch = Fixture.signed(Fixture.batch(1, 1, size: 82))  // 100 bytes encoded.
        for isRequested in [false, true] {
            #expect(throws: BatchRefusal.tooManyBytes) {
                try pool.insert(batch, isChecked: true, isRequested: isRequested)
            }
        }
        try pool.insert(
            Fixture.signed(Fixture.batch(1, 1, size: 81)), isChecked: true, isRequested: false)
    }

    @Test("Authors whose batches the application refuses are left out for a while, oneself never")
    func refused() throws {
        var pool = Self.pool()
        let batches = (0...2).map { Fixture.batch($0, 1) }
        for batch in batches {
            try pool.insert(Fixture.signed(batch), isChecked: true, isRequested: true)
            pool.hold(batch.reference)
        }
        func drafted() -> [Int] {
            pool.draft(frontier: pool.frontier, start: 0).map(\.author.rawValue)
        }
        for patience in [2, 4, 8] {
            pool.noteRefused([batches[0].reference, batches[1].reference])
            for _ in 0..<patience {
                #expect(drafted() == [0, 2])
                pool.noteCommitted(.zero)
            }
            #expect(drafted() == [0, 1, 2])
        }
        // What is left out is no reason to propose anything.
        for author in [0, 2] { _ = pool.order(batches[author].reference) }
        #expect(pool.hasWork)
        pool.noteRefused([batches[1].reference])
        #expect(!pool.hasWork && drafted().isEmpty)
        for _ in 0..<16 { pool.noteCommitted(.zero) }
        #expect(pool.hasWork && drafted() == [1])
        pool.noteRefused([batches[1].reference])
        _ = pool.order(batches[1].reference)
        try pool.insert(Fixture.signed(Fixture.batch(1, 2)), isChecked: true, isRequested: true)
        pool.hold(Fixture.batch(1, 2).reference)
        #expect(drafted() == [1])
    }

    @Test("An author fills its own window and no more")
    func flood() throws {
        var pool = Self.pool {
            $0.batchesPerAuthor = 8
            $0.bytesPerAuthor = 500
        }
        for sequence in UInt64(1)...5 {
            try pool.insert(
                Fixture.signed(Fixture.batch(3, sequence, size: 82)), isChecked: true,
                isRequested: false)
        }
        #expect(throws: BatchRefusal.tooManyBytes) {
            try pool.insert(
                Fixture.signed(Fixture.batch(3, 6, size: 82)), isChecked: true, isRequested: false)
        }
        for sequence in [9, 10, UInt64.max] {
            #expect(throws: BatchRefusal.beyondWindow) {
                try pool.insert(
                    Fixture.signed(Fixture.batch(3, sequence)), isChecked: true, isRequested: false)
            }
        }
        #expect(throws: BatchRefusal.unknownAuthor) {
            try pool.insert(Fixture.signed(Fixture.batch(4, 1)), isChecked: true, isRequested: true)
        }
        #expect(pool.slotCount(of: ValidatorIndex(3)) == 5)
        try pool.insert(Fixture.signed(Fixture.batch(2, 1)), isChecked: true, isRequested: false)
    }

    @Test("A contradicting batch is taken only if a proposal names it, and always then")
    func contradiction() throws {
        var pool = Self.pool()
        try pool.insert(Fixture.signed(Fixture.batch(3, 1, 0)), isChecked: true, isRequested: false)
        #expect(throws: BatchRefusal.contradictory) {
            try pool.insert(
                Fixture.signed(Fixture.batch(3, 1, 1)), isChecked: true, isRequested: false)
        }
        pool.hold(Fixture.batch(3, 1, 0).reference)
        pool.vouch(for: [Fixture.batch(3, 1, 0).reference], in: View(7))
        for content in UInt8(1)...200 {
            let batch = Fixture.batch(3, 1, content)
            try pool.insert(Fixture.signed(batch), isChecked: true, isRequested: true)
            pool.hold(batch.reference)
            #expect(pool.isHeld(batch.reference))
        }
        // What others count on stayed; what nobody counts on is bounded.
        #expect(pool.isHeld(Fixture.batch(3, 1, 0).reference))
        #expect(pool.heldBatches.count == 4)
        #expect(
            pool.byteCount
                == pool.heldBatches.reduce(0) { $0 + $1.batch.encoded.count })
    }

    @Test("What was vouched for in views that the chain has passed makes room for others")
    func passedViews() throws {
        var pool = Self.pool()
        for number in UInt8(1)...20 {
            let batch = Fixture.batch(3, 1, number)
            try pool.insert(Fixture.signed(batch), isChecked: true, isRequested: true)
            pool.hold(batch.reference)
            pool.vouch(for: [batch.reference], in: View(UInt64(number)))
        }
        #expect(pool.heldBatches.count == 20)
        pool.noteCommitted(View(15))
        try pool.insert(Fixture.signed(Fixture.batch(3, 1, 21)), isChecked: true, isRequested: true)
        // Those of views 15 to 20, and three besides, of which one is the last.
        for number in UInt8(1)...12 { #expect(!pool.isHeld(Fixture.batch(3, 1, number).reference)) }
        for number in UInt8(13)...20 { #expect(pool.isHeld(Fixture.batch(3, 1, number).reference)) }
        #expect(pool.heldBatches.count == 8)
        #expect(
            pool.byteCount
                == pool.heldBatches.reduce(Fixture.batch(3, 1, 21).encoded.count) {
                    $0 + $1.batch.encoded.count
                })
    }

    @Test("What was vouched for twice is counted on until the later view has passed")
    func vouchedTwice() throws {
        for views in [[2, 9], [9, 2]] as [[UInt64]] {
            var pool = Self.pool()
            let batch = Fixture.batch(3, 1, 0)
            try pool.insert(Fixture.signed(batch), isChecked: true, isRequested: true)
            pool.hold(batch.reference)
            for view in views { pool.vouch(for: [batch.reference], in: View(view)) }
            func crowd(_ contents: ClosedRange<UInt8>) throws {
                for content in contents {
                    let other = Fixture.signed(Fixture.batch(3, 1, content))
                    try pool.insert(other, isChecked: true, isRequested: true)
                }
            }
            pool.noteCommitted(View(9))
            try crowd(1...20)
            #expect(pool.isHeld(batch.reference))
            pool.noteCommitted(View(10))
            try crowd(21...40)
            #expect(!pool.isHeld(batch.reference))
        }
    }

    @Test("Ordering one batch displaces the others of its sequence")
    func displaced() throws {
        var pool = Self.pool()
        let (ours, theirs) = (Fixture.batch(0, 1, 1), Fixture.batch(0, 1, 2))
        try pool.insert(Fixture.signed(ours), isChecked: true, isRequested: true)
        try pool.insert(Fixture.signed(theirs), isChecked: true, isRequested: true)
        let (ordered, displaced) = pool.order(theirs.reference)
        #expect(ordered == theirs)
        #expect(displaced == [ours])
        #expect(pool.byteCount == 0)
        #expect(pool.frontier == Self.frontier(2, 1, 1, 1))
        #expect(throws: BatchRefusal.alreadyOrdered) {
            try pool.insert(Fixture.signed(ours), isChecked: true, isRequested: true)
        }
    }

    @Test("A place that a crash left empty is the next to fill")
    func gap() throws {
        var pool = Self.pool()
        pool.recover(BatchCopy(Fixture.batch(0, 1)))
        pool.recover(BatchCopy(Fixture.batch(0, 3)))
        #expect(pool.hasGap(of: ValidatorIndex(0)))
        #expect(pool.nextUnused(of: ValidatorIndex(0)) == BatchSequence(2))
        try pool.insert(Fixture.signed(Fixture.batch(0, 2)), isChecked: true, isRequested: true)
        #expect(!pool.hasGap(of: ValidatorIndex(0)))
        #expect(pool.nextUnused(of: ValidatorIndex(0)) == BatchSequence(4))
    }

    @Test("What was held before a crash is held after it, whatever the window says")
    func recoveryBeyondWindow() {
        var pool = Self.pool { $0.batchesPerAuthor = 4 }
        for sequence in UInt64(1)...20 { pool.recover(BatchCopy(Fixture.batch(1, sequence))) }
        #expect(pool.isHeld(Fixture.batch(1, 20).reference))
    }

    @Test("Payloads name every sequence of an author once, in order")
    func payloadOrder() {
        let one = Fixture.block(
            on: Fixture.genesis, payload: [Fixture.batch(1, 1), Fixture.batch(1, 2)])
        let two = Fixture.block(on: one, payload: [Fixture.batch(1, 3), Fixture.batch(0, 7)])
        let start = Self.frontier(7, 1, 1, 1)
        #expect(
            PayloadOrder.frontier(after: [one, two], committed: start) == Self.frontier(8, 4, 1, 1))
        #expect(PayloadOrder.frontier(after: [two], committed: start) == nil)
        #expect(PayloadOrder.frontier(after: [one, one], committed: start) == nil)
        let stranger = Fixture.block(on: Fixture.genesis, payload: [Fixture.batch(4, 1)])
        #expect(PayloadOrder.frontier(after: [stranger], committed: start) == nil)
    }

    @Test("What an undecided chain names is taken, however far ahead of what is committed here")
    func aheadOfTheCommit() throws {
        var pool = Self.pool()
        let copy = Fixture.signed(Fixture.batch(1, UInt64(Block.payloadLimit) + 1))
        try pool.insert(copy, isChecked: true, isRequested: true)
        pool.hold(copy.reference)
        #expect(pool.isHeld(copy.reference))
    }
}
