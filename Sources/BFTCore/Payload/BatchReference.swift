public import BFTBase
public import BFTWire

/// Names one batch. The digest covers the author, the sequence and every byte, so whoever holds a
/// reference can take the batch from anybody.
public struct BatchReference: Hashable, Sendable {
    public let author: ValidatorIndex
    public let sequence: BatchSequence
    public let digest: Digest
    /// The size of the encoded batch: a proposal is held against the block limit before its
    /// batches are here. A batch of another size does not fit the reference.
    public let byteCount: Int

    public init(author: ValidatorIndex, sequence: BatchSequence, digest: Digest, byteCount: Int) {
        self.author = author
        self.sequence = sequence
        self.digest = digest
        self.byteCount = byteCount
    }
}

extension BatchReference: WireCodable {
    public func encode(into writer: inout Writer) {
        author.encode(into: &writer)
        sequence.encode(into: &writer)
        digest.encode(into: &writer)
        writer.uint32(UInt32(byteCount))
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        author = try ValidatorIndex(from: &reader)
        sequence = try BatchSequence(from: &reader)
        digest = try Digest(from: &reader)
        byteCount = try reader.count(limit: Batch.byteLimit)
    }
}
