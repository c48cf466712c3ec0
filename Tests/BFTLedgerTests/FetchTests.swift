import BFTBase
import BFTCore
import Testing

@testable import BFTLedger

@Suite struct FetchTests {
    static func fetcher(_ change: (inout LedgerLimits) -> Void = { _ in }) -> BatchFetcher {
        var limits = LedgerLimits()
        limits.answerTimeout = .milliseconds(100)
        change(&limits)
        return BatchFetcher(validatorCount: 4, own: ValidatorIndex(0), limits: limits)
    }

    @Test("A batch is asked of its proposer, its author, and then of everybody in turn")
    func rotation() {
        var fetcher = Self.fetcher()
        let batch = Fixture.batch(3, 1).reference
        fetcher.want(batch, from: ValidatorIndex(1), at: Fixture.at(0))
        var asked: [Int] = []
        for turn in UInt64(0)..<8 {
            let requests = fetcher.dueRequests(at: Fixture.at(100 * turn))
            #expect(requests.count == 1 && requests[0].1 == [batch])
            asked.append(requests[0].peer.rawValue)
            #expect(fetcher.dueRequests(at: Fixture.at(100 * turn + 50)).isEmpty)
        }
        #expect(asked[..<2] == [1, 3])
        #expect(Set(asked[2...]) == [1, 2, 3])
        #expect(!asked.contains(0))
        fetcher.found(batch)
        #expect(fetcher.nextDeadline == nil)
    }

    @Test("Names of batches that nobody has hold up nothing for long, and no deadline is past")
    func madeUpNames() {
        var fetcher = Self.fetcher()
        for sequence in UInt64(1)...4_096 {
            fetcher.want(
                Fixture.batch(2, sequence).reference, from: ValidatorIndex(2), at: Fixture.at(0))
        }
        let real = Fixture.batch(1, 1).reference
        fetcher.want(real, from: ValidatorIndex(1), at: Fixture.at(0))
        var now = Fixture.at(0)
        for turn in 0..<200 {
            let requests = fetcher.dueRequests(at: now)
            #expect(requests.reduce(0) { $0 + $1.1.count } <= 64)
            if requests.contains(where: { $0.1.contains(real) }) {
                #expect(turn <= 65)
                return
            }
            guard let next = fetcher.nextDeadline else { break }
            #expect(next > now)
            now = next
        }
        Issue.record("the real batch was never asked for")
    }

    @Test("What is not needed is forgotten")
    func keep() {
        var fetcher = Self.fetcher()
        let (first, second) = (Fixture.batch(1, 1).reference, Fixture.batch(1, 2).reference)
        fetcher.want(first, from: ValidatorIndex(1), at: Fixture.at(0))
        fetcher.want(second, from: ValidatorIndex(1), at: Fixture.at(0))
        fetcher.keep { $0 == second }
        #expect(!fetcher.isWanted(first) && fetcher.isWanted(second))
        #expect(fetcher.dueRequests(at: Fixture.at(0)).map(\.1) == [[second]])
    }

    @Test("A proposal of a later view takes the place of earlier ones")
    func judgeForgets() {
        var judge = ProposalJudge()
        let old = Fixture.block(on: Fixture.genesis, view: 1, payload: [Fixture.batch(1, 1)])
        let new = Fixture.block(on: Fixture.genesis, view: 2)
        judge.add(Branch(root: Fixture.genesis, ancestors: [], tip: old))
        #expect(judge.needs(Fixture.batch(1, 1).reference))
        judge.add(Branch(root: Fixture.genesis, ancestors: [], tip: new))
        #expect(!judge.contains(old.digest) && judge.contains(new.digest))
        #expect(!judge.needs(Fixture.batch(1, 1).reference))
    }

    @Test("Committed blocks are executed by height, each once all its batches are here")
    func commitQueue() {
        var queue = CommitQueue(root: Fixture.genesis, inFlightLimit: 2)
        let batches = (1...3).map { Fixture.batch(1, UInt64($0)) }
        var blocks: [Block] = []
        for batch in batches {
            blocks.append(Fixture.block(on: blocks.last ?? Fixture.genesis, payload: [batch]))
        }
        for (block, batch) in zip(blocks, [nil, batches[1], nil]) {
            queue.append(
                block, certificate: Fixture.commit(blocks[2]),
                frontier: Array(repeating: BatchSequence(1), count: 4), batches: [batch])
        }
        #expect(Self.next(&queue) == nil)
        #expect(queue.missing(limit: 1).map(\.0) == [batches[0].reference])
        #expect(!Self.supply(batches[1], to: &queue))
        #expect(Self.supply(batches[0], to: &queue))
        #expect(!Self.supply(batches[0], to: &queue))
        #expect(Self.next(&queue) == blocks[0])
        #expect(Self.next(&queue) == blocks[1])
        #expect(Self.supply(batches[2], to: &queue))
        #expect(Self.next(&queue) == nil)  // Two at a time.
        #expect(queue.batch(batches[2].reference) == batches[2])
        let run = CommittedRun(blocks: blocks, certificate: Fixture.commit(blocks[2]))
        #expect(queue.runs == [run])
        queue.finished(Height(1))
        #expect(queue.executed == Height(1))
        #expect(Self.next(&queue) == blocks[2])
        #expect(Self.next(&queue) == nil)
    }

    static func next(_ queue: inout CommitQueue) -> Block? { queue.nextForExecution()?.block }

    static func supply(_ batch: Batch, to queue: inout CommitQueue) -> Bool {
        queue.supply(batch)
    }
}
