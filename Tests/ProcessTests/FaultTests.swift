import BFTTestKit
import Glibc
import Testing

/// Nodes as processes that are killed and come back.
extension ProcessTests {
    @Suite struct FaultTests {
        /// All that `keys` hold must be readable at `cluster`'s node `index`.
        private func expectAll(_ keys: [String], in cluster: Cluster, at index: Int) throws {
            let client = try cluster.client(index)
            let missing = try keys.filter { try client.call("GET", $0) != .text($0) }
            #expect(missing.isEmpty, "\(missing.count) of \(keys.count) writes are lost")
        }

        @Test(
            "Writes go on without any one validator, which catches up and votes when it is back",
            arguments: Cluster.protocols)
        func killOne(protocolName: String) throws {
            let cluster = try Cluster(protocolName: protocolName)
            try cluster.reporting {
                for victim in 0..<cluster.size {
                    let others = (0..<cluster.size).filter { $0 != victim }
                    let load = Load(ports: others.map(cluster.respPort))
                    try load.advance(by: 5)
                    cluster.kill(victim)
                    // Commands that its leadership holds up wait for a view to time out.
                    try load.advance(by: 20)
                    try cluster.start(victim)
                    let target = others.map(cluster.height).max() ?? 0
                    try eventually("node\(victim) reaches height \(target)") {
                        cluster.height(of: victim) >= target
                    }
                    try load.advance(by: 5)
                    let keys = try load.stop()
                    try expectAll(keys, in: cluster, at: victim)
                }
                // With another one down, a quorum needs the vote of the last victim.
                cluster.kill(0)
                let load = Load(ports: [cluster.respPort(3)])
                try load.advance(by: 5)
                _ = try load.stop()
                try cluster.start(0)
                try cluster.waitUntilLevel(0..<cluster.size)
                try cluster.expectAgreement()
            }
        }

        @Test(
            "Without a quorum nothing is acknowledged; with one again, nothing is lost",
            arguments: Cluster.protocols)
        func killTwo(protocolName: String) throws {
            let cluster = try Cluster(protocolName: protocolName)
            try cluster.reporting {
                let before = Load(ports: (0..<4).map(cluster.respPort))
                try before.advance(by: 20)
                let keys = try before.stop()
                cluster.kill(1)
                cluster.kill(2)
                // What was acknowledged by now had a quorum of durable votes.
                let during = Load(ports: [cluster.respPort(0), cluster.respPort(3)])
                sleep(4)
                #expect(during.count == 0, "a write was acknowledged by two of four validators")
                try cluster.start(1)
                try during.advance(by: 10)
                let more = try during.stop()
                try cluster.start(2)
                try cluster.waitUntilLevel(0..<4)
                for index in 0..<4 { try expectAll(keys + more, in: cluster, at: index) }
                try cluster.expectAgreement()
            }
        }

        @Test(
            "When all validators are killed at once under load, every acknowledged write stays",
            arguments: Cluster.protocols)
        func killAll(protocolName: String) throws {
            let cluster = try Cluster(protocolName: protocolName)
            try cluster.reporting {
                let load = Load(ports: (0..<4).map(cluster.respPort), count: 8)
                for _ in 0..<3 {
                    try load.advance(by: 40)
                    for index in 0..<4 { cluster.kill(index) }
                    for index in 0..<4 { try cluster.start(index) }
                }
                try load.advance(by: 10)
                let keys = try load.stop()
                try cluster.waitUntilLevel(0..<4)
                for index in 0..<4 { try expectAll(keys, in: cluster, at: index) }
                try cluster.expectAgreement()
            }
        }

        @Test("A second process on a home is refused and says who has it; the first goes on")
        func secondProcess() throws {
            let cluster = try Cluster()
            try cluster.reporting {
                let outcome = try Program.bft.run(
                    ["start", "--home", cluster.home(1)], in: cluster.directory)
                #expect(outcome.ending == .exited(1))
                #expect(outcome.output.contains("runs already"), "\(outcome.output)")
                #expect(outcome.output.contains("hint:"), "\(outcome.output)")
                #expect(try cluster.client(1).call("SET", "a", "1") == .text("OK"))
            }
        }

        @Test(
            "SIGTERM ends a node in order and soon, also under load",
            arguments: Cluster.protocols)
        func terminate(protocolName: String) throws {
            let cluster = try Cluster(protocolName: protocolName)
            try cluster.reporting {
                let load = Load(ports: (0..<4).map(cluster.respPort))
                try load.advance(by: 20)
                for index in 0..<4 {
                    #expect(cluster.terminate(index, within: .seconds(5)) == .exited(0))
                }
                let keys = try load.stop()
                for index in 0..<4 { try cluster.start(index) }
                try cluster.waitUntilLevel(0..<4)
                try expectAll(keys, in: cluster, at: 0)
            }
        }

        @Test("A node whose disk is full says so; the others go on, and it comes back")
        func fullDisk() throws {
            let cluster = try Cluster()
            try cluster.reporting {
                cluster.kill(2)
                // No file may grow beyond this: the kernel then refuses writes.
                try cluster.start(2, fileLimit: 2_048)
                let load = Load(ports: [0, 1, 3].map(cluster.respPort), padding: 30_000)
                try eventually("node2 is not healthy") {
                    (try? cluster.health(of: 2).status) == 503
                }
                let health = try cluster.health(of: 2)
                let reason = String(decoding: health.body, as: UTF8.self)
                #expect(reason.contains("no space left"), "\(reason)")
                #expect(try cluster.client(2).call("SET", "a", "1") != .text("OK"))
                try load.advance(by: 10)
                cluster.kill(2)
                _ = try load.stop()
                try cluster.start(2)
                try cluster.waitUntilLevel(0..<4)
                try cluster.expectAgreement()
            }
        }
    }
}
