import BFTTestKit
import FoundationEssentials
import Glibc
import Testing

/// The program of the README, which holds a validator.
extension ProcessTests {
    @Suite struct EmbeddingTests {
        @Test("The program of the README commits a transaction, reads, and ends by itself")
        func alone() throws {
            let directory = try TemporaryDirectory()
            let home = try makeHome(of: 1, in: directory)
            for _ in 0..<2 {
                let outcome = try Program.embedding.run([home], in: directory)
                #expect(outcome.isSuccess, "\(outcome.output)")
                #expect(outcome.output.contains("committed at height"), "\(outcome.output)")
                #expect(outcome.output.contains("with 1 signatures"), "\(outcome.output)")
                #expect(outcome.output.contains("of the state at height"), "\(outcome.output)")
            }
        }

        @Test("Told to end, it cancels the request that waits, and stops its validator in order")
        func cancelled() throws {
            let directory = try TemporaryDirectory()
            // The other validator never comes: nothing is ordered.
            let home = try makeHome(of: 2, in: directory)
            let log = directory.path("log")
            let process = try ChildProcess([Program.embedding.path, home], log: log)
            try eventually("it waits for a signal") { catches(SIGTERM, process.identifier) }
            try eventually("its validator is open") {
                directory.text(log).contains("opened at height 0")
            }
            process.send(SIGTERM)
            #expect(process.waitForEnd(within: .seconds(20)) == .exited(0))
            let text = directory.text(log)
            #expect(text.contains("not committed: nobody waits for the answer any more"), "\(text)")
            #expect(text.contains("stopped"), "\(text)")
        }

        /// A home of the first of `count` validators. Its ports are free ones.
        private func makeHome(of count: Int, in directory: TemporaryDirectory) throws -> String {
            let home = directory.path("home")
            let validators = try (0..<count).map { index in
                let out = directory.path("key\(index)")
                let key = try bft(["keygen", "--scheme", "ed25519", "--out", out], in: directory)
                return """
                    {"name": "node\(index)", "power": 1,
                    "publicKey": "\(key.filter { !$0.isWhitespace })",
                    "peerAddress": "127.0.0.1:\(index + 1)"}
                    """
            }
            let genesis = directory.path("genesis.json")
            try directory.write(
                """
                {"chainId": "embedding", "genesisTime": "2026-01-01T00:00:00Z",
                "protocol": "simplex", "scheme": "ed25519",
                "validators": [\(validators.joined(separator: ", "))], "parameters": {}}
                """, to: genesis)
            _ = try bft(
                [
                    "init", "--home", home, "--genesis", genesis, "--name", "node0", "--key",
                    directory.path("key0"),
                ], in: directory)
            let path = "\(home)/node.toml"
            let lines = directory.text(path).split(separator: "\n").map { line in
                line.replacing("\"0.0.0.0:1\"", with: "\"127.0.0.1:0\"")
                    .replacing("\"127.0.0.1:6400\"", with: "\"127.0.0.1:0\"")
                    .replacing("\"127.0.0.1:8400\"", with: "\"127.0.0.1:0\"")
            }
            try directory.write(lines.joined(separator: "\n") + "\n", to: path)
            return home
        }

        private func bft(_ words: [String], in directory: TemporaryDirectory) throws -> String {
            let outcome = try Program.bft.run(words, in: directory)
            guard outcome.isSuccess else { throw Failure("bft \(words): \(outcome.output)") }
            return outcome.output
        }

        /// Whether the process has a handler for `signal` (proc(5), `SigCgt`).
        private func catches(_ signal: Int32, _ identifier: pid_t) -> Bool {
            let contents = FileManager.default.contents(atPath: "/proc/\(identifier)/status")
            let lines = String(decoding: contents ?? Data(), as: UTF8.self).split(separator: "\n")
            let digits = lines.first { $0.hasPrefix("SigCgt:") }?.split(separator: "\t").last
            return digits.flatMap { UInt64($0, radix: 16) }.map { $0 >> (signal - 1) & 1 == 1 }
                ?? false
        }
    }
}
