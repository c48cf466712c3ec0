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

    private static func inputs(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let directory = directory.appending(path: target.rawValue)
        return try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted().map {
            ($0, Array(try Data(contentsOf: directory.appending(path: $0))))
        }
    }

    @Test("The corpus holds what the seeds make, no two of them the same input")
    func seeds() throws {
        let isRewriting = ProcessInfo.processInfo.environment["REWRITE"] == "1"
        var names: Set<String> = []
        for seed in Seed.all {
            let file = Self.directory.appending(path: "\(seed.target.rawValue)/\(seed.name).bin")
            #expect(names.insert(file.path).inserted, "two seeds are called \(file.path)")
            if isRewriting {
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(seed.input).write(to: file)
            }
            let written = (try? Data(contentsOf: file)).map { Array($0) }
            #expect(written == seed.input, "\(seed.target.rawValue)/\(seed.name).bin")
        }
        let inputs = Set(Seed.all.map { Array($0.target.rawValue.utf8) + [0] + $0.input })
        #expect(inputs.count == Seed.all.count)
    }

    @Test(
        "Every input of the corpus keeps the properties of its target",
        arguments: FuzzTarget.allCases)
    func corpus(target: FuzzTarget) throws {
        let inputs = try Self.inputs(target)
        #expect(!inputs.isEmpty)
        for input in inputs {
            do {
                try target.check(input.bytes)
            } catch {
                Issue.record("\(target.rawValue)/\(input.name): \(error)")
            }
        }
    }
}
