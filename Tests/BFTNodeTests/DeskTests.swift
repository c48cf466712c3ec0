import BFTBase
import BFTCore
import BFTLedger
import Testing

@testable import BFTNode

private let own = ValidatorIndex(2)

@Suite struct OpenBatchesTests {
    private func fill(_ batches: inout OpenBatches, _ origins: [UInt64], byteCount: Int = 1) {
        for origin in origins {
            batches.append(origin, upTo: byteCount) {
                $0.append(
                    contentsOf: repeatElement(UInt8(truncatingIfNeeded: origin), count: byteCount))
            }
        }
    }

    @Test("Alone, a transaction is sealed at once; behind eight batches it waits for more")
    func sealing() {
        var batches = OpenBatches(author: own, targetBytes: 4_096)
        #expect(!batches.isDue && !batches.hasUnanswered)
        var sealed: [Batch] = []
        for sequence in 1...8 as ClosedRange<UInt64> {
            fill(&batches, [sequence])
            #expect(batches.isDue)
            sealed.append(batches.seal(sequence: BatchSequence(sequence)))
        }
        fill(&batches, [9])
        #expect(!batches.isDue, "eight are under way")
        fill(&batches, [10], byteCount: 4_096)
        #expect(batches.isDue, "it is large")
        let last = batches.seal(sequence: BatchSequence(9))
        #expect(last.transactionCount == 2)
        fill(&batches, [11])
        #expect(!batches.isDue)
        for batch in sealed { _ = batches.finish(batch.reference) }
        #expect(batches.isDue, "one is under way")
    }

    @Test("A batch has room up to its target, and for one transaction beyond it")
    func room() {
        var batches = OpenBatches(author: own, targetBytes: 4_096)
        #expect(batches.hasRoom(for: 1 << 20))
        #expect(!batches.hasRoom(for: Batch.byteLimit))
        #expect(batches.hasRoom(for: Batch.byteLimit - Batch.byteOverhead))
        fill(&batches, [1], byteCount: 1_000)
        #expect(batches.hasRoom(for: 3_000))
        #expect(!batches.hasRoom(for: 4_000))
        let rest = 4_096 - batches.byteCount - Batch.transactionOverhead
        #expect(batches.hasRoom(for: rest) && !batches.hasRoom(for: rest + 1))
        #expect(!OpenBatches(author: own, targetBytes: .max).hasRoom(for: Batch.byteLimit))
    }

    @Test("Whoever waits for a transaction is named in the transaction's place")
    func origins() {
        var batches = OpenBatches(author: own, targetBytes: 4_096)
        fill(&batches, [7, 3, 7])
        let first = batches.seal(sequence: BatchSequence(1))
        fill(&batches, [9])
        let second = batches.seal(sequence: BatchSequence(2))
        #expect(batches.finish(first.reference) == [7, 3, 7])
        #expect(batches.finish(second.reference) == [9])
        #expect(!batches.hasUnanswered)
        #expect(first.author == own && first.sequence == BatchSequence(1))
    }

    @Test("A batch from before a restart, also one of the same sequence, is waited for by nobody")
    func unknown() {
        var batches = OpenBatches(author: own, targetBytes: 4_096)
        fill(&batches, [7])
        let mine = batches.seal(sequence: BatchSequence(5))
        let other = TestChain.batch(own.rawValue, 5, [("a", "b"), ("c", "d")])
        #expect(batches.finish(other.reference) == nil)
        #expect(batches.finish(TestChain.batch(own.rawValue, 4, []).reference) == nil)
        #expect(batches.finish(mine.reference) == [7])
    }

    @Test("A displaced batch is answered in its place, not before those that were sealed earlier")
    func displaced() {
        var batches = OpenBatches(author: own, targetBytes: 4_096)
        let sealed = (1...4 as ClosedRange<UInt64>).map { sequence in
            fill(&batches, [sequence])
            return batches.seal(sequence: BatchSequence(sequence)).reference
        }
        batches.displace(sealed[1])
        batches.displace(sealed[2])
        #expect(batches.takeDisplaced() == nil)
        #expect(batches.finish(sealed[3]) == nil, "its answer would overtake three")
        #expect(batches.finish(sealed[0]) == [1])
        #expect(batches.takeDisplaced() == [2])
        #expect(batches.takeDisplaced() == [3])
        #expect(batches.takeDisplaced() == nil)
        #expect(batches.finish(sealed[3]) == [4])
    }
}

@Suite struct QueryDeskTests {
    private func append(_ desk: inout QueryDesk, _ origins: [UInt64], isLocal: Bool = false) {
        for origin in origins { desk.append(origin, isLocal: isLocal) { $0.append(1) } }
    }

    @Test("Queries of one turn share a ticket, and tickets release all turns up to theirs in order")
    func tickets() {
        var desk = QueryDesk()
        #expect(desk.hold() == nil)
        append(&desk, [1, 2])
        #expect(desk.hold() == 1)
        append(&desk, [3])
        #expect(desk.hold() == 2)
        append(&desk, [4])
        #expect(desk.hold() == 3)
        #expect(desk.release(upTo: 0).isEmpty)
        #expect(desk.release(upTo: 2).map(\.origins) == [[1, 2], [3]])
        #expect(desk.release(upTo: 2).isEmpty)
        #expect(desk.release(upTo: 9).map(\.origins) == [[4]])
    }

    @Test("Local queries wait for no ticket")
    func local() {
        var desk = QueryDesk()
        append(&desk, [1], isLocal: true)
        append(&desk, [2])
        #expect(desk.takeLocal()?.origins == [1])
        #expect(desk.takeLocal() == nil)
        #expect(desk.hold() == 1)
    }

    @Test("There is room until too many queries, or bytes of them, are unanswered")
    func room() {
        var desk = QueryDesk()
        append(&desk, Array(repeating: 5, count: QueryDesk.limit))
        #expect(!desk.hasRoom && desk.hasUnanswered)
        _ = desk.hold()
        _ = desk.release(upTo: 1)
        #expect(!desk.hasRoom, "the executor has them: they are not answered yet")
        desk.answered(count: 1, byteCount: 1)
        #expect(desk.hasRoom)
        desk.answered(count: QueryDesk.limit - 1, byteCount: QueryDesk.limit - 1)
        #expect(!desk.hasUnanswered)
        desk.append(1, isLocal: false) {
            $0 = [UInt8](repeating: 0, count: QueryDesk.byteLimit)
        }
        #expect(!desk.hasRoom)
        desk.answered(count: 1, byteCount: QueryDesk.byteLimit)
        #expect(desk.hasRoom)
    }
}

@Suite struct RequestDeskTests {
    @Test("A ticket is taken once, is no session's, and is not given out again")
    func tickets() {
        var desk = RequestDesk<Int>()
        var answers: [Int] = []
        let tickets = (0..<3).map { number in desk.open { _ in answers.append(number) } }
        #expect(Set(tickets).count == 3)
        #expect(tickets.allSatisfy { Tickets.contain($0) })
        desk.take(tickets[1])?(.failure(.stopped))
        #expect(desk.take(tickets[1]) == nil)
        #expect(answers == [1] && desk.count == 2)
    }

    @Test("When all fail, each is told once, in the order in which they came")
    func failing() {
        var desk = RequestDesk<Int>()
        var answers: [Int] = []
        for number in 0..<100 {
            _ = desk.open { result in
                if case .failure(.stopped) = result { answers.append(number) }
            }
        }
        desk.failAll(.stopped)
        desk.failAll(.stopped)
        #expect(answers == Array(0..<100))
        #expect(!desk.hasUnanswered)
    }
}
