import BFT

@main
struct Embedding {
    static func main() throws {
        // The directory that `bft init --home DIRECTORY` made: keys, genesis, settings, data.
        let home = try NodeHome.load(CommandLine.arguments[1])
        let node = try Node<Simplex, KeyValueStore>(
            configuration: home, application: KeyValueStore())
        Task.detached {  // Not on the main thread, which is the node's.
            do {
                let command = ["SET", "greeting", "hello"].map { Array($0.utf8) }
                let receipt = try await node.submit(CommandList.encode([command]))
                let signatures = receipt.certificate?.signers.population ?? 0
                print("committed at height \(receipt.height) with \(signatures) signatures")
            } catch {
                print("not committed: \(error)")
            }
            node.stop()
        }
        try node.run()  // Returns after `stop()`. Until then, this thread is the node's.
    }
}
