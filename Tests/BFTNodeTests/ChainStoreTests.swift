import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import BFTRocksDB
import BFTStorage
import BFTTestKit
import KeyValueStore
import Testing

@testable import BFTNode

@Suite struct ChainStoreTests {
    private func chain(_ count: Int) -> TestChain {
        var chain = TestChain()
        for height in 1...count { chain.append([("key\(height)", "value\(height)")]) }
        return chain
    }

    /// Runs `body` with a new store of each kind.
    private func withEachBackend(_ body: (any StorageBackend) throws -> Void) throws {
        try body(MemoryBackend())
        let directory = try TemporaryDirectory()
        let backend = try RocksDBBackend(path: directory.path("chain"))
        defer { backend.close() }
        try body(backend)
    }

    @Test("What is kept is found: blocks, certificates, batches, and the head")
    func keeping() throws {
        let chain = chain(20)
        try withEachBackend { backend in
            try chain.keep(in: backend, savedHeight: 15)
            let store = ChainStore(backend, rules: TestChain.rules)
            let head = try store.open(genesis: chain.genesis, chain: TestChain.digest)
            let last = try #require(chain.committed.last)
            #expect(head == CommittedState(after: last, stateRoot: try #require(chain.roots.last)))
            #expect(try store.savedHeight() == Height(15))
            for committed in chain.committed {
                let height = committed.block.height
                #expect(try store.block(at: height) == committed.block)
                #expect(try store.certificate(at: height) == committed.certificate)
                let stored = try #require(try store.storedBlock(at: height))
                #expect(stored.block == committed.block && stored.transactionCount == 1)
                for batch in committed.batches {
                    #expect(try store.batch(batch.reference) == batch)
                }
            }
            #expect(try store.block(at: Height(21)) == nil)
            #expect(try store.block(at: .zero) == nil)
            #expect(try store.storedBlock(at: Height(21)) == nil)
        }
    }

    @Test("What is no height says of no state that it was saved, and all is executed again")
    func savedNowhere() throws {
        let chain = chain(3)
        try withEachBackend { backend in
            try chain.keep(in: backend, savedHeight: 2)
            let store = ChainStore(backend, rules: TestChain.rules)
            for value in [[], [2], [0, 0, 0, 0, 0, 0, 2], [0, 0, 0, 0, 0, 0, 0, 0, 2]] as [[UInt8]]
            {
                var write = WriteBatch()
                write.put(.state, key: [], value: value)
                try backend.write(write)
                #expect(try store.savedHeight() == .zero)
            }
            var write = WriteBatch()
            write.put(.state, key: [], value: [1, 2, 3, 4, 5, 6, 7, 8])
            try backend.write(write)
            #expect(try store.savedHeight() == Height(0x0102_0304_0506_0708))
        }
    }

