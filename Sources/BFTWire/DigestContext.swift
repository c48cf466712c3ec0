public import BFTBase
internal import BLAKE3

/// What is hashed. Equal bytes hashed for two purposes have unrelated digests, so that a batch can
/// never pass for a block.
///
/// A digest is BLAKE3 in its key-derivation mode, with the context as the purpose (BLAKE3 paper,
/// section 6.2). A hash is a pure function, part of what an encoding means, and the same at every
/// replica: that is why it stands here and not beside keys and signatures.
public struct DigestContext: Sendable {
    fileprivate let context: BLAKE3.Context

    private init(_ purpose: String) { context = BLAKE3.Context("swift-bft v1 \(purpose)") }

    /// The genesis of a chain. Its digest is the chain's identifier.
    public static let genesis = Self("genesis")
    /// A block's header, which binds its payload.
    public static let block = Self("block")
    /// A batch of transactions.
    public static let batch = Self("batch")
    /// One transaction.
    public static let transaction = Self("transaction")
    /// A key of the application's state. Its digest is the entry's place.
    public static let stateKey = Self("state key")
    /// An entry of the application's state, with its key and all that belongs to it.
    public static let stateEntry = Self("state entry")
    /// A leaf of the application's state.
    public static let stateLeaf = Self("state leaf")
    /// An inner node of the application's state.
    public static let stateNode = Self("state node")
    /// The root of the application's state.
    public static let stateRoot = Self("state root")
    /// A snapshot's chunk.
    public static let snapshotChunk = Self("snapshot chunk")
}

/// Which of many pairs is hashed and where its digest goes, both counted from the first.
public struct DigestWay: Sendable {
    private let way: BLAKE3.Way

    public init(from: UInt32, to: UInt32) { way = BLAKE3.Way(from: from, to: to) }

    public var from: UInt32 { way.from }
    public var to: UInt32 { way.to }
}

extension Digest {
    /// The digest of `bytes` for the purpose `context`.
    public static func of(_ bytes: [UInt8], in context: DigestContext) -> Digest {
        Digest(context.context.hash(bytes))
    }

    /// The digest of `span` for the purpose `context`.
    public static func of(_ span: RawSpan, in context: DigestContext) -> Digest {
        Digest(context.context.hash(span))
    }

    /// The digests of messages of 64 bytes that stand one after another in `pairs`, such as the
    /// children in a Merkle tree: 32 bytes each.
    ///
    /// - Precondition: `pairs` holds whole messages and `output` is half as large.
    @unsafe
    public static func ofPairs(
        _ pairs: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer,
        in context: DigestContext
    ) {
        unsafe context.context.hashPairs(pairs, into: output)
    }

    /// The digests of some of the messages of 64 bytes in `pairs`, each written to where its way
    /// says.
    ///
    /// - Precondition: `pairs` and `output` have what the ways name, and no digest is written into
    ///   a pair that is in the list.
    @unsafe
    public static func ofPairs(
        _ pairs: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer,
        _ ways: UnsafeBufferPointer<DigestWay>, in context: DigestContext
    ) {
        // One is made of the other and nothing else.
        let raw = UnsafeRawBufferPointer(ways)
        unsafe context.context.hashPairs(
            pairs, into: output, raw.assumingMemoryBound(to: BLAKE3.Way.self))
    }

    /// The digests of messages of `byteCount` bytes each that stand one after another.
    ///
    /// The memory at the addresses `wanted` is asked for meanwhile, for the caller, who needs it
    /// next. Nothing else depends on them.
    ///
    /// - Precondition: `byteCount` is a multiple of 64 and at most 2048, `messages` holds whole
    ///   messages, and `output` has 32 bytes for each.
    @unsafe
    public static func ofMessages(
        _ messages: UnsafeRawBufferPointer, byteCount: Int,
        into output: UnsafeMutableRawBufferPointer, in context: DigestContext,
        askingFor wanted: UnsafeBufferPointer<UInt>
    ) {
        unsafe context.context.hashMessages(
            messages, byteCount: byteCount, into: output, askingFor: wanted)
    }

    private init(_ output: BLAKE3.Output) {
        self.init(output.word0, output.word1, output.word2, output.word3)
    }
}
