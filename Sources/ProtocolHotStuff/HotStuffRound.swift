import BFTBase
import BFTCore

/// Everything a replica knows of one view above the committed one.
struct HotStuffRound: Placed {
    /// How far the ledger is with the proposal.
    enum Judgement: Equatable, Sendable { case notAsked, asked, valid, refused }

    let view: View
    var place: View { view }
    /// The first proposal of the leader that came. Never replaced.
    private(set) var proposal: HotStuffProposal?
    /// What came with the proposal.
    private(set) var justification: HotStuffJustification?
    var judgement = Judgement.notAsked
    /// Blocks of this view that were asked for by name, or voted for before a crash.
    private var otherBlocks: [Block] = []
    private(set) var votes: VoteTally
    /// By sender. The first one counts.
    private(set) var timeouts: [HotStuffTimeout?]
    /// The own vote, perhaps not signed yet.
    var ownVote: Statement?
    var certificate: Certificate?
    var timeoutCertificate: HotStuffTimeoutCertificate?
    /// Who contradicted itself in this view. Once is enough.
    private(set) var accused: Bitmap

    /// The most blocks of one view that are kept besides the proposal.
    private static let otherBlockLimit = 3

    init(view: View, validators: ValidatorSet) {
        self.view = view
        accused = Bitmap(count: validators.count)
        votes = VoteTally(kind: .vote, validators: validators)
        timeouts = Array(repeating: nil, count: validators.count)
    }

    /// Whether a quorum has ended the view, in whatever way.
    var isOver: Bool { certificate != nil || timeoutCertificate != nil }

    func block(named digest: Digest) -> Block? {
        if let block = proposal?.block, block.digest == digest { return block }
        return otherBlocks.first { $0.digest == digest }
    }

    /// The blocks of this view that are here.
    var blocks: [Block] { (proposal.map { [$0.block] } ?? []) + otherBlocks }

    /// Returns the block that was given up for it, if any.
    mutating func keep(
        _ proposal: HotStuffProposal, _ justification: HotStuffJustification
    ) -> Block? {
        guard self.proposal == nil else { return keep(proposal.block) }
        (self.proposal, self.justification) = (proposal, justification)
        return nil
    }

    /// Returns the block that was given up for it, if any.
    mutating func keep(_ block: Block) -> Block? {
        guard self.block(named: block.digest) == nil else { return nil }
        var givenUp: Block?
        if otherBlocks.count == Self.otherBlockLimit {
            // Who voted for a block can bring it back: that one is never given up.
            let own = ownVote?.block
            givenUp = otherBlocks.remove(at: otherBlocks.firstIndex { $0.digest != own } ?? 0)
        }
        otherBlocks.append(block)
        return givenUp
    }

    /// Counts a vote. Returns evidence the first time that the voter contradicts itself.
    mutating func insert(_ vote: Vote) -> Evidence? {
        guard case .contradiction(let evidence) = votes.insert(vote),
            accused.insert(vote.voter.rawValue)
        else { return nil }
        return evidence
    }

    /// Counts a timeout, unless its sender's is here already.
    mutating func insert(_ timeout: HotStuffTimeout) {
        guard timeouts[timeout.signer.rawValue] == nil else { return }
        timeouts[timeout.signer.rawValue] = timeout
    }
}
