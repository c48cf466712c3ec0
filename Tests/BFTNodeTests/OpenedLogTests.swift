import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import BFTStorage
import BFTWire
import ProtocolSimplex
import Testing

/// What a node finds in its log when it starts, and what of it the store gets back.
@Suite struct OpenedLogTests {
    private func copy(_ batch: Batch) -> BatchCopy {
        BatchCopy(batch, Authorship(chain: TestChain.digest, epoch: .zero, signature: [1, 2, 3]))
    }

    /// A log with these records.
    private func log(_ records: [(type: UInt8, bytes: [UInt8])]) throws -> MemoryLogDirectory {
        let directory = MemoryLogDirectory()
        let log = try SafetyLog(directory: directory) { _, _, _ in }
        for record in records { try log.append(type: record.type, parts: [record.bytes]) }
        try log.commit()
        log.close()
        return directory
    }

    private func open(_ directory: MemoryLogDirectory) throws(ChainError) -> OpenedLog<Simplex> {
        try OpenedLog(directory, options: SafetyLog.Options())
    }

    @Test("Batches are found in the order of the log, and where the large ones stand")
    func batches() throws {
        let value = String(repeating: "x", count: 20_000)
        let copies = [
            copy(TestChain.batch(0, 1, [("a", "1")])), copy(TestChain.batch(1, 1, [("b", value)])),
            copy(TestChain.batch(0, 2, [("c", "2")])), copy(TestChain.batch(1, 2, [("d", value)])),
        ]
        let directory = try log(copies.map { (RecordType.of($0.batch), $0.encoded) })
        let opened = try open(directory)
        let found = opened.records.map { record -> BatchCopy? in
            guard case .batch(let copy) = record else { return nil }
            return copy
        }
        #expect(found == copies)
        #expect(opened.places.map(\.reference) == [copies[1].reference, copies[3].reference])
        let archive = LogArchive(directory: directory)
        for (place, expected) in zip(opened.places, [copies[1], copies[3]]) {
            let payload = try archive.payload(at: place.position, type: RecordType.largeBatch)
            #expect(payload == expected.encoded)
        }
    }

    @Test("The first record that can't be read is the one that is named")
    func unreadable() throws {
        let good = copy(TestChain.batch(0, 1, [("a", "1")]))
        let directory = try log([
            (RecordType.batch, good.encoded), (77, [1]), (78, [1]), (RecordType.replica, []),
        ])
        #expect(throws: ChainError.unreadableRecord(.unknownTag(77))) { try open(directory) }
    }

    @Test("The store gets back the small batches that were ordered, and no others")
    func restoring() throws {
        var chain = TestChain()
        let value = String(repeating: "x", count: 20_000)
        let small = (1...3).map { TestChain.batch(0, UInt64($0), [("key", "\($0)")]) }
        let large = TestChain.batch(1, 1, [("key", value)])
        chain.append(batches: [small[0], large])
        let last = chain.append(batches: [small[1]])
        let stranger = TestChain.batch(TestChain.validatorCount, 1, [("key", "value")])
        let opened = try open(
            try log(
                (small + [large, stranger]).map { (RecordType.of($0), copy($0).encoded) }))
        let store = ChainStore(MemoryBackend(), rules: TestChain.rules)
        try store.restoreBatches(
            opened.records, places: opened.places,
            orderedIn: CommittedState(after: last, stateRoot: chain.roots[2]))
        #expect(try store.batch(small[0].reference) == small[0])
        #expect(try store.batch(small[1].reference) == small[1])
        for other in [small[2], large, stranger] {
            #expect(try store.batch(other.reference) == nil)
        }
    }
}
