import BFTBase
import BFTCore

/// Everything a replica knows of one view above the committed one.
struct Round: Equatable, Sendable {
    /// How far the ledger is with the proposal.
    enum Judgement: Equatable, Sendable { case notAsked, asked, valid, refused }

    let view: View
    /// The first proposal of the leader that came. Never replaced.
    private(set) var proposal: HotStuffProposal?
    /// What came with the proposal.
    private(set) var justification: Justification?
    var judgement = Judgement.notAsked
    /// Blocks of this view that were asked for by name, or voted for before a crash.
    private var otherBlocks: [Block] = []
    private(set) var votes: VoteTally
    /// By sender. The first one counts.
    private(set) var timeouts: [Timeout?]
    /// The own vote, perhaps not signed yet.
    var ownVote: Statement?
    var certificate: Certificate?
    var timeoutCertificate: TimeoutCertificate?
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

    mutating func keep(_ proposal: HotStuffProposal, _ justification: Justification) {
        if self.proposal == nil {
            (self.proposal, self.justification) = (proposal, justification)
        } else {
            keep(proposal.block)
        }
    }

    mutating func keep(_ block: Block) {
        guard self.block(named: block.digest) == nil else { return }
        if otherBlocks.count == Self.otherBlockLimit {
            // Who voted for a block can bring it back: that one is never given up.
            let own = ownVote?.block
            otherBlocks.remove(at: otherBlocks.firstIndex { $0.digest != own } ?? 0)
        }
        otherBlocks.append(block)
    }

    /// Counts a vote. Returns evidence the first time that the voter contradicts itself.
    mutating func insert(_ vote: Vote) -> Evidence? {
        guard case .contradiction(let evidence) = votes.insert(vote),
            accused.insert(vote.voter.rawValue)
        else { return nil }
        return evidence
    }

    /// Counts a timeout, unless its sender's is here already.
    mutating func insert(_ timeout: Timeout) {
        guard timeouts[timeout.sender.rawValue] == nil else { return }
        timeouts[timeout.sender.rawValue] = timeout
    }
}

/// The rounds above the last committed view, in rising order of their views.
///
/// - Invariant L1: views rise strictly.
struct RoundList: Equatable, Sendable {
    private(set) var rounds: [Round] = []
    private let validators: ValidatorSet

    init(_ validators: ValidatorSet) { self.validators = validators }

    /// The round of `view`, if anything is known of it.
    subscript(view: View) -> Round? {
        let position = self.position(of: view)
        guard position < rounds.count, rounds[position].view == view else { return nil }
        return rounds[position]
    }

    /// Changes the round of `view` where it stands, making it first if need be.
    mutating func update<Result>(_ view: View, _ change: (inout Round) -> Result) -> Result {
        let position = self.position(of: view)
        if position == rounds.count || rounds[position].view != view {
            rounds.insert(Round(view: view, validators: validators), at: position)
        }
        return change(&rounds[position])
    }

    /// The last round at or after `view` that is over.
    func lastOver(from view: View) -> Round? {
        for position in rounds.indices.reversed() {
            guard rounds[position].view >= view else { return nil }
            if rounds[position].isOver { return rounds[position] }
        }
        return nil
    }

    mutating func removeAll(through view: View) {
        rounds.removeFirst(position(of: view.next))
    }

    func block(named digest: Digest) -> Block? {
        for position in rounds.indices.reversed() {
            if let block = rounds[position].block(named: digest) { return block }
        }
        return nil
    }

    /// The position of the first round whose view is `view` or later.
    private func position(of view: View) -> Int {
        var (low, high) = (0, rounds.count)
        while low < high {
            let middle = (low + high) / 2
            if rounds[middle].view < view { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
