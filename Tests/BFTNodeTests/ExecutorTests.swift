import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTDisk
import BFTLedger
import BFTStorage
import BFTTestKit
import Glibc
import KeyValueStore
import Testing

@testable import BFTNode

/// What an executor handed back.
private final class Sink: Sendable {
    private struct State {
        var outcomes: [ExecutorOutcome] = []
        var byteCount = 0
        var deliveries: [Int] = []
    }
    private let state = Monitor(State())

    func add(_ outcomes: [ExecutorOutcome], _ byteCount: Int) {
        state.withLock { state in
            state.outcomes += outcomes
            state.byteCount += byteCount
            state.deliveries.append(byteCount)
        }
        state.notify()
    }

    /// The outcomes once there are `count`.
    func outcomes(_ count: Int) -> [ExecutorOutcome] {
        state.withLock(when: { $0.outcomes.count >= count }) { $0.outcomes }
    }

    var outcomes: [ExecutorOutcome] { state.withLock { $0.outcomes } }

    /// Those that came since the last time.
    func takeOutcomes() -> [ExecutorOutcome] {
        state.withLock { state in
            defer { state.outcomes = [] }
            return state.outcomes
        }
    }
    var byteCount: Int { state.withLock { $0.byteCount } }
    /// The bytes of each delivery.
    var deliveries: [Int] { state.withLock { $0.deliveries } }

    /// Takes what has come, as the loop does.
    func take(for executor: Executor<KeyValueStore>) {
        let taken = state.withLock { state in
            defer { state.byteCount = 0 }
            return state.byteCount
        }
        executor.took(byteCount: taken)
    }
}

@Suite struct ExecutorTests {
    private func start(
        _ backend: any StorageBackend, _ chain: TestChain, own: Int = 0,
        policy: BlockExecutor<KeyValueStore>.SavePolicy = NodeSettings.savePolicy()
    ) throws -> (Executor<KeyValueStore>, Sink) {
        let (executor, sink) = try make(backend, chain, own: own, policy: policy)
        executor.start()
        return (executor, sink)
    }

    /// An executor without a thread.
    private func make(
        _ backend: any StorageBackend, _ chain: TestChain, own: Int = 0,
        policy: BlockExecutor<KeyValueStore>.SavePolicy = NodeSettings.savePolicy()
    ) throws -> (Executor<KeyValueStore>, Sink) {
        let store = ChainStore(backend, rules: TestChain.rules)
        _ = try store.open(genesis: chain.genesis, chain: TestChain.digest)
        let sink = Sink()
        let executor = Executor(
            application: KeyValueStore(), store: store, own: ValidatorIndex(own), policy: policy
        ) { sink.add($0, $1) }
        return (executor, sink)
    }

    private func query(_ keys: [String]) -> QueryBatch {
        var batch = QueryBatch()
        for (position, key) in keys.enumerated() {
            _ = batch.append(UInt64(position)) { $0 += TestChain.get(key) }
        }
        return batch
    }

    @Test("Jobs are done in order, and a query sees exactly the blocks before it")
    func order() throws {
        var chain = TestChain()
        for height in 1...30 { chain.append([("key", "value\(height)")]) }
        let (executor, sink) = try start(MemoryBackend(), chain)
        for committed in chain.committed {
            executor.append(.execute(committed, places: [nil]))
            executor.append(.query(query(["key", "none"])))
        }
        let outcomes = sink.outcomes(60)
        let roots = chain.roots
        for height in 1...30 {
            guard case .executed(let block, let root, let results) = outcomes[2 * height - 2],
                case .answered(let answered) = outcomes[2 * height - 1]
            else {
                Issue.record("height \(height)")
                continue
            }
            #expect(block == chain.committed[height - 1])
            #expect(root == roots[height])
            #expect(results.map(\.reference) == block.batches.map(\.reference))
            #expect(results.map { text($0.results.result(0)) } == ["+OK\r\n"])
            #expect(answered.origins == [0, 1])
            let value = "value\(height)"
            #expect(text(answered.answers.result(0)) == "$\(value.utf8.count)\r\n\(value)\r\n")
            #expect(text(answered.answers.result(1)) == "_\r\n")
        }
        #expect(executor.close() == nil)
    }

    @Test("Results are kept of the own batches alone, each in its transaction's place")
    func ownResults() throws {
        var chain = TestChain()
        let batches = [
            TestChain.batch(2, 1, [("a", "1")]), TestChain.batch(0, 1, [("b", "1"), ("c", "1")]),
            TestChain.batch(2, 2, [("a", "2"), ("d", "1")]),
        ]
        chain.append(batches: batches)
        let (executor, sink) = try start(MemoryBackend(), chain, own: 2)
        executor.append(.execute(chain.committed[0], places: [nil]))
        guard case .executed(_, _, let results) = sink.outcomes(1)[0] else {
            Issue.record("not executed")
            return
        }
        #expect(results.map(\.reference) == [batches[0].reference, batches[2].reference])
        #expect(results.map(\.results.count) == [1, 2])
        #expect(executor.close() == nil)
    }

