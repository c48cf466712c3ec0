public import BFTApplication
public import BFTBase
import BFTCore
public import BFTLedger
import BFTStorage

/// Brings an application to the head of the chain: loads the state that was saved last, and
/// executes again the blocks since.
public enum Replay {
    /// - Parameter note: told of each block that is about to be executed again.
    /// - Throws: if the state can't be read or is not the one that the validators agreed on.
    public static func bring<App: Application>(
        _ application: inout App, to head: CommittedState, from store: ChainStore,
        _ note: (_ height: Height, _ saved: Height) -> Void = { _, _ in }
    ) throws(ChainError) {
        do throws(ApplicationError) {
            try application.load(store.stateSource)
        } catch {
            throw .application(error)
        }
        do throws(StorageError) {
            let saved = try store.savedHeight()
            var height = saved
            while height < head.block.height {
                height = height.next
                note(height, saved)
                try execute(height, &application, store)
            }
        } catch {
            throw .storage(error)
        }
        guard application.stateRoot == head.stateRoot else {
            throw .application(
                ApplicationError(
                    "the state on disk has digest \(application.stateRoot), and not "
                        + "\(head.stateRoot) as the last block left it; move the directory "
                        + "'chain' aside and keep 'log': the node then takes the chain from others")
            )
        }
    }

    private static func execute<App: Application>(
        _ height: Height, _ application: inout App, _ store: ChainStore
    ) throws(StorageError) {
        guard let block = try store.block(at: height) else {
            throw .corrupt(file: "blocks", offset: height.rawValue, reason: "a block is missing")
        }
        var results = ResultWriter()
        application.begin(
            BlockContext(height: block.height, time: block.time, proposer: block.proposer))
        for reference in block.payload {
            guard let batch = try store.batch(reference) else {
                throw .corrupt(
                    file: "batches", offset: height.rawValue, reason: "a batch is missing")
            }
            batch.forEachTransaction { application.execute($0, result: &results) }
            results.removeAll()
        }
        _ = application.end()
    }
}
