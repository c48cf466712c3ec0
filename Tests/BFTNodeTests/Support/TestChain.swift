import BFTApplication
import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import BFTStorage
import KeyValueStore
import ProtocolSimplex

@testable import BFTNode

/// A committed chain of four validators, made up block by block, whose certificates hold no real
/// signatures.
struct TestChain {
    static let digest = Digest(1, 2, 3, 4)
    static let validatorCount = 4
    static let rules = CommitRules(
        chain: digest, epoch: .zero,
        validators: try! ValidatorSet(Array(repeating: 1, count: validatorCount)),
        kinds: Simplex.commitKinds)

    private(set) var blocks: [Block]
    private(set) var committed: [CommittedBlock] = []
    private var frontier = Array(repeating: BatchSequence(1), count: Self.validatorCount)

    let genesis: CommittedState

    init() {
        let block = Block.genesis(
            chain: Self.digest, time: Timestamp(milliseconds: 1),
            stateRoot: KeyValueStore().stateRoot)
        blocks = [block]
        genesis = .genesis(block, validatorCount: Self.validatorCount)
    }

    /// Batches of `author` with one `SET` for each of `pairs`.
    static func batch(
        _ author: Int, _ sequence: UInt64, _ pairs: [(String, String)]
    ) -> Batch {
        var builder = BatchBuilder()
        for (key, value) in pairs { builder.append(set(key, value).span.bytes) }
        return builder.seal(author: ValidatorIndex(author), sequence: BatchSequence(sequence))
    }

    static func set(_ key: String, _ value: String) -> [UInt8] {
        CommandList.encode([[Array("SET".utf8), Array(key.utf8), Array(value.utf8)]])
    }

    static func incr(_ key: String) -> [UInt8] {
        CommandList.encode([[Array("INCR".utf8), Array(key.utf8)]])
    }

    static func get(_ key: String) -> [UInt8] {
        CommandList.encode([[Array("GET".utf8), Array(key.utf8)]])
    }

    /// Adds a block with one batch of validator 0 for each list of pairs, or with `batches`.
    /// Commits it by `certificate` or by one of its own.
    @discardableResult
    mutating func append(
        _ pairs: [(String, String)] = [], batches: [Batch]? = nil,
        certificate: CommitCertificate? = nil
    ) -> CommittedBlock {
        let batches =
            batches ?? (pairs.isEmpty ? [] : [Self.batch(0, frontier[0].rawValue, pairs)])
        let block = next(batches.map(\.reference))
        blocks.append(block)
        for batch in batches { frontier[batch.author.rawValue] = batch.sequence.next }
        let result = CommittedBlock(
            block: block, batches: batches,
            certificate: certificate ?? Self.certificate(of: block), frontier: frontier)
        committed.append(result)
        return result
    }

    /// The block that `append` would add.
    func next(_ payload: [BatchReference]) -> Block {
        let parent = blocks[blocks.count - 1]
        return Block(
            epoch: .zero, view: View(parent.view.rawValue + 1), height: parent.height.next,
            parents: [parent.digest], proposer: ValidatorIndex(1),
            time: Timestamp(milliseconds: parent.time.milliseconds + 10), applied: parent.applied,
            payload: payload)
    }

    static func certificate(of block: Block) -> CommitCertificate {
        let statement = Statement(
            chain: digest, epoch: .zero, kind: .finalize, view: block.view, height: block.height,
            block: block.digest)
        let votes = (0..<3).map {
            Vote(statement: statement, voter: ValidatorIndex($0), signature: [UInt8($0)])
        }
        let certificate = Certificate(
            statement: statement, votes: votes, validatorCount: validatorCount)
        return try! rules.check(certificate!)
    }

    /// The state root after each block, from the genesis on.
    var roots: [Digest] {
        var store = KeyValueStore()
        var results = ResultWriter()
        return [store.stateRoot]
            + committed.map { committed in
                let block = committed.block
                store.begin(
                    BlockContext(height: block.height, time: block.time, proposer: block.proposer))
                for batch in committed.batches {
                    batch.forEachTransaction { store.execute($0, result: &results) }
                }
                return store.end()
            }
    }

    /// Keeps every block in `backend`, as a node does, and the state as it is at `savedHeight`.
    func keep(in backend: any StorageBackend, savedHeight: Int) throws {
        let store = ChainStore(backend, rules: TestChain.rules)
        _ = try store.open(genesis: genesis, chain: Self.digest)
        var application = KeyValueStore()
        var results = ResultWriter()
        for (position, committed) in committed.enumerated() {
            let block = committed.block
            application.begin(
                BlockContext(height: block.height, time: block.time, proposer: block.proposer))
            for batch in committed.batches {
                batch.forEachTransaction { application.execute($0, result: &results) }
            }
            let root = application.end()
            let nowhere: [LogPosition?] = Array(repeating: nil, count: committed.batches.count)
            var changes = ChainChanges()
            store.add(committed, at: nowhere, stateRoot: root, to: &changes)
            try store.write(&changes)
            if position + 1 == savedHeight {
                var save = StateSave(height: block.height)
                application.save(into: &save)
                try store.write(save)
            }
        }
    }
}

/// A reply of the store in the lines that Redis's clients get.
func text(_ reply: some Collection<UInt8>) -> String {
    switch Reply(reply) {
    case .null: "_\r\n"
    case .ok: "+OK\r\n"
    case .status(let text): "+\(String(decoding: text, as: UTF8.self))\r\n"
    case .error(let text): "-\(String(decoding: text, as: UTF8.self))\r\n"
    case .integer(let value): ":\(value)\r\n"
    case .value(let bytes): "$\(bytes.count)\r\n\(String(decoding: bytes, as: UTF8.self))\r\n"
    case .list, .map, nil: "no single reply: \(Array(reply))"
    }
}
