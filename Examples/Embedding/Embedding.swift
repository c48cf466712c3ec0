import BFT
import Dispatch
import Glibc

@main
struct Embedding {
    static func main() async throws {
        // The directory that `bft init --home DIRECTORY` made: keys, genesis, settings, data.
        let home = try NodeHome.load(CommandLine.arguments[1])
        let node = try Node<Simplex, KeyValueStore>(
            configuration: home.configuration(), application: KeyValueStore())
        try await withThrowingTaskGroup { group in
            group.addTask { try await node.run() }
            group.addTask { await greet(node) }
            group.addTask { await termination() }
            _ = try await group.next()  // Whichever ends first ends the others:
            group.cancelAll()  // a request that waits, and the node, in good order.
            try await group.waitForAll()
        }
    }

    /// What the program is there for.
    static func greet(_ node: Node<Simplex, KeyValueStore>) async {
        do {
            let set = ["SET", "greeting", "hello"].map { Array($0.utf8) }
            let receipt = try await node.submit(CommandList.encode([set]))
            let signatures = receipt.certificate.signers.population
            print("committed at height \(receipt.height) with \(signatures) signatures")
            let get = ["GET", "greeting"].map { Array($0.utf8) }
            let answer = try await node.query(CommandList.encode([get]))
            print("read \(answer.value.count) bytes of the state at height \(answer.height)")
        } catch {  // A `RequestError`.
            print("not committed: \(error)")
        }
    }

    /// Returns when the process is told to end, or the task is cancelled.
    static func termination() async {
        let source = DispatchSource.makeSignalSource(signal: SIGTERM)
        let signals = AsyncStream<Void> { continuation in
            source.setEventHandler { continuation.finish() }
            source.resume()
        }
        for await _ in signals {}
        source.cancel()
    }
}
