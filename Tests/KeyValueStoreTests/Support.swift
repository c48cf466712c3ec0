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
        return (0..<results.count).map { framed(results.result($0)) }
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
        return framed(answer.result(0))
    }
}

/// Bytes with their line breaks as bars, each other byte a character.
func text(_ bytes: some Collection<UInt8>) -> String {
    let bytes = Array(bytes)
    var characters = String.UnicodeScalarView()
    var offset = 0
    while offset < bytes.count {
        let isBreak = bytes[offset] == 13 && offset + 1 < bytes.count && bytes[offset + 1] == 10
        characters.append(isBreak ? "|" : Unicode.Scalar(bytes[offset]))
        offset += isBreak ? 2 : 1
    }
    return String(characters)
}

/// A reply as Redis frames it in RESP3, with its line breaks as bars, read by the documentation of
/// the encoding. Of a reply that is cut off, what there is.
func framed(_ reply: some Collection<UInt8>) -> String {
    var rest = Array(reply)[...]
    func number(_ byteCount: Int) -> Int {
        defer { rest = rest.dropFirst(byteCount) }
        return rest.prefix(byteCount).reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    var lines = ""
    while let kind = rest.popFirst() {
        switch kind {
        case 0: lines += "_|"
        case 1: lines += "+OK|"
        case 2, 3:
            let count = number(4)
            let line = rest.prefix(count).map { $0 == 10 || $0 == 13 ? 32 : $0 }
            rest = rest.dropFirst(count)
            lines += (kind == 2 ? "+" : "-") + text(line) + "|"
        case 4: lines += ":\(number(8))|"
        case 5:
            let count = number(4)
            lines += "$\(count)|" + text(rest.prefix(count)) + "|"
            rest = rest.dropFirst(count)
        case 6: lines += "*\(number(4))|"
        default: return lines + "no reply: \(kind)"
        }
    }
    return lines
}

func command(_ words: [String]) -> [UInt8] {
    CommandList.encode([words.map { Array($0.utf8) }])
}

/// Several commands in one transaction, words parted by spaces.
func transaction(_ lines: String...) -> [UInt8] {
    CommandList.encode(lines.map { $0.split(separator: " ").map { Array($0.utf8) } })
}
