import BFTBase
public import BFTCore
import BFTWire

/// A record on its way to the log.
public struct HostRecord<P: ConsensusProtocol>: Equatable, Sendable {
    public let content: ReplicaRecord<P>
    /// Whether somebody waits until it is durable. If not, it may lie in the log's memory until
    /// another record is urgent, or until `HostOutput.flush`.
    public internal(set) var isUrgent: Bool
    /// Whether it is durable already, in an older record.
    public let isRepeated: Bool
    let number: UInt64
    public let type: UInt8

    init(
        _ number: UInt64, _ content: ReplicaRecord<P>, isUrgent: Bool, isRepeated: Bool,
        largeFrom byteCount: Int
    ) {
        self.number = number
        self.content = content
        self.isUrgent = isUrgent
        self.isRepeated = isRepeated
        type =
            if case .batch(let copy) = content {
                RecordType.of(copy.batch, largeFrom: byteCount)
            } else {
                RecordType.replica
            }
    }

    /// The payload, in parts that stand one after another. Encoded when it is asked for: a host
    /// without a disk never does.
    public var parts: [[UInt8]] {
        guard case .batch(let copy) = content else { return [content.encoded] }
        return [copy.head, copy.batch.encoded]
    }

    /// The batch that the record holds.
    var batch: BatchReference? {
        if case .batch(let copy) = content { copy.reference } else { nil }
    }
}

/// The types of records in the safety log.
public enum RecordType {
    /// A record of the replica, in its canonical encoding.
    public static let replica: UInt8 = 1
    /// A copy of a batch, as it is encoded.
    public static let batch: UInt8 = 2
    /// A batch that stays where it is once it is executed: the chain refers to it.
    public static let largeBatch: UInt8 = 3

    /// What is smaller is written twice, so that no log of votes has to be kept for its sake.
    public static let largeBatchBytes = 16 << 10

    public static func of(_ batch: Batch, largeFrom byteCount: Int = largeBatchBytes) -> UInt8 {
        batch.encoded.count >= byteCount ? largeBatch : Self.batch
    }
}
