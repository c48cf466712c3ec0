import BFTTestKit
import FoundationEssentials
import Testing

/// Four validators, and the clients that people have.
extension ProcessTests {
    @Suite struct ClientTests {
        @Test(
            "What one node takes, every node has, with the same blocks and the same state",
            arguments: Cluster.protocols)
        func replication(protocolName: String) throws {
            let cluster = try Cluster(protocolName: protocolName)
            try cluster.reporting {
                for index in 0..<4 {
                    #expect(
                        try cluster.client(index).call("SET", "key\(index)", "value\(index)")
                            == .text("OK"))
                }
                for index in 0..<4 {
                    let client = try cluster.client(index)
                    for other in 0..<4 {
                        #expect(try client.call("GET", "key\(other)") == .text("value\(other)"))
                    }
                }
                #expect(try cluster.client(0).call("INCR", "n") == .integer(1))
                #expect(try cluster.client(3).call("INCR", "n") == .integer(2))
                try cluster.expectAgreement()
            }
        }

        @Test("The clients and tools of Redis and Prometheus work against real nodes")
        func tools() throws {
            let cluster = try Cluster()
            try cluster.reporting {
                try redisTools(cluster)
                try pythonClient(cluster)
                try metrics(cluster)
                try cluster.expectAgreement()
            }
        }

        private func redisTools(_ cluster: Cluster) throws {
            if let tool = Program.installed("redis-cli") {
                let (first, last) = ("\(cluster.respPort(0))", "\(cluster.respPort(3))")
                let set = try tool.run(["-p", first, "SET", "cli", "42"], in: cluster.directory)
                #expect(set.output == "OK\n")
                let get = try tool.run(["-p", last, "GET", "cli"], in: cluster.directory)
                #expect(get.output == "42\n")
            }
            if let tool = Program.installed("redis-benchmark") {
                let words = [
                    "-p", "\(cluster.respPort(1))", "-t", "set,get,incr,mset", "-n", "300", "-c",
                    "10", "-P", "4", "-q",
                ]
                let outcome = try tool.run(words, in: cluster.directory, within: .seconds(60))
                #expect(outcome.isSuccess, "\(outcome.output)")
                for name in ["SET", "GET", "INCR", "MSET"] {
                    #expect(outcome.output.contains("\(name)"), "\(outcome.output)")
                }
                #expect(!outcome.output.lowercased().contains("error"), "\(outcome.output)")
            }
        }

        private func pythonClient(_ cluster: Cluster) throws {
            guard let python = Program.installed("python3") else { return }
            let script = """
                import sys
                try:
                    import redis
                except ImportError:
                    sys.exit(77)
                client = redis.Redis(port=\(cluster.respPort(2)), decode_responses=True)
                assert client.set("python", "yes")
                with client.pipeline() as block:
                    block.incr("visits")
                    block.get("python")
                    assert block.execute() == [1, "yes"]
                other = redis.Redis(port=\(cluster.respPort(1)), protocol=3)
                assert other.get("visits") == b"1"
                assert client.mset({"a": 1, "b": 2}) and client.mget("a", "b") == ["1", "2"]
                """
            let outcome = try python.run(["-c", script], in: cluster.directory)
            if outcome.ending == .exited(77) {
                print("skipped: the Python package redis is not installed")
            } else {
                #expect(outcome.isSuccess, "\(outcome.output)")
            }
        }

        private func metrics(_ cluster: Cluster) throws {
            let answer = try HTTPAnswer.get("/metrics", port: cluster.httpPort(0))
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(answer.status == 200)
            #expect(text.contains("\nbft_"))
            guard let promtool = Program.installed("promtool"),
                let shell = Program.installed("sh")
            else { return }
            let path = cluster.directory.path("metrics")
            try cluster.directory.write(text, to: path)
            let words = ["-c", "\"$0\" check metrics < \"$1\"", promtool.path, path]
            let outcome = try shell.run(words, in: cluster.directory)
            #expect(outcome.isSuccess, "\(outcome.output)")
        }

        @Test(
            "'bft status --json' says what a node is and how far it has come",
            arguments: Cluster.protocols)
        func status(protocolName: String) throws {
            let cluster = try Cluster(protocolName: protocolName)
            try cluster.reporting {
                try eventually("every node reaches every peer") {
                    try (0..<4).allSatisfy { index in
                        try cluster.status(of: index).peers.allSatisfy(\.connected)
                    }
                }
                for index in 0..<4 {
                    let outcome = try Program.bft.run(
                        [
                            "status", "--json", "--url",
                            "http://127.0.0.1:\(cluster.httpPort(index))",
                        ], in: cluster.directory)
                    #expect(outcome.isSuccess, "\(outcome.output)")
                    let status = try JSONDecoder().decode(
                        Cluster.Status.self, from: Data(outcome.output.utf8))
                    #expect(status.chainId == "process-tests" && status.protocol == protocolName)
                    #expect(status.scheme == "ed25519" && status.nodeIndex == index)
                    // A view of PBFT has any number of heights.
                    #expect(status.committedHeight > 0 && status.view > 0)
                    #expect(status.appliedHeight <= status.committedHeight)
                    #expect(status.stateRoot.count == 64 && status.epoch == 0)
                    #expect((0..<4).contains(status.leader))
                    #expect(status.peers.map(\.index) == (0..<4).filter { $0 != index })
                    #expect(status.version.hasPrefix("swift-bft/"))
                }
            }
        }
    }
}
