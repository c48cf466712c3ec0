public import BFTCore
public import BFTWire

/// Everything that replicas send each other.
public enum ReplicaMessage<P: ConsensusProtocol>: Equatable, Sendable {
    indirect case consensus(P.Message)
    indirect case ledger(LedgerMessage)
}

extension ReplicaMessage: Authenticated {
    public var claims: [SignatureClaim] {
        switch self {
        case .consensus(let message): message.claims
        case .ledger(let message): message.claims
        }
    }
}

extension ReplicaMessage {
    /// What the message that `span` encodes says that it is, if it is a batch. Nothing is copied
    /// or hashed.
    public static func batchHead(of span: RawSpan) throws(WireError) -> BatchHead? {
        var reader = Reader(span)
        guard try reader.uint8() == Tag.ledger else { return nil }
        return try LedgerMessage.batchHead(of: &reader)
    }
}

extension ReplicaMessage: WireCodable {
    private enum Tag {
        static var consensus: UInt8 { 1 }
        static var ledger: UInt8 { 2 }
    }

    public func encode(into writer: inout Writer) {
        switch self {
        case .consensus(let message):
            writer.uint8(Tag.consensus)
            message.encode(into: &writer)
        case .ledger(let message):
            writer.uint8(Tag.ledger)
            message.encode(into: &writer)
        }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        switch try reader.uint8() {
        case Tag.consensus: self = .consensus(try P.Message(from: &reader))
        case Tag.ledger: self = .ledger(try LedgerMessage(from: &reader))
        case let tag: throw .unknownTag(tag)
        }
    }
}

/// Everything that a replica must still know after a crash.
public enum ReplicaRecord<P: ConsensusProtocol>: Equatable, Sendable {
    case consensus(P.Durable)
    case batch(BatchCopy)
    /// Committed, and not executed when the log was begun.
    case committed(UncheckedRun)
    /// The first blocks of such a run that is long: the rest follows.
    case blocks([Block])
    /// What the records before this one say nothing of any more.
    case floor(Floor)

    /// The most blocks in one record.
    static var blockLimit: Int { LedgerLimits.syncBlockLimit }

    /// The records of a run, each of a size that a log takes.
    static func records(of run: CommittedRun) -> [Self] {
        var records: [Self] = []
        var (blocks, window) = ([Block](), SyncWindow(LedgerLimits()))
        for block in run.blocks {
            if window.isFull {
                records.append(.blocks(blocks))
                (blocks, window) = ([], SyncWindow(LedgerLimits()))
            }
            blocks.append(block)
            window.add(block)
        }
        return records + [
            .committed(
                UncheckedRun(blocks: blocks, certificate: run.certificate.certificate))
        ]
    }
}

extension ReplicaRecord: WireCodable {
    public func encode(into writer: inout Writer) {
        switch self {
        case .consensus(let record):
            writer.uint8(1)
            record.encode(into: &writer)
        case .batch(let copy):
            writer.uint8(2)
            copy.encode(into: &writer)
        case .committed(let run):
            writer.uint8(3)
            run.encode(into: &writer)
        case .blocks(let blocks):
            writer.uint8(4)
            writer.array(blocks) { $1.encode(into: &$0) }
        case .floor(let floor):
            writer.uint8(5)
            floor.encode(into: &writer)
        }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        switch try reader.uint8() {
        case 1: self = .consensus(try P.Durable(from: &reader))
        case 2: self = .batch(try BatchCopy(from: &reader))
        case 3: self = .committed(try UncheckedRun(from: &reader, limit: Self.blockLimit))
        case 4:
            self = .blocks(
                try reader.array(limit: Self.blockLimit) { reader throws(WireError) in
                    try Block(from: &reader)
                })
        case 5: self = .floor(try Floor(from: &reader))
        case let tag: throw .unknownTag(tag)
        }
    }
}
