import FoundationEssentials
import Testing

/// The committed inputs of the fuzz targets. `make fuzz` goes on from them.
///
/// `REWRITE=1 swift test --filter FuzzCorpusTests` writes what the seeds make. A file that is not
/// of a seed is an input that once failed; it stays.
@Suite struct FuzzCorpusTests {
    private static let directory: URL = {
        var root = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return root.appending(path: "Fuzz/Corpus")
    }()

    /// Every file of the corpus by its path, after the seeds were written if that is asked for.
    private static let inputs: [String: [UInt8]] = {
        do {
            if ProcessInfo.processInfo.environment["REWRITE"] == "1" { try writeSeeds() }
            var found: [String: [UInt8]] = [:]
            for target in FuzzTarget.allCases {
                let path = directory.appending(path: target.rawValue)
                for name in try FileManager.default.contentsOfDirectory(atPath: path.path) {
                    let bytes = Array(try Data(contentsOf: path.appending(path: name)))
                    found["\(target.rawValue)/\(name)"] = bytes
                }
            }
            return found
        } catch {
            fatalError("the corpus cannot be read: \(error)")
        }
    }()

    private static func path(_ seed: Seed) -> String {
        "\(seed.target.rawValue)/\(seed.name).bin"
    }

    private static func writeSeeds() throws {
        for seed in Seed.all {
            let file = directory.appending(path: path(seed))
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(seed.input).write(to: file)
        }
    }

    @Test("The corpus holds what the seeds make, no two of them the same input")
    func seeds() {
        for seed in Seed.all {
            #expect(Self.inputs[Self.path(seed)] == seed.input, "\(Self.path(seed))")
        }
        let inputs = Set(Seed.all.map { Array($0.target.rawValue.utf8) + [0] + $0.input })
        #expect(inputs.count == Seed.all.count)
    }

    @Test(
        "Every input of the corpus keeps the properties of its target",
        arguments: FuzzTarget.allCases)
    func corpus(target: FuzzTarget) {
        let inputs = Self.inputs.filter { $0.key.hasPrefix(target.rawValue + "/") }
        #expect(!inputs.isEmpty)
        for (path, input) in inputs {
            do {
                try target.check(input)
            } catch {
                Issue.record("\(path): \(error)")
            }
        }
    }
}
