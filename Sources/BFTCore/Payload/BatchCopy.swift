public import BFTBase
public import BFTWire

extension VoteKind {
    /// What an author says of a batch: that it is its batch of that sequence. One of each
    /// sequence, so that two different ones are evidence like two votes on one ballot.
    public static let authorship = VoteKind(ballot: 3, choice: 3, per: .height)
}

extension BatchReference {
    /// What the author signs: chain, epoch, sequence, digest and size. The seat is that of the
    /// key, and is in the digest, too.
    ///
    /// It stands in the fields of a vote, the sequence for the height and the size for the view,
    /// so that one rule says of everything signed what contradicts what. No protocol has this
    /// kind, so it counts for nothing else.
    public func statement(chain: Digest, epoch: Epoch) -> Statement {
        Statement(
            chain: chain, epoch: epoch, kind: .authorship, view: View(UInt64(byteCount)),
            height: Height(sequence.rawValue), block: digest)
    }

    /// The batch that `vote`, of this kind, is about.
    public init(authoredAs vote: Vote) {
        self.init(
            author: vote.voter, sequence: BatchSequence(vote.statement.height.rawValue),
            digest: vote.statement.block,
            byteCount: Int(clamping: vote.statement.view.rawValue))
    }
}

/// The signature of an author under the name of its batch, and where it counts.
public struct Authorship: Hashable, Sendable {
    public let chain: Digest
    public let epoch: Epoch
    public let signature: [UInt8]

    public init(chain: Digest, epoch: Epoch, signature: [UInt8]) {
        self.chain = chain
        self.epoch = epoch
        self.signature = signature
    }

    /// The author's vote, so to speak, for its batch called `reference`.
    public func vote(for reference: BatchReference) -> Vote {
        Vote(
            statement: reference.statement(chain: chain, epoch: epoch), voter: reference.author,
            signature: signature)
    }
}

extension Authorship: WireCodable {
    public func encode(into writer: inout Writer) {
        chain.encode(into: &writer)
        epoch.encode(into: &writer)
        writer.bytes(signature)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        chain = try Digest(from: &reader)
        epoch = try Epoch(from: &reader)
        signature = try reader.bytes(limit: SignatureLimit.byteCount)
    }
}

/// A batch as it is sent and logged: with its author's signature or bare.
///
/// Bare is a batch whose signature was not made yet, or is not kept any more: blocks name their
/// batches by digest, so a block that a quorum has voted for proves as much as a signature. See
/// the article `BFTLedger` for who takes which.
///
/// The encoding is `(0 | 1 ‖ authorship) ‖ batch`. The batch stands last, as it is, so that it need
/// not be copied to be logged, and fills the rest.
public struct BatchCopy: Equatable, Sendable {
    public let batch: Batch
    public let authorship: Authorship?

    public init(_ batch: Batch, _ authorship: Authorship? = nil) {
        self.batch = batch
        self.authorship = authorship
    }

    public var reference: BatchReference { batch.reference }

    /// What stands before the batch in the encoding.
    public var head: [UInt8] {
        var writer = Writer()
        writer.optional(authorship) { $1.encode(into: &$0) }
        return writer.bytes
    }
}

extension BatchCopy: Authenticated {
    public var claims: [SignatureClaim] { authorship?.vote(for: reference).claims ?? [] }
}

extension BatchCopy: WireCodable {
    public func encode(into writer: inout Writer) {
        writer.raw(head)
        writer.raw(batch.encoded)
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        authorship = try reader.optional { reader throws(WireError) in
            try Authorship(from: &reader)
        }
        // Its own lengths say where the batch ends.
        batch = try Batch(encoded: try reader.copy(byteCount: reader.remaining))
    }
}

/// What a copy on the wire says that it is of, before its bytes are hashed.
public struct BatchHead: Equatable, Sendable {
    public let author: ValidatorIndex
    public let sequence: BatchSequence
    public let byteCount: Int
    /// The chain and the epoch that the signature is for, or `nil` for a bare copy.
    public let origin: (chain: Digest, epoch: Epoch)?

    public init(of copy: BatchCopy) {
        author = copy.batch.author
        sequence = copy.batch.sequence
        byteCount = copy.batch.encoded.count
        origin = copy.authorship.map { ($0.chain, $0.epoch) }
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.author == right.author && left.sequence == right.sequence
            && left.byteCount == right.byteCount && left.origin?.chain == right.origin?.chain
            && left.origin?.epoch == right.origin?.epoch
    }
}

extension BatchHead {
    /// The head of the copy whose encoding `reader` comes to.
    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        let authorship = try reader.optional { reader throws(WireError) in
            try Authorship(from: &reader)
        }
        origin = authorship.map { ($0.chain, $0.epoch) }
        byteCount = reader.remaining
        author = try ValidatorIndex(from: &reader)
        sequence = try BatchSequence(from: &reader)
    }
}
