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

    /// The blocks of this view that are here.
    fileprivate var blocks: [Block] { (proposal.map { [$0.block] } ?? []) + otherBlocks }

    /// Returns the block that was given up for it, if any.
    fileprivate mutating func keep(
        _ proposal: HotStuffProposal, _ justification: Justification
    ) -> Block? {
        guard self.proposal == nil else { return keep(proposal.block) }
        (self.proposal, self.justification) = (proposal, justification)
        return nil
    }

    /// Returns the block that was given up for it, if any.
    fileprivate mutating func keep(_ block: Block) -> Block? {
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
    /// The blocks of all rounds.
    private var lineage = Lineage()
    private let validators: ValidatorSet

    init(_ validators: ValidatorSet) { self.validators = validators }

    /// The round of `view`, if anything is known of it.
    subscript(view: View) -> Round? { index(of: view).map { rounds[$0] } }

    private func index(of view: View) -> Int? {
        let position = self.position(of: view)
        guard position < rounds.count, rounds[position].view == view else { return nil }
        return position
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

    /// The positions of the rounds at or after `view`.
    func range(from view: View) -> Range<Int> { position(of: view)..<rounds.count }

    mutating func removeAll(through view: View) {
        let end = position(of: view.next)
        for position in 0..<end {
            for block in rounds[position].blocks { lineage.remove(block.digest) }
        }
        rounds.removeFirst(end)
    }

    // MARK: Blocks

    func block(named digest: Digest) -> Block? {
        guard let view = lineage.rank(of: digest), let position = index(of: View(view)) else {
            return nil
        }
        return rounds[position].block(named: digest)
    }

    mutating func keep(_ proposal: HotStuffProposal, _ justification: Justification) {
        let block = proposal.block
        let givenUp = update(block.view) { $0.keep(proposal, justification) }
        note(block, inPlaceOf: givenUp)
    }

    mutating func keep(_ block: Block) {
        let givenUp = update(block.view) { $0.keep(block) }
        note(block, inPlaceOf: givenUp)
    }

    private mutating func note(_ block: Block, inPlaceOf givenUp: Block?) {
        lineage.insert(block, rank: block.view.rawValue)
        // It may be the proposal, too.
        if let givenUp, self[givenUp.view]?.block(named: givenUp.digest) == nil {
            lineage.remove(givenUp.digest)
        }
    }

    /// The lowest block on the way down from the one named `digest`, or `nil` if that one is not
    /// here.
    func foot(of digest: Digest) -> Block? { lineage.foot(of: digest).flatMap(block(named:)) }

    /// Whether all blocks between `block` and the one named `root` are here.
    func stands(_ block: Block, on root: Digest) -> Bool {
        lineage.stands(block, rank: block.view.rawValue, on: root)
    }

    /// Notes how far the way down from the block named `digest` leads: it is asked for again.
    mutating func noteWay(from digest: Digest) { lineage.note(from: digest) }

    // MARK: Order

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
