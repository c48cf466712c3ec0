import BFTTestKit
import FoundationEssentials
import Testing

/// Blocks of a running chain, checked from outside with the genesis file alone.
extension ProcessTests {
    @Suite struct VerifyBlockTests {
        private struct Outcome: Decodable {
            let valid: Bool
            let height: Int?
            let signers: [Int]?
            let reason: String?
        }

        private func verify(
            _ words: [String], _ cluster: Cluster, genesis: String? = nil
        ) throws -> (isSuccess: Bool, outcome: Outcome) {
            let genesis = genesis ?? "\(cluster.home(0))/genesis.json"
            let run = try Program.bft.run(
                ["verify-block", "--json", "--genesis", genesis] + words, in: cluster.directory)
            let line = run.output.split(separator: "\n").first { $0.hasPrefix("{") } ?? ""
            let outcome = try JSONDecoder().decode(Outcome.self, from: Data(line.utf8))
            return (run.isSuccess, outcome)
        }

        @Test(
            "A committed block is shown to be one, and whatever was changed is not",
            arguments: Cluster.protocols)
        func verifyBlock(protocolName: String) throws {
            let cluster = try Cluster(protocolName: protocolName)
            try cluster.reporting {
                try eventually("there are blocks") { cluster.height(of: 0) >= 4 }
                let url = "http://127.0.0.1:\(cluster.httpPort(0))"
                for height in 1...3 {
                    let (isSuccess, outcome) = try verify(
                        ["--url", url, "--height", "\(height)"], cluster)
                    #expect(isSuccess && outcome.valid && outcome.height == height)
                    #expect((outcome.signers?.count ?? 0) >= 3)
                }
                try checkFiles(cluster)
            }
        }

        /// Saved answers: as they came, and changed.
        private func checkFiles(_ cluster: Cluster) throws {
            let answers = try (1...3).map { height in
                let answer = try HTTPAnswer.get("/blocks/\(height)", port: cluster.httpPort(1))
                return String(decoding: answer.body, as: UTF8.self)
            }
            func check(_ text: String, genesis: String? = nil) throws -> Outcome {
                let path = cluster.directory.path("block.json")
                try cluster.directory.write(text, to: path)
                let (isSuccess, outcome) = try verify(
                    ["--block", path], cluster, genesis: genesis)
                #expect(isSuccess == outcome.valid)
                return outcome
            }
            // A block may be certified by a later one only: then it takes those between.
            #expect(try check("[\(answers.joined(separator: ","))]").valid)
            #expect(try !check("[\(answers[0]),\(answers[2])]").valid)
            #expect(try !check("{}").valid)
            for (old, new) in try Self.changes(of: answers) {
                let changed = answers[2].replacing(old, with: new)
                #expect(changed != answers[2])
                let outcome = try check(changed)
                #expect(!outcome.valid && outcome.reason?.isEmpty == false)
            }
            let other = cluster.directory.path("other.json")
            let genesis = cluster.directory.text("\(cluster.home(0))/genesis.json")
            try cluster.directory.write(
                genesis.replacing("process-tests", with: "another-chain"), to: other)
            #expect(try check(answers[2], genesis: other).reason?.contains("another chain") == true)
        }

        /// Another digest in clear, another block's encoding, and a bit of each of the encodings.
        private static func changes(of answers: [String]) throws -> [(String, String)] {
            struct Answer: Decodable {
                struct Certificate: Decodable { let encoded: String }
                let digest: String
                let encoded: String
                let certificate: Certificate
            }
            let all = try answers.map { try JSONDecoder().decode(Answer.self, from: Data($0.utf8)) }
            func flipped(_ text: String, at position: Int) -> String {
                var data = Data(base64Encoded: text) ?? Data()
                data[data.startIndex + (position + data.count) % data.count] ^= 1
                return data.base64EncodedString()
            }
            let (block, certificate) = (all[2].encoded, all[2].certificate.encoded)
            return [
                (all[2].digest, all[1].digest), (block, all[1].encoded),
                (certificate, all[0].certificate.encoded), (block, flipped(block, at: 20)),
                (certificate, flipped(certificate, at: 5)),
                (certificate, flipped(certificate, at: -5)),
            ]
        }
    }
}
