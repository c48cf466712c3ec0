public import BFTBase
public import BFTCore
public import BFTWire

/// A block with its leader's vote for it: proposing is voting, so one signature does for both.
public struct SimplexProposal: Equatable, Sendable {
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
public struct SimplexInquiry: Equatable, Sendable {
    /// The view the asker is in.
    public let view: View
    /// The first view for which it lacks a certificate that it needs.
    public let lackingSince: View
    public let committed: Height
    /// Blocks that it needs by name.
    public let wanted: [Digest]

    /// The most blocks that one inquiry asks for.
    public static let wantedLimit = 8

    public init(view: View, lackingSince: View, committed: Height, wanted: [Digest]) {
        self.view = view
        self.lackingSince = lackingSince
        self.committed = committed
        self.wanted = wanted
    }
}

public enum SimplexMessage: Equatable, Sendable {
    case proposal(SimplexProposal)
    case vote(Vote)
    case certificate(Certificate)
    /// The answer to an inquiry that wanted it.
    case block(Block)
    case inquiry(SimplexInquiry)
}

extension SimplexMessage: Authenticated {
    public var claims: [SignatureClaim] {
        switch self {
        case .proposal(let proposal): proposal.vote.claims
        case .vote(let vote): vote.claims
        case .certificate(let certificate): certificate.claims
        case .block, .inquiry: []
        }
    }
}

extension SimplexMessage: WireCodable {
    private enum Tag {
        static let proposal: UInt8 = 1
        static let vote: UInt8 = 2
        static let certificate: UInt8 = 3
        static let block: UInt8 = 4
        static let inquiry: UInt8 = 5
    }

    public func encode(into writer: inout Writer) {
        switch self {
        case .proposal(let proposal):
            writer.uint8(Tag.proposal)
            proposal.block.encode(into: &writer)
            proposal.vote.encode(into: &writer)
        case .vote(let vote):
            writer.uint8(Tag.vote)
            vote.encode(into: &writer)
        case .certificate(let certificate):
            writer.uint8(Tag.certificate)
            certificate.encode(into: &writer)
        case .block(let block):
            writer.uint8(Tag.block)
            block.encode(into: &writer)
        case .inquiry(let inquiry):
            writer.uint8(Tag.inquiry)
            inquiry.view.encode(into: &writer)
            inquiry.lackingSince.encode(into: &writer)
            inquiry.committed.encode(into: &writer)
            writer.array(inquiry.wanted) { $1.encode(into: &$0) }
        }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        switch try reader.uint8() {
        case Tag.proposal:
            self = .proposal(
                SimplexProposal(block: try Block(from: &reader), vote: try Vote(from: &reader)))
        case Tag.vote: self = .vote(try Vote(from: &reader))
        case Tag.certificate: self = .certificate(try Certificate(from: &reader))
        case Tag.block: self = .block(try Block(from: &reader))
        case Tag.inquiry:
            self = .inquiry(
                SimplexInquiry(
                    view: try View(from: &reader), lackingSince: try View(from: &reader),
                    committed: try Height(from: &reader),
                    wanted: try reader.array(limit: SimplexInquiry.wantedLimit) {
                        reader throws(WireError) in try Digest(from: &reader)
                    }))
        case let tag: throw .unknownTag(tag)
        }
    }
}

/// A message of this replica before it is signed.
public enum SimplexUnsigned: Signable {
    /// The statement is the leader's own vote for the block.
    case proposal(Block, Statement)
    case vote(Statement)

    public var statement: Statement {
        switch self {
        case .proposal(_, let statement), .vote(let statement): statement
        }
    }

    public var signingBytes: [UInt8] { statement.signingBytes }

    public func signed(by signer: ValidatorIndex, _ signature: [UInt8]) -> SimplexMessage {
        let vote = Vote(statement: statement, voter: signer, signature: signature)
        return switch self {
        case .proposal(let block, _): .proposal(SimplexProposal(block: block, vote: vote))
        case .vote: .vote(vote)
        }
    }
}
