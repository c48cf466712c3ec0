public import BFTBase
public import BFTWire

/// Client transactions that one validator gathered, in one contiguous buffer.
///
/// The buffer is the canonical encoding, and the same buffer is hashed, logged, sent and executed:
/// `author u16 ‖ sequence u64 ‖ count u32 ‖ (length u32 ‖ transaction)*`. No object stands for a
/// transaction.
///
/// - Invariant B1: the lengths in `encoded` tile it exactly, and there are `transactionCount`.
public struct Batch: Equatable, Sendable {
    public let reference: BatchReference
    public let transactionCount: Int
    /// The canonical encoding.
    public let encoded: [UInt8]

    /// The most bytes that one encoded batch may have.
    public static let byteLimit = 4 << 20
    /// The bytes before the first transaction.
    static let headerByteCount = 14
    /// The bytes of a batch of one transaction beside that transaction.
    public static let byteOverhead = headerByteCount + transactionOverhead
    /// What stands before each transaction: its length.
    public static let transactionOverhead = 4

    public var author: ValidatorIndex { reference.author }
    public var sequence: BatchSequence { reference.sequence }
    public var digest: Digest { reference.digest }

    /// The batch that `encoded` is. Copies nothing.
    public init(encoded: [UInt8]) throws(WireError) {
        guard encoded.count <= Self.byteLimit else {
            throw .tooLarge(limit: Self.byteLimit, found: UInt64(encoded.count))
        }
        var reader = Reader(unsafe encoded.span.bytes)
        let author = try ValidatorIndex(from: &reader)
        let sequence = try BatchSequence(from: &reader)
        guard sequence > .zero else { throw .invalid("a batch with sequence 0") }
        let count = Int(try reader.uint32())
        for _ in 0..<count {
            let length = Int(try reader.uint32())
            _ = try reader.raw(byteCount: length)
        }
        try reader.finish()
        self.init(author: author, sequence: sequence, transactionCount: count, encoded: encoded)
    }

    fileprivate init(
        author: ValidatorIndex, sequence: BatchSequence, transactionCount: Int, encoded: [UInt8]
    ) {
        self.reference = BatchReference(
            author: author, sequence: sequence,
            digest: Digest.of(encoded, in: .batch), byteCount: encoded.count)
        self.transactionCount = transactionCount
        self.encoded = encoded
    }

    /// Calls `body` with each transaction, in order, where it stands.
    public func forEachTransaction(_ body: (RawSpan) -> Void) {
        let span = unsafe encoded.span.bytes
        var offset = Self.headerByteCount
        for _ in 0..<transactionCount {
            let length = unsafe Int(
                span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
            body(span.extracting(offset + 4..<offset + 4 + length))
            offset += 4 + length
        }
    }
}

/// Gathers transactions for a batch, straight into its encoding.
public struct BatchBuilder: Sendable {
    public private(set) var transactionCount = 0
    private var encoded: [UInt8]

    public init() { encoded = Array(repeating: 0, count: Batch.headerByteCount) }

    public var isEmpty: Bool { transactionCount == 0 }
    /// The size of the encoding so far.
    public var byteCount: Int { encoded.count }

    /// Whether a transaction of `byteCount` bytes still fits.
    public func hasRoom(for byteCount: Int) -> Bool {
        encoded.count + 4 + byteCount <= Batch.byteLimit
    }

    /// - Precondition: there is room for it.
    public mutating func append(_ transaction: RawSpan) {
        append(upTo: transaction.byteCount) { buffer in
            unsafe transaction.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
        }
    }

    /// Appends the transaction that `write` appends to the buffer it is given.
    ///
    /// - Precondition: it appends at most `limit` bytes and there is room for that.
    public mutating func append(upTo limit: Int, _ write: (inout [UInt8]) -> Void) {
        precondition(hasRoom(for: limit), "the batch is full")
        let start = encoded.count
        unsafe withUnsafeBytes(of: UInt32(0)) { unsafe encoded.append(contentsOf: $0) }
        write(&encoded)
        let length = encoded.count - start - 4
        precondition(length >= 0 && length <= limit, "a transaction outgrew its limit")
        store(UInt32(length), at: start)
        transactionCount += 1
    }

    /// Ends the batch and starts over with an empty one.
    public mutating func seal(author: ValidatorIndex, sequence: BatchSequence) -> Batch {
        store(UInt16(author.rawValue), at: 0)
        store(sequence.rawValue, at: 2)
        store(UInt32(transactionCount), at: 10)
        defer { self = BatchBuilder() }
        return Batch(
            author: author, sequence: sequence, transactionCount: transactionCount,
            encoded: encoded)
    }

    private mutating func store(_ value: some FixedWidthInteger, at offset: Int) {
        for position in 0..<value.bitWidth / 8 {
            encoded[offset + position] = UInt8(truncatingIfNeeded: value >> (8 * position))
        }
    }
}
