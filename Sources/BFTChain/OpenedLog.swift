import BFTBase
package import BFTCore
package import BFTLedger
package import BFTStorage
import BFTWire

/// A safety log that was opened, with the records that were in it.
package struct OpenedLog<P: ConsensusProtocol> {
    package let log: SafetyLog
    package let records: [ReplicaRecord<P>]

    /// Opens the log in `directory` and reads every record in it.
    package init(
        _ directory: any LogDirectory, options: SafetyLog.Options
    ) throws(ChainError) {
        var found: [ReplicaRecord<P>] = []
        var flaw: WireError?
        do throws(StorageError) {
            log = try SafetyLog(directory: directory, options: options) {
                _, type, payload throws(StorageError) in
                guard flaw == nil else { return }
                do throws(WireError) {
                    guard type == RecordType.replica else { throw .unknownTag(type) }
                    found.append(try ReplicaRecord<P>(decoding: payload))
                } catch {
                    flaw = error
                }
            }
        } catch {
            throw .storage(error)
        }
        if let flaw { throw .unreadableRecord(flaw) }
        records = found
    }
}

extension ChainStore {
    /// Brings back the batches in `records` that were ordered up to `state`: a crash may have taken
    /// them from the store.
    package func restoreBatches<P: ConsensusProtocol>(
        _ records: [ReplicaRecord<P>], orderedIn state: CommittedState
    ) throws(ChainError) {
        let ordered = records.compactMap { record -> Batch? in
            guard case .batch(let batch) = record,
                batch.author.rawValue < state.frontier.count,
                batch.sequence < state.frontier[batch.author.rawValue]
            else { return nil }
            return batch
        }
        do throws(StorageError) {
            try restore(ordered)
        } catch {
            throw .storage(error)
        }
    }
}
