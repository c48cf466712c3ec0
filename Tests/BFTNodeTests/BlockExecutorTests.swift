import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import BFTStorage
import Testing

/// An application whose results and whose state are as large as a test says.
private struct Sized: Application {
    var resultByteCount = 1
    var savedByteCount = 1
    /// How many transactions were executed.
    private(set) var stateRoot = Digest.zero
    private var executedCount: UInt64 = 0

    init(resultByteCount: Int = 1, savedByteCount: Int = 1) {
        self.resultByteCount = resultByteCount
        self.savedByteCount = savedByteCount
    }

    func load(_ source: some StateSource) throws(ApplicationError) {}
    func begin(_ block: BlockContext) {}

    mutating func execute(_ transaction: RawSpan, result: inout ResultWriter) {
        executedCount += 1
        result.write(Array(repeating: 7, count: resultByteCount))
        result.end()
    }

    mutating func end() -> Digest {
        stateRoot = Digest(executedCount, 0, 0, 0)
        return stateRoot
    }

    func save(into changes: inout some StateSink) {
        let key: [UInt8] = [2]
        let value = Array(repeating: UInt8(1), count: savedByteCount - key.count)
        changes.put(key: key.span.bytes, value: value.span.bytes)
    }

    func query(_ request: RawSpan, answer: inout ResultWriter) {}
}

/// When the state is saved, and which results are kept.
@Suite struct BlockExecutorTests {
    private typealias Policy = BlockExecutor<Sized>.SavePolicy

    /// An executor of validator `own`, and how many bytes each block of `chain` counts for.
    private struct Fixture {
        let store: ChainStore
        var executor: BlockExecutor<Sized>
        var chain = TestChain()

        init(
            _ policy: Policy, _ application: consuming Sized = Sized(), own: Int = 0,
            on backend: any StorageBackend = MemoryBackend()
        ) throws {
            store = ChainStore(backend, rules: TestChain.rules)
            _ = try store.open(genesis: chain.genesis, chain: TestChain.digest)
            executor = BlockExecutor(
                application, store: store, own: ValidatorIndex(own), policy: policy)
        }

        @discardableResult
        mutating func execute(_ batches: [Batch]? = nil) -> ExecutedBlock {
            let committed = chain.append([("key", "value")], batches: batches)
            return executor.execute(committed, at: committed.batches.map { _ in nil })
        }

        /// Executes and keeps a block. Whether the state was to be saved after it.
        mutating func isSavedAfterOne() throws -> Bool {
            execute()
            try executor.flush()
            guard let save = executor.takeSave() else { return false }
            try store.write(save)
            executor.noteSaved()
            return true
        }

        /// After which of the next `count` blocks the state was saved, counted from 1.
        mutating func saves(in count: Int) throws -> [Int] {
            try (1...count).filter { _ in try isSavedAfterOne() }
        }
    }

    /// The bytes that a block of the fixture counts for.
    private func blockByteCount() throws -> Int {
        var chain = TestChain()
        return chain.append([("key", "value")]).block.payloadByteCount
    }

    @Test("The state is saved after as many blocks as the policy says, and again after as many")
    func blocks() throws {
        var fixture = try Fixture(Policy(byteCount: .max, blockCount: 3))
        #expect(try fixture.saves(in: 7) == [3, 6])
        #expect(try fixture.store.savedHeight() == Height(6))
    }

    @Test("The state is saved once so many bytes were executed, and not a byte before")
    func bytes() throws {
        let size = try blockByteCount()
        for (limit, expected) in [
            (3 * size, [3, 6]), (3 * size + 1, [4]), (3 * size - 1, [3, 6]),
        ] {
            var fixture = try Fixture(Policy(byteCount: limit, blockCount: .max))
            #expect(try fixture.saves(in: 7) == expected, "limit \(limit)")
        }
    }