    @Test("Whatever a peer asks for comes as far as it is here, and then its end")
    func serving() throws {
        var chain = TestChain()
        for height in 1...5 { chain.append([("key", "\(height)")]) }
        let (executor, sink) = try start(MemoryBackend(), chain)
        for committed in chain.committed { executor.append(.execute(committed, places: [nil])) }
        let peer = ValidatorIndex(3)
        let references = chain.committed.map { $0.batches[0].reference }
        let unknown = TestChain.batch(1, 1, []).reference
        let jobs: [ExecutorJob] = [
            .readBlocks(.from(Height(2)), for: peer), .readBlocks(.from(Height(6)), for: peer),
            .readBatches([references[4], unknown, references[0]], for: peer),
            .readBlock(Height(5), ticket: 8), .readBlock(Height(6), ticket: 9), .sync,
        ]
        for job in jobs { executor.append(job) }
        let outcomes = sink.outcomes(16).dropFirst(5).map { outcome in
            switch outcome {
            case .blocks(.syncResponse(let run), peer):
                "run \(run.blocks[0].height) to \(run.certificate.statement.height)"
            case .batch(let batch, peer): "batch \(batch.sequence)"
            case .served(peer, let cost, let unclaimed):
                "served \(cost)" + (unclaimed == 0 ? "" : " and \(unclaimed)")
            case .block(let block, let ticket):
                "block \(block.map { "\($0.block.height)" } ?? "-") \(ticket)"
            case .synced: "synced"
            default: "\(outcome)"
            }
        }
        let isOwn = { (word: String) in word.hasPrefix("block") || word == "synced" }
        #expect(outcomes.filter(isOwn) == ["block 5 8", "block - 9", "synced"])
        #expect(
            outcomes.filter { !isOwn($0) } == [
                "run 2 to 5", "served 16", "served 16", "batch 5", "served 1", "served 1",
                "batch 1",
                "served 1",
            ])
        #expect(executor.close() == nil)
    }

    @Test("Blocks overtake what peers want to read, and peers take turns")
    func turns() throws {
        var chain = TestChain()
        for height in 1...4 { chain.append([("key", "\(height)")]) }
        let (executor, sink) = try make(MemoryBackend(), chain)
        func work() -> [String] {
            _ = executor.workHere()
            return sink.takeOutcomes().map { outcome in
                switch outcome {
                case .executed(let block, _, _): "block \(block.block.height)"
                case .batch(let batch, let peer): "batch \(batch.sequence) for \(peer)"
                case .served(let peer, _, _): "served \(peer)"
                default: "\(outcome)"
                }
            }
        }
        for committed in chain.committed.prefix(3) {
            executor.append(.execute(committed, places: [nil]))
        }
        #expect(work() == ["block 1", "block 2", "block 3"])
        let references = chain.committed.map { $0.batches[0].reference }
        for peer in [2, 3] {
            executor.append(.readBatches(Array(references[0...1]), for: ValidatorIndex(peer)))
        }
        #expect(work() == ["batch 1 for v2", "served v2"])
        executor.append(.execute(chain.committed[3], places: [nil]))
        #expect(work() == ["block 4", "batch 1 for v3", "served v3"])
        #expect(work() == ["batch 2 for v2", "served v2"])
        #expect(work() == ["batch 2 for v3", "served v3"])
        #expect(work().isEmpty)
    }

    @Test("After the disk has failed nothing is done any more, and the failure is told once")
    func failure() throws {
        var chain = TestChain()
        for height in 1...6 { chain.append([("key", "\(height)")]) }
        // The first write opens the store; each block that somebody wants to read takes two.
        for failing in 2...8 {
            let backend = FaultInjectingBackend(faults: .init(failingWrite: failing))
            let (executor, sink) = try start(backend, chain)
            for committed in chain.committed {
                executor.append(.execute(committed, places: [nil]))
                executor.append(.readBlock(committed.block.height, ticket: 0))
            }
            let kept = (failing - 2) / 2
            let outcomes = sink.outcomes(2 * kept + 2)
            #expect(executor.close() != nil)
            #expect(sink.outcomes.count == outcomes.count)
            for (position, outcome) in outcomes.enumerated() {
                switch outcome {
                case .executed: #expect(position.isMultiple(of: 2))
                case .block(let block, _): #expect(block != nil && position < 2 * kept)
                case .failed: #expect(position == 2 * kept + 1)
                default: Issue.record("\(outcome)")
                }
            }
        }
    }

    @Test("Blocks are kept behind their results: at the latest when nothing else is asked for")
    func keepingLater() throws {
        var chain = TestChain()
        for height in 1...3 { chain.append([("key", "\(height)")]) }
        let backend = MemoryBackend()
        let (executor, sink) = try start(backend, chain)
        for committed in chain.committed { executor.append(.execute(committed, places: [nil])) }
        #expect(sink.outcomes(3).count == 3)
        try eventually("the blocks are kept") {
            try ChainStore(backend, rules: TestChain.rules).head()?.block
                == chain.committed[2].block
        }
        #expect(executor.close() == nil)
    }

    @Test("A disk that refuses what is kept behind the results is a failure, too")
    func failingLater() throws {
        var chain = TestChain()
        chain.append()
        let backend = FaultInjectingBackend(faults: .init(failingWrite: 2))
        let (executor, sink) = try start(backend, chain)
        executor.append(.execute(chain.committed[0], places: [nil]))
        let outcomes = sink.outcomes(2)
        guard case .executed = outcomes[0], case .failed = outcomes[1] else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(executor.close() != nil)
    }

    @Test("A failing sync is a failure, too")
    func failingSync() throws {
        var chain = TestChain()
        chain.append()
        // The first sync opens the store.
        let backend = FaultInjectingBackend(faults: .init(failingSync: 2))
        let (executor, sink) = try start(backend, chain)
        executor.append(.sync)
        executor.append(.execute(chain.committed[0], places: [nil]))
        guard case .failed = sink.outcomes(1)[0] else {
            Issue.record("the failure was not told")
            return
        }
        #expect(executor.close() != nil)
        #expect(sink.outcomes.count == 1)
    }

    @Test("At its end the executor saves the state, so that the next start executes nothing again")
    func saving() throws {
        var chain = TestChain()
        for height in 1...3 { chain.append([("key\(height)", "1")]) }
        let backend = MemoryBackend()
        let (executor, _) = try start(backend, chain)
        for committed in chain.committed { executor.append(.execute(committed, places: [nil])) }
        #expect(try ChainStore(backend, rules: TestChain.rules).savedHeight() == .zero)
        #expect(executor.close() == nil)
        #expect(try ChainStore(backend, rules: TestChain.rules).savedHeight() == Height(3))
        var application = KeyValueStore()
        try application.load(ChainStore(backend, rules: TestChain.rules).stateSource)
        #expect(application.stateRoot == chain.roots[3])
    }

    @Test("A save leaves out nothing that changed while it was written")
    func savingBesides() throws {
        var chain = TestChain()
        for height in 1...40 { chain.append([("key", "\(height)"), ("key\(height)", "1")]) }
        let backend = MemoryBackend()
        let store = ChainStore(backend, rules: TestChain.rules)
        _ = try store.open(genesis: chain.genesis, chain: TestChain.digest)
        var blocks = BlockExecutor(
            KeyValueStore(), store: store, own: ValidatorIndex(0),
            policy: .init(byteCount: .max, blockCount: 3))
        var underWay: StateSave?
        for (position, committed) in chain.committed.enumerated() {
            _ = blocks.execute(committed, at: committed.batches.map { _ in nil })
            let early = blocks.takeSave()
            #expect(early == nil, "its block is not kept yet")
            try blocks.flush()
            if let save = blocks.takeSave() {
                let before = underWay
                #expect(before == nil)
                underWay = save
            }
            guard let save = underWay, position.isMultiple(of: 5) else { continue }
            try store.write(save)
            blocks.noteSaved()
            underWay = nil
            var application = KeyValueStore()
            let head = try #require(try store.head())
            #expect(try store.savedHeight() == save.height)
            try Replay.bring(&application, to: head, from: store)
            #expect(application.stateRoot == chain.roots[position + 1])
        }
        if let save = underWay { try store.write(save) }
        blocks.noteSaved()
        try blocks.saveOnClose()
        #expect(try store.savedHeight() == Height(40))
        var application = KeyValueStore()
        try application.load(store.stateSource)
        #expect(application.stateRoot == chain.roots[40])
    }

    @Test("When the save at the end fails, the executor says so, and the old state stays")
    func failingSave() throws {
        var chain = TestChain()
        for height in 1...3 { chain.append([("key\(height)", "1")]) }
        let backend = FaultInjectingBackend(faults: .init(failingWrite: 8))
        let (executor, _) = try start(backend, chain)
        for committed in chain.committed {
            executor.append(.execute(committed, places: [nil]))
            executor.append(.sync)  // Each block takes two writes of its own.
        }
        #expect(executor.close() != nil)
        #expect(try ChainStore(backend, rules: TestChain.rules).savedHeight() == .zero)
    }

    @Test("A save that the disk refuses beside execution is a failure, too")
    func refusedSave() throws {
        var chain = TestChain()
        for height in 1...3 { chain.append([("key\(height)", "1")]) }
        let backend = RefusingBackend()
        let (executor, sink) = try start(
            backend, chain, policy: .init(byteCount: .max, blockCount: 3))
        backend.release()
        for committed in chain.committed { executor.append(.execute(committed, places: [nil])) }
        let outcomes = sink.outcomes(4)
        guard case .failed = outcomes[3] else {
            Issue.record("\(outcomes)")
            return
        }
        executor.append(.sync)
        #expect(executor.close() != nil)
        #expect(sink.outcomes.count == 4, "nothing is done any more")
        #expect(try ChainStore(backend, rules: TestChain.rules).savedHeight() == .zero)
    }

    @Test("Closing waits for the save under way, and says so if the disk refuses it")
    func refusedAtClose() throws {
        var chain = TestChain()
        for height in 1...3 { chain.append([("key\(height)", "1")]) }
        let backend = RefusingBackend()
        let (executor, _) = try start(
            backend, chain, policy: .init(byteCount: .max, blockCount: 3))
        for committed in chain.committed { executor.append(.execute(committed, places: [nil])) }
        backend.waitForSave()
        _ = NamedThread("release") {
            // Long enough for the executor to wait for its saver.
            usleep(100_000)
            backend.release()
        }
        #expect(executor.close() != nil)
    }

    @Test("What was asked for before the end is done")
    func doneBeforeTheEnd() throws {
        var chain = TestChain()
        for height in 1...40 { chain.append([("key", "\(height)")]) }
        let (executor, sink) = try start(MemoryBackend(), chain)
        for committed in chain.committed { executor.append(.execute(committed, places: [nil])) }
        executor.append(.query(query(["key"])))
        #expect(executor.close() == nil)
        #expect(sink.outcomes.count == 41)
    }

    @Test("Long answers to short queries wait until the loop has taken those before")
    func longAnswers() throws {
        var chain = TestChain()
        chain.append([("key", String(repeating: "x", count: 400_000))])
        let (executor, sink) = try start(MemoryBackend(), chain)
        executor.append(.execute(chain.committed[0], places: [nil]))
        executor.append(.query(query(Array(repeating: "key", count: 200))))
        let limit = Executor<KeyValueStore>.untakenByteLimit
        try eventually("the loop is given as much as it may hold") { sink.byteCount >= limit }
        usleep(50_000)
        #expect(sink.byteCount < limit + Executor<KeyValueStore>.outcomeByteLimit + 500_000)
        var answered: [UInt64] = []
        try eventually("all are answered") {
            sink.take(for: executor)
            answered = sink.outcomes.flatMap { outcome -> [UInt64] in
                guard case .answered(let part) = outcome else { return [] }
                return part.origins
            }
            return answered.count == 200
        }
        #expect(answered == Array(0..<200))
        #expect(executor.close() == nil)
    }

    @Test("Outcomes of so many bytes are delivered at once, and of one fewer when the jobs end")
    func outcomeLimit() throws {
        let limit = Executor<KeyValueStore>.outcomeByteLimit
        /// The bytes of each delivery, of eight long answers, one of `rest` bytes, and none.
        func deliveries(_ rest: Int) throws -> [Int] {
            var chain = TestChain()
            chain.append([
                ("a", String(repeating: "x", count: 500_000)),
                ("b", String(repeating: "x", count: rest)),
            ])
            let (executor, sink) = try make(MemoryBackend(), chain)
            executor.append(.execute(chain.committed[0], places: [nil]))
            _ = executor.workHere()
            let before = sink.deliveries.count
            executor.append(.query(query(Array(repeating: "a", count: 8))))
            executor.append(.query(query(["b"])))
            executor.append(.sync)
            _ = executor.workHere()
            return Array(sink.deliveries.dropFirst(before))
        }
        let few = 190_000
        let found = try deliveries(few)
        #expect(found.count == 1)
        let rest = few + limit - (try #require(found.first))
        #expect(try deliveries(rest) == [limit, 0])
        #expect(try deliveries(rest - 1) == [limit - 1])
    }

    @Test("Closing does not wait for a loop that takes nothing any more")
    func closing() throws {
        var chain = TestChain()
        chain.append([("key", String(repeating: "x", count: 400_000))])
        let (executor, sink) = try start(MemoryBackend(), chain)
        executor.append(.execute(chain.committed[0], places: [nil]))
        executor.append(.query(query(Array(repeating: "key", count: 200))))
        try eventually("the loop is given as much as it may hold") {
            sink.byteCount >= Executor<KeyValueStore>.untakenByteLimit
        }
        #expect(executor.close() == nil)
    }
}
