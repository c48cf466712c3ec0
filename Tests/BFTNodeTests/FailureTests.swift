import BFTBase
import BFTConfiguration
import BFTCore
import BFTDisk
import BFTLedger
import BFTStorage
import BFTTestKit
import FoundationEssentials
import Glibc
import Synchronization
import Testing

@testable import BFTNode

extension NodeTests {
    /// Nodes whose disk fails, that are cut off, or that stop while clients wait.
    @Suite struct FailureTests {
        private func query(
            _ node: TestNode, _ key: String, is value: String
        ) async throws {
            let answer = try await node.node.query(TestChain.get(key))
            #expect(text(answer.value) == "$\(value.utf8.count)\r\n\(value)\r\n", "\(key)")
        }

        /// Writes at `node` until it refuses, and returns the keys that were acknowledged.
        private func writeUntilRefused(_ node: TestNode) async throws -> [String] {
            var acknowledged: [String] = []
            for number in 0..<5_000 {
                let key = "key\(number)"
                do {
                    _ = try await node.node.submit(TestChain.set(key, key))
                    acknowledged.append(key)
                } catch {
                    return acknowledged
                }
            }
            throw Failure("the disk does not fail")
        }

        /// Expects that the node has fallen silent and says why, everywhere.
        private func expectFailed(_ node: TestNode, _ client: Client) async throws {
            try eventually("/health tells of it") {
                try node.get("/health").hasPrefix("HTTP/1.1 503")
            }
            #expect(try node.get("/health").contains("injected fault"))
            #expect(node.node.failure.map { "\($0)" }?.contains("injected fault") == true)
            #expect(try node.get("/status").hasPrefix("HTTP/1.1 200"))
            #expect(try node.get("/metrics").contains("\nbft_voting 0"))
            #expect(try node.get("/blocks/1").hasPrefix("HTTP/1.1 503"))
            for words in [["SET", "a", "1"], ["GET", "a"]] {
                try client.send([words])
                #expect(try client.reply()?.hasPrefix("-CLUSTERDOWN") == true)
            }
            await #expect(throws: RequestError.self) {
                try await node.node.query(TestChain.get("a"))
            }
        }

        /// Lets node 3 run on `disk`, which fails at some time, and expects that it alone is lost.
        private func loseOne(_ disk: NodeDisk) async throws {
            let network = try TestNetwork(4)
            let others = try (0..<3).map { try network.start($0) }
            let victim = try network.start(3, disk: disk)
            let client = try victim.resp
            let waiting = try victim.resp
            #expect(try client.call("PING") == "+PONG")
            let keys = try await writeUntilRefused(victim)
            try waiting.send([["SET", "late", "1"]])
            #expect(try waiting.reply()?.hasPrefix("-") == true)
            try await expectFailed(victim, client)
            for number in 0..<5 {
                _ = try await others[number % 3].node.submit(TestChain.set("after\(number)", "1"))
            }
            for key in keys { try await query(others[1], key, is: key) }
            try await query(others[2], "after4", is: "1")
            let error = #expect(throws: NodeFailure.self) { try network.stop(3) }
            #expect(String(describing: error).contains("injected fault"))
            try network.stopAll()
        }

        @Test("A node whose log fails stops voting and says why; nothing acknowledged is lost")
        func failingLog() async throws {
            let log = MemoryLogDirectory(faults: .init(powerCutAt: 150))
            try await loseOne(
                NodeDisk(
                    openStore: NodeDisk.real.openStore,
                    openLog: { _ throws(StorageError) in log }))
        }

        @Test("A node whose store fails stops voting and says why; nothing acknowledged is lost")
        func failingStore() async throws {
            let store = FaultInjectingBackend(faults: .init(failingWrite: 60))
            try await loseOne(
                NodeDisk(
                    openStore: { _ throws(StorageError) in store },
                    openLog: NodeDisk.real.openLog))
        }