    @Test("After a large save more is executed before the next, up to a limit")
    func largeSaves() throws {
        let size = try blockByteCount()
        let (byteCount, saved) = (2 * size, size)
        for (factor, limit, expected) in [
            (0, Int.max, [2, 4, 6, 8, 10]), (1, .max, [2, 4, 6, 8, 10]), (4, .max, [2, 6, 10]),
            (4, 3 * size, [2, 5, 8]), (4, 4 * size, [2, 6, 10]),
        ] {
            var policy = Policy(byteCount: byteCount, blockCount: .max)
            policy.factor = factor
            policy.byteCountLimit = limit
            var fixture = try Fixture(policy, Sized(savedByteCount: saved))
            #expect(try fixture.saves(in: 10) == expected, "factor \(factor), limit \(limit)")
        }
    }

    @Test("Validators save in turns: the first time comes the earlier, the later their turn")
    func turns() throws {
        let size = try blockByteCount()
        for (own, first) in [(0, 4), (1, 3), (2, 2), (3, 1), (4, 4), (6, 2)] {
            var policy = Policy(byteCount: 4 * size, blockCount: .max)
            policy.turns = 4
            var fixture = try Fixture(policy, own: own)
            #expect(try fixture.saves(in: 8) == [first, first + 4], "validator \(own)")
        }
    }

    @Test("The state waits until its block is kept, and is not saved again before that is done")
    func oneAtATime() throws {
        var fixture = try Fixture(Policy(byteCount: .max, blockCount: 2))
        fixture.execute()
        fixture.execute()
        var save = fixture.executor.takeSave()
        #expect(save == nil)
        #expect(fixture.executor.unflushedBlockCount == 2)
        try fixture.executor.flush()
        #expect(fixture.executor.unflushedBlockCount == 0)
        save = fixture.executor.takeSave()
        #expect(save?.height == Height(2))
        save = fixture.executor.takeSave()
        #expect(save == nil)
        for _ in 3...7 {
            fixture.execute()
            try fixture.executor.flush()
            save = fixture.executor.takeSave()
            #expect(save == nil)
        }
        fixture.executor.noteSaved()
        fixture.execute()
        try fixture.executor.flush()
        save = fixture.executor.takeSave()
        #expect(save?.height == Height(8))
    }

    @Test("Where no block was executed since, nothing is written")
    func nothingToFlush() throws {
        // The first write opens the store.
        let backend = FaultInjectingBackend(faults: .init(failingWrite: 2))
        var fixture = try Fixture(Policy(byteCount: .max, blockCount: .max), on: backend)
        try fixture.executor.flush()
        try fixture.executor.saveOnClose()
        fixture.execute()
        #expect(throws: StorageError.self) { try fixture.executor.flush() }
        // What could not be written is tried again.
        try fixture.executor.flush()
        try fixture.executor.flush()
        #expect(try fixture.store.head()?.block.height == Height(1))
    }

    @Test("At the end everything is kept and saved, what waits to be written included")
    func atTheEnd() throws {
        for count in 1...4 {
            let backend = MemoryBackend()
            var fixture = try Fixture(Policy(byteCount: .max, blockCount: 2), on: backend)
            for _ in 1...count { fixture.execute() }
            try fixture.executor.saveOnClose()
            #expect(fixture.executor.unflushedBlockCount == 0)
            #expect(try fixture.store.head()?.block.height == Height(UInt64(count)))
            #expect(try fixture.store.savedHeight() == Height(UInt64(count)))
            let before = backend.contents
            try fixture.executor.saveOnClose()
            #expect(backend.contents == before)
        }
    }

    @Test("Results are kept of the own batches alone, up to a limit and one result beyond it")
    func results() throws {
        let size = 1 << 20
        let limit = BlockExecutor<Sized>.resultByteLimit
        for own in 0...1 {
            var fixture = try Fixture(
                Policy(byteCount: .max, blockCount: .max), Sized(resultByteCount: size), own: own)
            let count = limit / size + 2
            let pairs = Array(repeating: ("key", "value"), count: count)
            let executed = fixture.execute([
                TestChain.batch(0, 1, pairs), TestChain.batch(1, 1, [("key", "value")]),
            ])
            #expect(executed.results.map(\.reference.author.rawValue) == [own])
            let kept = try #require(executed.results.first).results.count
            #expect(kept == (own == 0 ? limit / size : 1))
            #expect(executed.byteCount == kept * size)
            #expect(executed.stateRoot == Digest(UInt64(count + 1), 0, 0, 0))
        }
    }
}
