import BFTTestKit
import Glibc
import Synchronization

/// Clients that write keys of their own, one write after the other, until they are stopped. They
/// remember what was acknowledged, and go to another node when theirs fails.
final class Load: Sendable {
    private struct State {
        var acknowledged: [String] = []
        var runningCount = 0
    }
    private let state = Mutex(State())
    private let isStopping = Atomic(false)
    private let padding: String

    /// Starts `count` clients against the nodes with `ports`. What they write is the key, and
    /// `padding` bytes more.
    init(ports: [Int], count: Int = 4, padding: Int = 0) {
        self.padding = String(repeating: "x", count: padding)
        state.withLock { $0.runningCount = count }
        for client in 0..<count {
            TestThread.detach { [self] in
                write(as: client, ports)
                state.withLock { $0.runningCount -= 1 }
            }
        }
    }

    var acknowledged: [String] { state.withLock(\.acknowledged) }
    var count: Int { state.withLock(\.acknowledged.count) }

    /// Ends the clients and returns the keys of all acknowledged writes.
    func stop() throws -> [String] {
        isStopping.store(true, ordering: .relaxed)
        try eventually("the clients end") { state.withLock(\.runningCount) == 0 }
        return acknowledged
    }

    /// Waits until `more` writes are acknowledged beyond those that are.
    func advance(by more: Int, within limit: Duration = .seconds(30)) throws {
        let target = count + more
        try eventually("\(more) more writes are acknowledged", within: limit) { count >= target }
    }

    private func write(as client: Int, _ ports: [Int]) {
        var connection: RESPClient?
        var attempt = client
        var number = 0
        while !isStopping.load(ordering: .relaxed) {
            do {
                if connection == nil {
                    connection = try RESPClient(
                        port: ports[attempt % ports.count], timeout: .seconds(3))
                }
                let key = "load:\(client):\(number)"
                number += 1
                guard try connection?.call("SET", key, key + padding) == .text("OK") else {
                    throw Failure("refused")
                }
                state.withLock { $0.acknowledged.append(key) }
            } catch {
                connection = nil
                attempt += 1
                usleep(20_000)
            }
        }
    }
}
