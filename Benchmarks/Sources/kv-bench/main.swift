import BFTApplication
import BFTBase
import Glibc
import KeyValueStore

/// A host that stores nothing: what is measured is the store.
struct CountingSink: StateSink {
    var bytes = 0
    mutating func put(key: RawSpan, value: RawSpan) { bytes += key.byteCount + value.byteCount }
    mutating func delete(key: RawSpan) { bytes += key.byteCount }
}

/// The transactions of a block in one buffer.
struct Block {
    var bytes: [UInt8] = []
    var ends: [Int] = []

    mutating func set(_ key: Int, valueBytes: Int, fill: UInt8) {
        bytes += CommandList.encode([
            [Array("SET".utf8), name(key), Array(repeating: fill, count: valueBytes)]
        ])
        ends.append(bytes.count)
    }

    func forEach(_ body: (RawSpan) -> Void) {
        var start = 0
        for end in ends {
            body(bytes.span.bytes.extracting(start..<end))
            start = end
        }
    }
}

func name(_ key: Int) -> [UInt8] {
    let digits = String(key)
    return Array(("key:" + String(repeating: "0", count: 12 - digits.count) + digits).utf8)
}

/// Figures in nanoseconds for each command.
struct Bench {
    let keys: Int
    let valueBytes: Int
    let blockSize: Int
    /// Overwrites measured.
    var writes = 400_000
    var store = KeyValueStore()
    var results = ResultWriter()
    var sink = CountingSink()
    var height: UInt64 = 0
    var random = SplitMix64(seed: 42)

    init(keys: Int, valueBytes: Int, blockSize: Int) {
        self.keys = keys
        self.valueBytes = valueBytes
        self.blockSize = blockSize
    }

    /// Executes one block and returns the nanoseconds of execution and of ending it.
    mutating func run(_ block: Block) -> (execute: Double, end: Double) {
        height += 1
        results.removeAll()
        let start = processorTime()
        store.begin(
            BlockContext(
                height: Height(height), time: Timestamp(milliseconds: height),
                proposer: ValidatorIndex(0)))
        block.forEach { store.execute($0, result: &results) }
        let middle = processorTime()
        _ = store.end()
        store.save(into: &sink)
        let end = processorTime()
        return (middle - start, end - middle)
    }

    /// Executes `blocks` blocks of writes to the keys that `next` names.
    mutating func write(blocks: Int, _ next: (inout Self) -> Int) -> (Double, Double) {
        var total = (0.0, 0.0)
        for number in 0..<blocks {
            var block = Block()
            for _ in 0..<blockSize {
                block.set(
                    next(&self), valueBytes: valueBytes, fill: UInt8(truncatingIfNeeded: number))
            }
            let (execute, end) = run(block)
            total.0 += execute
            total.1 += end
        }
        let count = Double(blocks * blockSize)
        return (total.0 / count, total.1 / count)
    }

    mutating func read() -> Double {
        var queries = Block()
        for _ in 0..<20_000 {
            queries.bytes += CommandList.encode([
                [Array("GET".utf8), name(Int.random(in: 0..<keys, using: &random))]
            ])
            queries.ends.append(queries.bytes.count)
        }
        var answer = ResultWriter()
        let start = processorTime()
        queries.forEach { query in
            answer.removeAll()
            store.query(query, answer: &answer)
        }
        return (processorTime() - start) / 20_000
    }

    mutating func report() {
        var following = 0
        let fill = write(blocks: max(1, keys / blockSize)) { bench in
            following += 1
            return (following - 1) % bench.keys
        }
        let overwrite = write(blocks: max(4, writes / blockSize)) {
            Int.random(in: 0..<$0.keys, using: &$0.random)
        }
        let get = read()
        print(
            column(keys), column(valueBytes), column(blockSize), column(fill.0), column(fill.1),
            column(overwrite.0), column(overwrite.1), column(overwrite.0 + overwrite.1),
            column(get))
    }
}

func column(_ value: Int) -> String { pad(String(value)) }
func column(_ value: Double) -> String { pad(String(Int(value + 0.5))) }
func pad(_ text: String) -> String {
    String(repeating: " ", count: max(0, 9 - text.count)) + text
}

/// The processor time of this thread in nanoseconds: other work on the machine doesn't count.
func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

print("nanoseconds for each command; new: keys that were not there, set: keys that were")
print(
    ["keys", "value", "block", "new exec", "new end", "set exec", "set end", "set", "get"]
        .map(pad).joined(separator: " "))
let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
if arguments.count >= 3 {
    var bench = Bench(keys: arguments[0], valueBytes: arguments[1], blockSize: arguments[2])
    if arguments.count > 3 { bench.writes = arguments[3] }
    bench.report()
} else {
    for keys in [10_000, 100_000, 1_000_000] {
        for valueBytes in [16, 256, 1_024] {
            var bench = Bench(keys: keys, valueBytes: valueBytes, blockSize: 1_000)
            bench.report()
        }
    }
    for blockSize in [500, 5_000] {
        var bench = Bench(keys: 100_000, valueBytes: 256, blockSize: blockSize)
        bench.report()
    }
}
