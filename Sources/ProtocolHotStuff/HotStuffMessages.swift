public import BFTBase
public import BFTCore
public import BFTWire

/// A block with its leader's vote for it, and what justifies it: proposing is voting, so one
/// signature does for both.
public struct HotStuffProposal: Equatable, Sendable {
    public let block: Block
    public let vote: Vote
    /// What certifies the block's parent. Only the genesis has nothing.
    public let justify: Certificate?
    /// What ended the view before the block's, unless `justify` did.
    public let timeouts: HotStuffTimeoutCertificate?

    public init(
        block: Block, vote: Vote, justify: Certificate?, timeouts: HotStuffTimeoutCertificate?
    ) {
        self.block = block
        self.vote = vote
        self.justify = justify
        self.timeouts = timeouts
    }
}

/// What a replica that makes no progress tells the others, so that they send what it lacks.
///
/// Not signed: an answer is only what the asker is entitled to, and links are authenticated.
public struct HotStuffInquiry: Equatable, Sendable {
    /// The view the asker is in.
    public let view: View
    /// The view of the highest certificate that it knows.
    public let highView: View
    public let committed: Height
    /// Blocks that it needs by name.
    public let wanted: [Digest]

    /// The most blocks that one inquiry asks for.
    public static let wantedLimit = 8

    public init(view: View, highView: View, committed: Height, wanted: [Digest]) {
        self.view = view
        self.highView = highView
        self.committed = committed
        self.wanted = wanted
    }
}

public enum HotStuffMessage: Equatable, Sendable {
    case proposal(HotStuffProposal)
    case vote(Vote)
    case certificate(Certificate)
    case timeout(HotStuffTimeout)
    case timeoutCertificate(HotStuffTimeoutCertificate)
    /// The answer to an inquiry that wanted it.
    case block(Block)
    case inquiry(HotStuffInquiry)
}

extension HotStuffMessage: Authenticated {
    public var claims: [SignatureClaim] {
        switch self {
        case .proposal(let proposal):
            proposal.vote.claims + (proposal.justify?.claims ?? [])
                + (proposal.timeouts?.claims ?? [])
        case .vote(let vote): vote.claims
        case .certificate(let certificate): certificate.claims
        case .timeout(let timeout): timeout.claims
        case .timeoutCertificate(let certificate): certificate.claims
        case .block, .inquiry: []
        }
    }
}

extension HotStuffMessage: WireCodable {
    private enum Tag {
        static let proposal: UInt8 = 1
        static let vote: UInt8 = 2
        static let certificate: UInt8 = 3
        static let timeout: UInt8 = 4
        static let timeoutCertificate: UInt8 = 5
        static let block: UInt8 = 6
        static let inquiry: UInt8 = 7
    }

    public func encode(into writer: inout Writer) {
        switch self {
        case .proposal(let proposal):
            writer.uint8(Tag.proposal)
            proposal.block.encode(into: &writer)
            proposal.vote.encode(into: &writer)
            writer.optional(proposal.justify) { $1.encode(into: &$0) }
            writer.optional(proposal.timeouts) { $1.encode(into: &$0) }
        case .vote(let vote):
            writer.uint8(Tag.vote)
            vote.encode(into: &writer)
        case .certificate(let certificate):
            writer.uint8(Tag.certificate)
            certificate.encode(into: &writer)
        case .timeout(let timeout):
            writer.uint8(Tag.timeout)
            timeout.encode(into: &writer)
        case .timeoutCertificate(let certificate):
            writer.uint8(Tag.timeoutCertificate)
            certificate.encode(into: &writer)
        case .block(let block):
            writer.uint8(Tag.block)
            block.encode(into: &writer)
        case .inquiry(let inquiry):
            writer.uint8(Tag.inquiry)
            inquiry.view.encode(into: &writer)
            inquiry.highView.encode(into: &writer)
            inquiry.committed.encode(into: &writer)
            writer.array(inquiry.wanted) { $1.encode(into: &$0) }
        }
    }

    @_lifetime(reader: copy reader)
    public init(from reader: inout Reader) throws(WireError) {
        switch try reader.uint8() {
        case Tag.proposal:
            self = .proposal(
                HotStuffProposal(
                    block: try Block(from: &reader), vote: try Vote(from: &reader),
                    justify: try reader.optional { reader throws(WireError) in
                        try Certificate(from: &reader)
                    },
                    timeouts: try reader.optional { reader throws(WireError) in
                        try HotStuffTimeoutCertificate(from: &reader)
                    }))
        case Tag.vote: self = .vote(try Vote(from: &reader))
        case Tag.certificate: self = .certificate(try Certificate(from: &reader))
        case Tag.timeout: self = .timeout(try HotStuffTimeout(from: &reader))
        case Tag.timeoutCertificate:
            self = .timeoutCertificate(try HotStuffTimeoutCertificate(from: &reader))
        case Tag.block: self = .block(try Block(from: &reader))
        case Tag.inquiry:
            self = .inquiry(
                HotStuffInquiry(
                    view: try View(from: &reader), highView: try View(from: &reader),
                    committed: try Height(from: &reader),
                    wanted: try reader.array(limit: HotStuffInquiry.wantedLimit) {
                        reader throws(WireError) in try Digest(from: &reader)
                    }))
        case let tag: throw .unknownTag(tag)
        }
    }
}

/// A message of this replica before it is signed.
public enum HotStuffUnsigned: Signable {
    /// The statement is the leader's own vote for the block.
    case proposal(
        Block, Statement, justify: Certificate?, timeouts: HotStuffTimeoutCertificate?)
    /// For the next leader alone, unless that one is not heard of.
    case vote(Statement, to: ValidatorIndex?)
    case timeout(HotStuffTimeoutStatement)

    public var signingBytes: [UInt8] {
        switch self {
        case .proposal(_, let statement, _, _), .vote(let statement, _): statement.signingBytes
        case .timeout(let statement): statement.signingBytes
        }
    }

    public var recipient: ValidatorIndex? {
        guard case .vote(_, let recipient) = self else { return nil }
        return recipient
    }

    public func signed(by signer: ValidatorIndex, _ signature: [UInt8]) -> HotStuffMessage {
        switch self {
        case .proposal(let block, let statement, let justify, let timeouts):
            .proposal(
                HotStuffProposal(
                    block: block,
                    vote: Vote(statement: statement, voter: signer, signature: signature),
                    justify: justify, timeouts: timeouts))
        case .vote(let statement, _):
            .vote(Vote(statement: statement, voter: signer, signature: signature))
        case .timeout(let statement):
            .timeout(HotStuffTimeout(content: statement, signer: signer, signature: signature))
        }
    }
}
