public import BFTBase
public import BFTCore
public import BFTWire

/// What the ledgers of two replicas say to each other.
public enum LedgerMessage: Equatable, Sendable {
    /// A batch, from its author or as the answer to a request.
    case batch(BatchCopy)
    case batchRequest([BatchReference])
    /// Asks for committed blocks.
    case syncRequest(SyncRequest)
    /// The answer to `from`.
    case syncResponse(UncheckedRun)
    /// The answer to `ancestors`.
    case syncAncestors([Block])
    /// Asks for the highest height that the receiver has helped to commit.
    case readProbe(nonce: UInt64)
    case readClaim(nonce: UInt64, height: Height)
}

extension LedgerMessage: Authenticated {
    /// Batches and certificates are signed: the rest is asked of the peer at the other end of an
    /// authenticated link.
    public var claims: [SignatureClaim] {
        switch self {
        case .batch(let copy): copy.claims
        case .syncResponse(let run): run.certificate.claims
        case .batchRequest, .syncRequest, .syncAncestors, .readProbe, .readClaim: []
        }
    }
}

extension LedgerMessage: WireCodable {
    private enum Tag {
        static let batch: UInt8 = 1
        static let batchRequest: UInt8 = 2
        static let syncRequest: UInt8 = 3
        static let syncResponse: UInt8 = 4
        static let readProbe: UInt8 = 5
        static let readClaim: UInt8 = 6
        static let syncAncestors: UInt8 = 7
    }

    public func encode(into writer: inout Writer) {
        switch self {
        case .batch(let copy):
            writer.uint8(Tag.batch)
            copy.encode(into: &writer)
        case .batchRequest(let references):
            writer.uint8(Tag.batchRequest)
            writer.array(references) { $1.encode(into: &$0) }
        case .syncRequest(let request):
            writer.uint8(Tag.syncRequest)
            request.encode(into: &writer)
        case .syncResponse(let run):
            writer.uint8(Tag.syncResponse)
            run.encode(into: &writer)
        case .syncAncestors(let blocks):
            writer.uint8(Tag.syncAncestors)
            writer.array(blocks) { $1.encode(into: &$0) }
        case .readProbe(let nonce):
            writer.uint8(Tag.readProbe)
            writer.uint64(nonce)
        case .readClaim(let nonce, let height):
            writer.uint8(Tag.readClaim)
            writer.uint64(nonce)
            height.encode(into: &writer)
        }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        switch try reader.uint8() {
        case Tag.batch: self = .batch(try BatchCopy(from: &reader))
        case Tag.batchRequest:
            let references = try reader.array(limit: LedgerLimits.batchRequestLimit) {
                reader throws(WireError) in try BatchReference(from: &reader)
            }
            // Each is answered with up to a batch's limit of bytes.
            guard Set(references).count == references.count else {
                throw .invalid("a batch is asked for twice")
            }
            self = .batchRequest(references)
        case Tag.syncRequest: self = .syncRequest(try SyncRequest(from: &reader))
        case Tag.syncResponse:
            self = .syncResponse(
                try UncheckedRun(from: &reader, limit: LedgerLimits.syncBlockLimit))
        case Tag.syncAncestors:
            self = .syncAncestors(
                try reader.array(limit: LedgerLimits.syncBlockLimit) { reader throws(WireError) in
                    try Block(from: &reader)
                })
        case Tag.readProbe: self = .readProbe(nonce: try reader.uint64())
        case Tag.readClaim:
            self = .readClaim(nonce: try reader.uint64(), height: try Height(from: &reader))
        case let tag: throw .unknownTag(tag)
        }
    }
}

extension LedgerMessage {
    /// What `message` says that it is, if it is the encoding of a batch.
    static func batchHead(of reader: inout Reader) throws(WireError) -> BatchHead? {
        guard try reader.uint8() == Tag.batch else { return nil }
        return try BatchHead(from: &reader)
    }
}

extension UncheckedRun {
    func encode(into writer: inout Writer) {
        writer.array(blocks) { $1.encode(into: &$0) }
        certificate.encode(into: &writer)
    }

    /// Reads what is said to be a run of at most `limit` blocks.
    @_lifetime(reader: copy reader)
    init(from reader: inout Reader, limit: Int) throws(WireError) {
        let blocks = try reader.array(limit: limit) { reader throws(WireError) in
            try Block(from: &reader)
        }
        self.init(blocks: blocks, certificate: try Certificate(from: &reader))
    }
}