        @Test("Whatever is under way when the disk fails is answered once, and nothing traps")
        func failingUnderLoad() async throws {
            for failing in [40, 60, 80, 110] {
                let network = try TestNetwork(1)
                let log = MemoryLogDirectory(faults: .init(powerCutAt: failing))
                let node = try network.start(
                    0,
                    disk: NodeDisk(
                        openStore: NodeDisk.real.openStore,
                        openLog: { _ throws(StorageError) in log }))
                let load = try PipelinedLoad(port: try #require(node.node.respPort))
                try eventually("the log fails") {
                    try node.get("/health").hasPrefix("HTTP/1.1 503")
                }
                #expect(throws: NodeFailure.self) { try network.stop(0) }
                try load.wait()
            }
        }

        @Test("A node that is stopped under load answers everything in order or not at all")
        func stoppingUnderLoad() async throws {
            for _ in 0..<6 {
                let network = try TestNetwork(1)
                let node = try network.start(0)
                let load = try PipelinedLoad(port: try #require(node.node.respPort))
                try eventually("something is answered") { load.count > 200 }
                let start = ContinuousClock.now
                try network.stop(0)
                #expect(ContinuousClock.now - start < .seconds(8))
                try load.wait()
            }
        }

        @Test("A node without a quorum acknowledges nothing, and when it stops it says so")
        func withoutQuorum() async throws {
            let network = try TestNetwork(4)
            let node = try network.start(0)
            let clients = try (0..<2).map { _ in try node.resp }
            try clients[0].send([["SET", "a", "1"], ["SET", "b", "1"]])
            try clients[1].send([["GET", "a"], ["GET", "b"]])
            let begun = Monitor(0)
            let receipt = Task {
                begun.withLock { $0 += 1 }
                return try await node.node.submit(TestChain.set("c", "1"))
            }
            let answer = Task {
                begun.withLock { $0 += 1 }
                return try await node.node.query(TestChain.get("c"))
            }
            // Other tests may hold the threads that tasks run on, for as long as they like.
            while begun.withLock({ $0 }) < 2 { try await Task.sleep(for: .milliseconds(10)) }
            try await Task.sleep(for: .milliseconds(300))
            let start = ContinuousClock.now
            try network.stop(0)
            #expect(ContinuousClock.now - start < .seconds(8))
            for client in clients {
                for _ in 0..<2 { #expect(try client.reply()?.hasPrefix("-UNKNOWN") == true) }
                #expect(try client.line() == nil)
            }
            await #expect(throws: RequestError.interrupted) { try await receipt.value }
            await #expect(throws: RequestError.interrupted) { try await answer.value }
        }

        @Test("A node that lost its chain and kept its log takes the chain from the others")
        func lostChain() async throws {
            let network = try TestNetwork(4)
            let nodes = try network.startAll()
            for number in 0..<12 {
                _ = try await nodes[number % 4].node.submit(TestChain.set("key\(number)", "1"))
            }
            try network.stop(2)
            _ = try await nodes[0].node.submit(TestChain.set("missed", "1"))
            try FileManager.default.removeItem(atPath: "\(network.homes[2].dataDirectory)/chain")
            let height = nodes[0].node.committedHeight
            let back = try network.start(2)
            try eventually("it has caught up") { back.node.appliedHeight >= height }
            for number in 0..<12 { try await query(back, "key\(number)", is: "1") }
            // Its own batches begin where the chain is.
            _ = try await back.node.submit(TestChain.set("back", "1"))
            try await query(nodes[1], "back", is: "1")
            try network.stopAll()
        }
    }
}

/// Clients that write and read without waiting, and hold every reply against what must come.
private final class PipelinedLoad: Sendable {
    private struct State {
        var running = 0
        var count = 0
        var flaw: String?
    }
    private let state = Monitor(State())

    init(port: UInt16) throws {
        for number in 0..<4 {
            let client = Mutex(try Client(port: port))
            state.withLock { $0.running += 1 }
            _ = NamedThread("load") { [state] in
                client.withLock { Self.run($0, number, state) }
                state.withLock { $0.running -= 1 }
                state.notify()
            }
        }
    }

    var count: Int { state.withLock { $0.count } }

    /// Waits until every client was cut off. Throws if one got a reply that is not its own.
    func wait() throws {
        if let flaw = state.withLock(when: { $0.running == 0 }, { $0.flaw }) { throw Failure(flaw) }
    }

    private static func run(_ client: Client, _ number: Int, _ state: Monitor<State>) {
        var round = 0
        while true {
            // Half of the clients write, each to a counter of its own; the others read.
            let isWriter = number.isMultiple(of: 2)
            let command = isWriter ? ["INCR", "n\(number)"] : ["GET", "none"]
            let commands = Array(repeating: command, count: 8)
            let expected = (1...8).map { isWriter ? ":\(8 * round + $0)" : "$-1" }
            round += 1
            do {
                try client.send(commands)
                for (position, right) in expected.enumerated() {
                    guard let line = try client.line() else { return }
                    if line.hasPrefix("-UNKNOWN") || line.hasPrefix("-CLUSTERDOWN") { return }
                    guard line == right else {
                        state.withLock { $0.flaw = "\(commands[position]): \(line), not \(right)" }
                        return
                    }
                    state.withLock { $0.count += 1 }
                }
            } catch {
                return  // The connection was reset.
            }
        }
    }
}
