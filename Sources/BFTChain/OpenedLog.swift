import BFTBase
public import BFTCore
public import BFTLedger
public import BFTStorage
import BFTWire

/// A safety log that was opened, with the records that were in it.
public struct OpenedLog<P: ConsensusProtocol> {
    public let log: SafetyLog
    public let records: [ReplicaRecord<P>]
    /// Where the large batches stand, in the order of the log.
    public let places: [PlacedBatch]

    /// Opens the log in `directory` and reads every record in it.
    public init(
        _ directory: any LogDirectory, options: SafetyLog.Options
    ) throws(ChainError) {
        var options = options
        options.keptType = RecordType.largeBatch
        var found = LogContents<P>()
        var flaw: WireError?
        do throws(StorageError) {
            log = try SafetyLog(directory: directory, options: options) {
                position, type, payload throws(StorageError) in
                guard flaw == nil else { return }
                do throws(WireError) {
                    try found.take(payload, type, at: position)
                } catch {
                    flaw = error
                }
            }
        } catch {
            throw .storage(error)
        }
        if let flaw { throw .unreadableRecord(flaw) }
        records = found.records
        places = found.places
    }
}

/// What is found in a safety log while it is opened.
private struct LogContents<P: ConsensusProtocol> {
    private(set) var records: [ReplicaRecord<P>] = []
    private(set) var places: [PlacedBatch] = []

    mutating func take(
        _ payload: RawSpan, _ type: UInt8, at position: LogPosition
    ) throws(WireError) {
        switch type {
        case RecordType.replica: records.append(try ReplicaRecord<P>(decoding: payload))
        case RecordType.batch, RecordType.largeBatch:
            let copy = try BatchCopy(decoding: payload)
            records.append(.batch(copy))
            if type == RecordType.largeBatch {
                places.append(PlacedBatch(copy.reference, at: position))
            }
        default: throw .unknownTag(type)
        }
    }
}

extension ChainStore {
    /// Brings back the small batches in `records` that were ordered up to `state`: a crash may have
    /// taken them from the store. The places of the large ones are written with their blocks.
    public func restoreBatches<P: ConsensusProtocol>(
        _ records: [ReplicaRecord<P>], places: [PlacedBatch], orderedIn state: CommittedState
    ) throws(ChainError) {
        let large = Set(places.map(\.reference))
        let ordered = records.compactMap { record -> Batch? in
            guard case .batch(let copy) = record, case let batch = copy.batch,
                !large.contains(batch.reference), batch.author.rawValue < state.frontier.count,
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
