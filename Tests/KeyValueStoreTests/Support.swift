import BFTApplication
import BFTBase
import KeyValueStore

/// The storage of a test: what a host would keep.
struct MemoryStorage: StateSink, StateSource, Equatable {
    var entries: [[UInt8]: [UInt8]] = [:]
    /// The changes of the last block, one line each.
    var puts = 0
    var deletes = 0

    mutating func put(key: RawSpan, value: RawSpan) {
        puts += 1
        entries[key.array] = value.array
    }

    mutating func delete(key: RawSpan) {
        deletes += 1
        entries[key.array] = nil
    }

    func forEach(
        _ body: (_ key: RawSpan, _ value: RawSpan) throws(ApplicationError) -> Void
    ) throws(ApplicationError) {
        for (key, value) in entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            try body(key.span.bytes, value.span.bytes)
        }
    }
}

extension RawSpan {
    var array: [UInt8] { withUnsafeBytes { Array($0) } }
}

/// A store with its storage, driven block by block.
struct Replica {
    var store: KeyValueStore
    var storage = MemoryStorage()
    var height: UInt64 = 0
    var time: UInt64

    init(time: UInt64 = 1_000_000) {
        store = KeyValueStore()
        self.time = time
    }

    /// Executes one block, `milliseconds` after the one before, and returns the replies.
    @discardableResult
    mutating func block(_ transactions: [[UInt8]], after milliseconds: UInt64 = 0) -> [String] {
        let results = results(of: transactions, after: milliseconds)
        return (0..<results.count).map { text(Array(results.result($0))) }
    }

    /// Executes one block, `milliseconds` after the one before.
    mutating func results(
        of transactions: [[UInt8]], after milliseconds: UInt64 = 0
    ) -> ResultWriter {
        height += 1
        time += milliseconds
        storage.puts = 0
        storage.deletes = 0
        store.begin(
            BlockContext(
                height: Height(height), time: Timestamp(milliseconds: time),
                proposer: ValidatorIndex(0)))
        var results = ResultWriter()
        for transaction in transactions {
            store.execute(transaction.span.bytes, result: &results)
        }
        _ = store.end()
        store.save(into: &storage)
        return results
    }

    /// Executes one command in a block of its own.
    @discardableResult
    mutating func run(_ words: String..., after milliseconds: UInt64 = 0) -> String {
        block([command(words)], after: milliseconds)[0]
    }

    func query(_ words: String...) -> String { query(command(words)) }

    func query(_ request: [UInt8]) -> String {
        var answer = ResultWriter()
        store.query(request.span.bytes, answer: &answer)
        return text(Array(answer.result(0)))
    }
}

/// A reply with its line breaks as bars, each byte a character.
func text(_ reply: [UInt8]) -> String {
    var characters = String.UnicodeScalarView()
    var offset = 0
    while offset < reply.count {
        let isBreak = reply[offset] == 13 && offset + 1 < reply.count && reply[offset + 1] == 10
        characters.append(isBreak ? "|" : Unicode.Scalar(reply[offset]))
        offset += isBreak ? 2 : 1
    }
    return String(characters)
}

func command(_ words: [String]) -> [UInt8] {
    CommandList.encode([words.map { Array($0.utf8) }])
}

/// Several commands in one transaction, words parted by spaces.
func transaction(_ lines: String...) -> [UInt8] {
    CommandList.encode(lines.map { $0.split(separator: " ").map { Array($0.utf8) } })
}
