public import BFTBase
public import BFTCore
public import BFTWire

/// A block with its leader's vote to prepare it: one signature is proposal and vote.
public struct PBFTPrePrepare: Equatable, Sendable {
    public let block: Block
    public let vote: Vote

    public init(block: Block, vote: Vote) {
        self.block = block
        self.vote = vote
    }
}

/// What a replica that makes no progress tells the others, so that they send what it lacks.
///
/// Not signed: an answer is only what the asker is entitled to, and links are authenticated.
public struct PBFTInquiry: Equatable, Sendable {
    /// The view the asker is in.
    public let view: View
    /// Whether it takes part in it, and does not wait for what the view begins with.
    public let isJoined: Bool
    public let committed: Height
    /// Its stable checkpoint.
    public let stable: Height
    /// Blocks that it needs by name.
    public let wanted: [Digest]

    /// The most blocks that one inquiry asks for.
    public static let wantedLimit = 8

    public init(
        view: View, isJoined: Bool, committed: Height, stable: Height, wanted: [Digest]
    ) {
        self.view = view
        self.isJoined = isJoined
        self.committed = committed
        self.stable = stable
        self.wanted = wanted
    }
}

public enum PBFTMessage: Equatable, Sendable {
    case prePrepare(PBFTPrePrepare)
    case vote(Vote)
    case certificate(Certificate)
    /// With the certificate that it names, if it names one.
    case viewChange(PBFTViewChange, Certificate?)
    case newView(PBFTNewView)
    /// The answer to an inquiry that wanted it.
    case block(Block)
    case inquiry(PBFTInquiry)
}

extension PBFTMessage: Authenticated {
    public var claims: [SignatureClaim] {
        switch self {
        case .prePrepare(let proposal): proposal.vote.claims
        case .vote(let vote): vote.claims
        case .certificate(let certificate): certificate.claims
        case .viewChange(let viewChange, let certificate):
            viewChange.claims + (certificate?.claims ?? [])
        case .newView(let newView): newView.claims
        case .block, .inquiry: []
        }
    }
}

extension PBFTMessage: WireCodable {
    private enum Tag {
        static let prePrepare: UInt8 = 1
        static let vote: UInt8 = 2
        static let certificate: UInt8 = 3
        static let viewChange: UInt8 = 4
        static let newView: UInt8 = 5
        static let block: UInt8 = 6
        static let inquiry: UInt8 = 7
    }

    public func encode(into writer: inout Writer) {
        switch self {
        case .prePrepare(let proposal):
            writer.uint8(Tag.prePrepare)
            proposal.block.encode(into: &writer)
            proposal.vote.encode(into: &writer)
        case .vote(let vote):
            writer.uint8(Tag.vote)
            vote.encode(into: &writer)
        case .certificate(let certificate):
            writer.uint8(Tag.certificate)
            certificate.encode(into: &writer)
        case .viewChange(let viewChange, let certificate):
            writer.uint8(Tag.viewChange)
            viewChange.encode(into: &writer)
            writer.optional(certificate) { $1.encode(into: &$0) }
        case .newView(let newView):
            writer.uint8(Tag.newView)
            newView.encode(into: &writer)
        case .block(let block):
            writer.uint8(Tag.block)
            block.encode(into: &writer)
        case .inquiry(let inquiry):
            writer.uint8(Tag.inquiry)
            inquiry.encode(into: &writer)
        }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        switch try reader.uint8() {
        case Tag.prePrepare:
            self = .prePrepare(
                PBFTPrePrepare(block: try Block(from: &reader), vote: try Vote(from: &reader)))
        case Tag.vote: self = .vote(try Vote(from: &reader))
        case Tag.certificate: self = .certificate(try Certificate(from: &reader))
        case Tag.viewChange:
            self = .viewChange(
                try PBFTViewChange(from: &reader),
                try reader.optional { reader throws(WireError) in
                    try Certificate(from: &reader)
                })
        case Tag.newView: self = .newView(try PBFTNewView(from: &reader))
        case Tag.block: self = .block(try Block(from: &reader))
        case Tag.inquiry: self = .inquiry(try PBFTInquiry(from: &reader))
        case let tag: throw .unknownTag(tag)
        }
    }
}

extension PBFTInquiry: WireCodable {
    public func encode(into writer: inout Writer) {
        view.encode(into: &writer)
        writer.bool(isJoined)
        committed.encode(into: &writer)
        stable.encode(into: &writer)
        writer.array(wanted) { $1.encode(into: &$0) }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        self.init(
            view: try View(from: &reader), isJoined: try reader.bool(),
            committed: try Height(from: &reader), stable: try Height(from: &reader),
            wanted: try reader.array(limit: Self.wantedLimit) { reader throws(WireError) in
                try Digest(from: &reader)
            })
    }
}

/// A message of this replica before it is signed.
public enum PBFTUnsigned: Signable {
    /// The statement is the leader's own vote to prepare the block.
    case prePrepare(Block, Statement)
    case vote(Statement)
    case viewChange(PBFTViewChangeContent, Certificate?)
    case newView(PBFTNewViewContent)

    public var signingBytes: [UInt8] {
        switch self {
        case .prePrepare(_, let statement), .vote(let statement): statement.signingBytes
        case .viewChange(let content, _): content.signingBytes
        case .newView(let content): content.signingBytes
        }
    }

    public func signed(by signer: ValidatorIndex, _ signature: [UInt8]) -> PBFTMessage {
        switch self {
        case .prePrepare(let block, let statement):
            .prePrepare(
                PBFTPrePrepare(
                    block: block,
                    vote: Vote(statement: statement, voter: signer, signature: signature)))
        case .vote(let statement):
            .vote(Vote(statement: statement, voter: signer, signature: signature))
        case .viewChange(let content, let certificate):
            .viewChange(
                PBFTViewChange(content: content, signer: signer, signature: signature), certificate)
        case .newView(let content):
            .newView(PBFTNewView(content: content, signer: signer, signature: signature))
        }
    }
}
