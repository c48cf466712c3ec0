import BFTTestKit
import FoundationEssentials
import Glibc

/// Programs that tests run to their end.
struct Program {
    let path: String

    struct Outcome {
        let ending: ChildProcess.Ending?
        let output: String

        var isSuccess: Bool { ending == .exited(0) }
    }

    /// The node's program: the one that the environment names, or the one beside the tests.
    static let bft = built("bft", variable: "BFT_EXECUTABLE")
    static let failingSimulator = built("FailingSimulator", variable: "FAILING_SIMULATOR")
    static let embedding = built("Embedding", variable: "EMBEDDING_EXECUTABLE")

    private static func built(_ name: String, variable: String) -> Program {
        let named = ProcessInfo.processInfo.environment[variable]
        return Program(path: named ?? "\(productDirectory)/\(name)")
    }

    /// Where the test bundle was built, and the programs with it.
    static var productDirectory: String {
        let arguments = CommandLine.arguments
        let bundle =
            arguments.first { $0.hasSuffix(".xctest") } ?? arguments.first ?? ""
        return URL(filePath: bundle).deletingLastPathComponent().path
    }

    /// The program `name` of this machine, or `nil`, said aloud, if it is not installed.
    static func installed(_ name: String) -> Program? {
        let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let found = directories.map { "\($0)/\(name)" }
            .first { (path: String) in access(path, X_OK) == 0 }
        if found == nil { print("skipped: \(name) is not installed") }
        return found.map(Program.init(path:))
    }

    /// Runs it with `arguments`, and kills it if it has not ended within `limit`.
    func run(
        _ arguments: [String], in directory: TemporaryDirectory,
        within limit: Duration = .seconds(30)
    ) throws -> Outcome {
        let log = directory.path(UUID().uuidString)
        let process = try ChildProcess([path] + arguments, log: log)
        let ending = process.waitForEnd(within: limit)
        if ending == nil { process.send(SIGKILL) }
        return Outcome(ending: ending, output: directory.text(log))
    }
}
