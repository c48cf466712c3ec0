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
            let answers = try proof(of: 1, atLeast: 3, cluster)
            let last = try #require(answers.last)
            func check(_ text: String, genesis: String? = nil) throws -> Outcome {
                let path = cluster.directory.path("block.json")
                try cluster.directory.write(text, to: path)
                let (isSuccess, outcome) = try verify(
                    ["--block", path], cluster, genesis: genesis)
                #expect(isSuccess == outcome.valid)
                return outcome
            }
            // A block may be certified by a later one only: then it takes those between.
            #expect(try check("[\(answers.map(\.text).joined(separator: ","))]").valid)
            #expect(try check(last.text).valid)
            #expect(try !check("[\(answers[0].text),\(last.text)]").valid)
            #expect(try !check("{}").valid)
            for (old, new) in Self.changes(of: last, amid: answers) {
                let changed = last.text.replacing(old, with: new)
                #expect(changed != last.text)
                let outcome = try check(changed)
                #expect(!outcome.valid && outcome.reason?.isEmpty == false)
            }
            let other = cluster.directory.path("other.json")
            let genesis = cluster.directory.text("\(cluster.home(0))/genesis.json")
            try cluster.directory.write(
                genesis.replacing("process-tests", with: "another-chain"), to: other)
            let reason = try check(last.text, genesis: other).reason
            #expect(reason?.contains("another chain") == true)
        }

        private struct Answer: Decodable {
            struct Certificate: Decodable {
                let height: Int
                let encoded: String
            }
            let height: Int
            let digest: String
            let encoded: String
            let certificate: Certificate
        }

        /// What v1 answers about the block at `height` and those above it, up to one that has a
        /// certificate of its own: so many, or more.
        private func proof(
            of height: Int, atLeast count: Int, _ cluster: Cluster
        ) throws -> [(text: String, answer: Answer)] {
            var proof: [(text: String, answer: Answer)] = []
            while proof.count < count
                || proof.last?.answer.height != proof.last?.answer.certificate.height
            {
                let path = "/blocks/\(height + proof.count)"
                let body = try HTTPAnswer.get(path, port: cluster.httpPort(1)).body
                let answer = try JSONDecoder().decode(Answer.self, from: Data(body))
                proof.append((String(decoding: body, as: UTF8.self), answer))
            }
            return proof
        }

        /// Another digest in clear, another block's encoding and certificate, and a bit of each of
        /// the encodings.
        private static func changes(
            of last: (text: String, answer: Answer), amid all: [(text: String, answer: Answer)]
        ) -> [(String, String)] {
            func flipped(_ text: String, at position: Int) -> String {
                var data = Data(base64Encoded: text) ?? Data()
                data[data.startIndex + (position + data.count) % data.count] ^= 1
                return data.base64EncodedString()
            }
            let (block, certificate) = (last.answer.encoded, last.answer.certificate.encoded)
            let below = all[all.count - 2].answer
            let others = all.map(\.answer.certificate.encoded).filter { $0 != certificate }
            return [
                (last.answer.digest, below.digest), (block, below.encoded),
                (block, flipped(block, at: 20)), (certificate, flipped(certificate, at: 5)),
                (certificate, flipped(certificate, at: -5)),
            ] + others.prefix(1).map { (certificate, $0) }
        }
    }
}