    @Test("An application that can't take its state is shown no more of it, and says why")
    func refusedState() throws {
        let chain = chain(5)
        try withEachBackend { backend in
            try chain.keep(in: backend, savedHeight: 5)
            let source = ChainStore(backend, rules: TestChain.rules).stateSource
            var shownCount = 0
            let error = #expect(throws: ApplicationError.self) {
                try source.forEach { (_, _) throws(ApplicationError) in
                    shownCount += 1
                    guard shownCount < 2 else { throw ApplicationError("at \(shownCount)") }
                }
            }
            #expect(shownCount == 2 && error.map { "\($0)" }?.contains("at 2") == true)
        }
    }

    @Test("A large batch is found where the log has it, and not once the log lacks it")
    func places() throws {
        let log = MemoryLogDirectory()
        let large = TestChain.batch(
            0, 1, [("a", String(repeating: "x", count: 20_000)), ("b", "")])
        let small = TestChain.batch(1, 1, [("c", "1")])
        #expect(RecordType.of(large) == RecordType.largeBatch)
        #expect(RecordType.of(small) == RecordType.batch)
        let copy = BatchCopy(
            large, Authorship(chain: TestChain.digest, epoch: .zero, signature: [1, 2, 3]))
        let safetyLog = try SafetyLog(directory: log) { _, _, _ in }
        try safetyLog.append(type: RecordType.replica, parts: [[1]])
        let place = try safetyLog.append(
            type: RecordType.largeBatch, parts: [copy.head, copy.batch.encoded])
        try safetyLog.commit()
        var chain = TestChain()
        let committed = chain.append(batches: [large, small])
        try withEachBackend { backend in
            let store = ChainStore(
                backend, rules: TestChain.rules, archive: LogArchive(directory: log))
            _ = try store.open(genesis: chain.genesis, chain: TestChain.digest)
            var changes = ChainChanges()
            store.add(committed, at: [place, nil], stateRoot: chain.roots[1], to: &changes)
            #expect(try store.batch(small.reference) == nil)
            try store.write(&changes)
            #expect(try store.batch(large.reference) == large)
            #expect(try store.batch(small.reference) == small)
            #expect(try store.storedBlock(at: Height(1))?.transactionCount == 3)
            let lacking = ChainStore(
                backend, rules: TestChain.rules,
                archive: LogArchive(directory: MemoryLogDirectory()))
            #expect(try lacking.batch(large.reference) == nil)
            #expect(try lacking.batch(small.reference) == small)
        }
    }

    @Test("Several blocks are kept with one write, and the head is that of the last")
    func severalAtOnce() throws {
        let chain = chain(3)
        let roots = chain.roots
        try withEachBackend { backend in
            let store = ChainStore(backend, rules: TestChain.rules)
            _ = try store.open(genesis: chain.genesis, chain: TestChain.digest)
            var changes = ChainChanges()
            for (position, committed) in chain.committed.enumerated() {
                let nowhere: [LogPosition?] = committed.batches.map { _ in nil }
                store.add(committed, at: nowhere, stateRoot: roots[position + 1], to: &changes)
            }
            let before = try store.head()
            #expect(before == nil)
            try store.write(&changes)
            let head = try #require(try store.head())
            #expect(head == CommittedState(after: chain.committed[2], stateRoot: roots[3]))
            // The certificate of the last commits the others, and stands alone.
            for committed in chain.committed {
                let block = try store.block(at: committed.block.height)
                let certificate = try store.certificate(at: committed.block.height)
                #expect(block == committed.block && certificate == chain.committed[2].certificate)
            }
            let kept = try backend.entries(in: .certificates, limit: .max)
            #expect(kept.count == 1)
            #expect(try store.certificate(at: Height(4)) == nil)
            #expect(try store.storedBlock(at: Height(1))?.certificate.committed.height == Height(3))
            for height in 1...3 as ClosedRange<UInt64> {
                let run = try #require(try Self.run(store, from: height))
                #expect(run.blocks == chain.committed[(Int(height) - 1)...].map(\.block))
                #expect(run.certificate == chain.committed[2].certificate.certificate)
            }
        }
    }

    @Test("A new store begins at the genesis, and another chain's store is refused")
    func otherChain() throws {
        let chain = chain(1)
        try withEachBackend { backend in
            let store = ChainStore(backend, rules: TestChain.rules)
            let opened = try store.open(genesis: chain.genesis, chain: TestChain.digest)
            let saved = try store.savedHeight()
            #expect(opened == chain.genesis && saved == .zero)
            for other in [Digest(1, 2, 3, 5), .zero] {
                let error = #expect(throws: ChainError.self) {
                    try store.open(genesis: chain.genesis, chain: other)
                }
                #expect(String(describing: error).contains("another chain"))
            }
            let again = try store.open(genesis: chain.genesis, chain: TestChain.digest)
            #expect(again == chain.genesis)
        }
    }

    @Test("A head that is cut short or changed is an error, never another head")
    func damagedHead() throws {
        let chain = chain(3)
        let whole = MemoryBackend()
        try chain.keep(in: whole, savedHeight: 0)
        let key = Array("committed".utf8)
        let head = try #require(try whole.get(.meta, key: key))
        let expected = try ChainStore(whole, rules: TestChain.rules).open(
            genesis: chain.genesis, chain: TestChain.digest)
        for length in 0..<head.count {
            var batch = WriteBatch()
            batch.put(.meta, key: key, value: Array(head[..<length]))
            let damaged = MemoryBackend(whole.contents)
            try damaged.write(batch)
            #expect(throws: ChainError.self) {
                try ChainStore(damaged, rules: TestChain.rules).open(
                    genesis: chain.genesis, chain: TestChain.digest)
            }
        }
        for position in head.indices {
            var changed = head
            changed[position] ^= 0x55
            var batch = WriteBatch()
            batch.put(.meta, key: key, value: changed)
            let damaged = MemoryBackend(whole.contents)
            try damaged.write(batch)
            let found = try? ChainStore(damaged, rules: TestChain.rules).open(
                genesis: chain.genesis, chain: TestChain.digest)
            #expect(found != expected)
        }
    }

    private static func run(_ store: ChainStore, from height: UInt64) throws -> UncheckedRun? {
        guard case .syncResponse(let run)? = try store.answer(.from(Height(height))) else {
            return nil
        }
        return run
    }

    @Test("A run begins where it is asked for, ends with a block's own certificate, and is bounded")
    func runs() throws {
        var chain = TestChain()
        for _ in 1...4 { chain.append() }
        // Blocks 5 and 6 are committed by 7's certificate.
        var ahead = chain
        ahead.append()
        ahead.append()
        let seventh = ahead.append()
        chain.append(certificate: seventh.certificate)
        chain.append(certificate: seventh.certificate)
        chain.append()
        for _ in 8...600 { chain.append() }
        try withEachBackend { backend in
            try chain.keep(in: backend, savedHeight: 0)
            let store = ChainStore(backend, rules: TestChain.rules)
            let first = try #require(try Self.run(store, from: 1))
            #expect(
                first.blocks == chain.committed.prefix(LedgerLimits.syncBlockLimit).map(\.block))
            let middle = try #require(try Self.run(store, from: 6))
            #expect(middle.blocks.first?.height == Height(6))
            let tail = try #require(try Self.run(store, from: 600))
            #expect(tail.blocks == [chain.committed[599].block])
            #expect(tail.certificate == chain.committed[599].certificate.certificate)
            #expect(try Self.run(store, from: 601) == nil)
            #expect(try Self.run(store, from: 0) == nil)
        }
    }

    @Test("A write that ends inside a run keeps what is below it within reach of others")
    func endOfAWrite() throws {
        var chain = TestChain()
        for _ in 1...4 { chain.append() }
        var ahead = chain
        for _ in 1...3 { ahead.append() }
        // Blocks 5 and 6 are committed by 7, which is not here.
        let seventh = try #require(ahead.committed.last)
        for _ in 5...6 { chain.append(certificate: seventh.certificate) }
        let backend = MemoryBackend()
        let store = ChainStore(backend, rules: TestChain.rules)
        _ = try store.open(genesis: chain.genesis, chain: TestChain.digest)
        var changes = ChainChanges()
        for (position, committed) in chain.committed.enumerated() {
            let places: [LogPosition?] = committed.batches.map { _ in nil }
            store.add(committed, at: places, stateRoot: chain.roots[position + 1], to: &changes)
        }
        try store.write(&changes)
        let run = try #require(try Self.run(store, from: 2))
        #expect(run.blocks == chain.committed[1..<4].map(\.block))
        #expect(run.certificate == chain.committed[3].certificate.certificate)
        #expect(try store.head()?.certificate == seventh.certificate)
        #expect(try backend.entries(in: .certificates, limit: .max).count == 2)
    }

    @Test("As many blocks as half an answer holds have a certificate, however many one write has")
    func manyInAWrite() throws {
        let chain = chain(20)
        let backend = MemoryBackend()
        var limits = LedgerLimits()
        limits.syncBlocks = 6
        let store = ChainStore(backend, rules: TestChain.rules, limits: limits)
        _ = try store.open(genesis: chain.genesis, chain: TestChain.digest)
        var changes = ChainChanges()
        for (position, committed) in chain.committed.enumerated() {
            let places: [LogPosition?] = committed.batches.map { _ in nil }
            store.add(committed, at: places, stateRoot: chain.roots[position + 1], to: &changes)
        }
        try store.write(&changes)
        #expect(try backend.entries(in: .certificates, limit: .max).count == 7)
        for height in 1...20 as ClosedRange<UInt64> {
            guard
                case .syncResponse(let run)? = try store.answer(
                    .from(Height(height)), within: limits)
            else {
                Issue.record("no answer from height \(height)")
                continue
            }
            #expect(run.blocks.first?.height == Height(height))
            #expect(run.blocks.count >= min(3, 21 - Int(height)))
        }
    }

    @Test("A run that would end below its certificate's block ends earlier, or is none")
    func runOfDescendants() throws {
        var ahead = TestChain()
        let first = ahead.append()
        ahead.append()
        let third = ahead.append()
        var chain = TestChain()
        chain.append(certificate: first.certificate)
        chain.append(certificate: third.certificate)
        let backend = MemoryBackend()
        try chain.keep(in: backend, savedHeight: 0)
        let store = ChainStore(backend, rules: TestChain.rules)
        #expect(try Self.run(store, from: 1)?.blocks == [first.block])
        #expect(try Self.run(store, from: 2) == nil)
        #expect(try store.certificate(at: Height(2)) == third.certificate)
    }

    @Test("Batches come back from the log, and none takes the place of the one that was ordered")
    func restoring() throws {
        let ordered = TestChain.batch(0, 1, [("a", "1")])
        let other = TestChain.batch(0, 1, [("a", "2")])
        let lost = TestChain.batch(1, 1, [("b", "1")])
        var chain = TestChain()
        chain.append(batches: [ordered, lost])
        try withEachBackend { backend in
            try chain.keep(in: backend, savedHeight: 0)
            let store = ChainStore(backend, rules: TestChain.rules)
            try store.restore([other, ordered, lost])
            #expect(try store.batch(ordered.reference) == ordered)
            #expect(try store.batch(lost.reference) == lost)
        }
        let empty = ChainStore(MemoryBackend(), rules: TestChain.rules)
        try empty.restore([ordered, other])
        #expect(try empty.batch(ordered.reference) == ordered)
        #expect(try empty.batch(other.reference) == other)
    }

    @Test("At whichever write the disk fails or the power goes, the chain ends after some block")
    func faults() throws {
        let chain = chain(8)
        let roots = chain.roots
        // One opens the store, each block takes two, and the state one.
        for write in 1...19 {
            let faulty = FaultInjectingBackend(faults: .init(failingWrite: write))
            let isWhole = (try? chain.keep(in: faulty, savedHeight: 4)) != nil
            #expect(isWhole == (write > 18))
            var random = SplitMix64(seed: UInt64(write))
            for backend in [FaultInjectingBackend(faulty.contents), faulty.powerCut(&random)] {
                let store = ChainStore(backend, rules: TestChain.rules)
                let head = try store.open(genesis: chain.genesis, chain: TestChain.digest)
                // Batches are not written ahead twice: those that the store lost, the log has.
                try store.restore(chain.committed.flatMap(\.batches))
                let height = Int(head.block.height.rawValue)
                #expect(head.stateRoot == roots[height])
                var application = KeyValueStore()
                try Replay.bring(&application, to: head, from: store)
                #expect(application.stateRoot == roots[height])
                for position in 0..<height {
                    let kept = try store.block(at: Height(UInt64(position + 1)))
                    #expect(kept == chain.committed[position].block)
                    let reference = chain.committed[position].batches[0].reference
                    #expect(try store.batch(reference) != nil)
                }
            }
        }
    }
}
