// Prints the speed of every way of hashing, per instruction set: the fastest of many short
// runs, because whatever else the machine does only ever makes a run slower.
//
// usage: blake3-bench [--tab]     --tab: one line "SET<tab>OPERATION<tab>MICROSECONDS" for each

@_spi(InstructionSets) import BLAKE3

/// Keeps results alive, so that no work is left out.
nonisolated(unsafe) var sink: UInt64 = 0

/// The fastest of `runs` runs of `body`, in nanoseconds.
func fastest(runs: Int, _ body: () -> Void) -> Double {
    let clock = ContinuousClock()
    var best = Double.infinity
    for _ in 0..<runs {
        let (seconds, attoseconds) = clock.measure(body).components
        best = min(best, Double(seconds) * 1e9 + Double(attoseconds) / 1e9)
    }
    return best
}

/// The length of a cycle in nanoseconds: a step of this generator is six dependent operations
/// of one cycle each on x86-64. Elsewhere the figures in cycles are estimates.
func measureCycle() -> Double {
    let steps = 20_000
    var state: UInt64 = 88_172_645_463_325_252
    let taken = fastest(runs: 400) {
        var x = state
        for _ in 0..<steps {
            x ^= x &<< 13
            x ^= x &>> 7
            x ^= x &<< 17
        }
        state = x
    }
    sink ^= state
    return taken / Double(6 * steps)
}

func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.utf8.count))
}

func fixed(_ value: Double, digits: Int, width: Int) -> String {
    let scale = digits == 1 ? 10.0 : 100.0
    let scaled = Int(value * scale + 0.5)
    let fraction = String(scaled % Int(scale))
    let zeros = String(repeating: "0", count: digits - fraction.utf8.count)
    let text = "\(scaled / Int(scale)).\(zeros)\(fraction)"
    return String(repeating: " ", count: max(0, width - text.utf8.count)) + text
}

/// How many runs: a large input is measured less often.
func runs(_ byteCount: Int) -> Int {
    byteCount > 10_000_000 ? 40 : byteCount > 100_000 ? 400 : 2000
}

let isTabular = CommandLine.arguments.contains("--tab")

/// Measures `body`, which hashes `byteCount` bytes, and prints a line.
func report(
    _ instructions: InstructionSet, _ name: String, byteCount: Int, cycle: Double,
    _ body: () -> Void
) {
    let repeats = 65_536 / (byteCount + 64) + 1
    let taken =
        fastest(runs: runs(byteCount)) {
            for _ in 0..<repeats { body() }
        } / Double(repeats)
    if isTabular {
        print("\(instructions.rawValue)\t\(name)\t\(taken / 1000)")
        return
    }
    print(
        padded("ours-\(instructions.rawValue)", to: 18), padded(name, to: 21),
        fixed(taken, digits: 1, width: 10), "ns",
        fixed(Double(byteCount) / taken, digits: 2, width: 8), "GB/s",
        fixed(taken / cycle / Double(byteCount), digits: 2, width: 7), "cycles/byte")
}

let sizes = [64, 1024, 16_384, 1_048_576, 16_777_216]
let input = (0..<16_777_216).map { UInt8($0 % 251) }
var digests = [UInt8](repeating: 0, count: 1024 * 32)
let cycle = measureCycle()
let context = BLAKE3.Context("swift-bft 2025 blake3-bench")
for instructions in InstructionSet.allCases where instructions.isAvailable {
    let underContext = context.using(instructions)
    input.withUnsafeBytes { input in
        for size in sizes {
            let bytes = UnsafeRawBufferPointer(rebasing: input[..<size])
            report(instructions, "hash \(size) B", byteCount: size, cycle: cycle) {
                sink ^= BLAKE3.hash(bytes, using: instructions).word0
            }
        }
        for size in sizes {
            let bytes = UnsafeRawBufferPointer(rebasing: input[..<size])
            report(instructions, "incremental \(size) B", byteCount: size, cycle: cycle) {
                var hasher = BLAKE3(using: instructions)
                hasher.update(bytes)
                sink ^= hasher.finalize().word0
            }
        }
        for count in [2, 4, 8, 16, 1024] {
            let pairs = UnsafeRawBufferPointer(rebasing: input[..<(count * 64)])
            digests.withUnsafeMutableBytes { digests in
                let output = UnsafeMutableRawBufferPointer(
                    rebasing: digests[..<(count * 32)])
                report(instructions, "hashPairs \(count)", byteCount: count * 64, cycle: cycle) {
                    underContext.hashPairs(pairs, into: output)
                }
            }
        }
    }
}
