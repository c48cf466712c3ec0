import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import BFTStorage
import BFTWire
import KeyValueStore
import Testing

@testable import BFTNode

@Suite struct ReplayTests {
    private func bring(
        _ chain: TestChain, _ backend: any StorageBackend
    ) throws(ChainError) -> KeyValueStore {
        let store = ChainStore(backend, rules: TestChain.rules)
        let head = try store.open(genesis: chain.genesis, chain: TestChain.digest)
        var application = KeyValueStore()
        try Replay.bring(&application, to: head, from: store)
        return application
    }

    private var chain: TestChain {
        var chain = TestChain()
        for height in 1...10 { chain.append([("key\(height % 4)", "value\(height)")]) }
        return chain
    }

    @Test("From whichever height the state was saved, the blocks since make the same state again")
    func replaying() throws {
        let chain = chain
        let roots = chain.roots
        for saved in 0...10 {
            let backend = MemoryBackend()
            try chain.keep(in: backend, savedHeight: saved)
            let application = try bring(chain, backend)
            #expect(application.stateRoot == roots[10])
            var answer = ResultWriter()
            application.query(TestChain.get("key2").span.bytes, answer: &answer)
            #expect(text(answer.bytes) == "$7\r\nvalue10\r\n")
        }
    }

    @Test("A new store leaves the application as it is")
    func fromGenesis() throws {
        #expect(try bring(chain, MemoryBackend()).stateRoot == KeyValueStore().stateRoot)
    }

    @Test("A block or a batch that is missing or damaged is named as corrupt")
    func missing() throws {
        let chain = chain
        for (family, file) in [(ColumnFamily.blocks, "blocks"), (.batches, "batches")] {
            for isRemoved in [true, false] {
                let backend = MemoryBackend()
                try chain.keep(in: backend, savedHeight: 4)
                let entry = try backend.entries(in: family, limit: 7)[6]
                var batch = WriteBatch()
                if isRemoved {
                    batch.delete(family, key: entry.key)
                } else {
                    batch.put(family, key: entry.key, value: Array(entry.value.dropLast()))
                }
                try backend.write(batch)
                let error = #expect(throws: ChainError.self) { try bring(chain, backend) }
                guard case .storage(.corrupt(file, 7, _)) = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
        }
    }

    @Test("What was executed before the saved state is not needed to start")
    func unneeded() throws {
        let chain = chain
        let backend = MemoryBackend()
        try chain.keep(in: backend, savedHeight: 4)
        var batch = WriteBatch()
        for entry in try backend.entries(in: .batches, limit: 4) {
            batch.delete(.batches, key: entry.key)
        }
        try backend.write(batch)
        #expect(try bring(chain, backend).stateRoot == chain.roots[10])
    }

    @Test("Another state than the one that the last block left is refused, with what to do")
    func otherState() throws {
        let chain = chain
        for saved in [0, 4, 10] {
            let backend = MemoryBackend()
            try chain.keep(in: backend, savedHeight: saved)
            var batch = WriteBatch()
            let key = Array("committed".utf8)
            let head = try CommittedState(decoding: try #require(try backend.get(.meta, key: key)))
            let other = CommittedState(
                block: head.block, stateRoot: Digest(9, 9, 9, 9), frontier: head.frontier,
                certificate: head.certificate)
            batch.put(.meta, key: key, value: other.encoded)
            try backend.write(batch)
            let error = #expect(throws: ChainError.self) { try bring(chain, backend) }
            guard case .application(let flaw) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(flaw.description.contains("keep 'log'"))
        }
    }
}
