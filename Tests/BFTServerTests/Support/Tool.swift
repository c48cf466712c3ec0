import Foundation

/// A program of somebody else's that a test runs.
struct Tool {
    let path: String

    /// The program called `name`, or `nil`, said aloud, if it is not installed.
    init?(_ name: String) {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let found = folders.map { "\($0)/\(name)" }.first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        guard let found else {
            print("skipped: \(name) is not installed")
            return nil
        }
        path = found
    }

    struct Outcome {
        var status: Int32
        var output: String
    }

    /// Runs the program to its end. Its standard output and error come together.
    func run(_ arguments: [String], input: String = "") throws -> Outcome {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        let (standardInput, output) = (Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = output
        process.standardError = output
        try process.run()
        // What is written here fits a pipe, so nobody waits for anybody.
        precondition(input.utf8.count < 60_000, "too much input for a test")
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self))
    }
}
