import BFTBase
import BFTCore

/// Everything a replica knows of one view that is not committed yet.
struct Round: Equatable, Sendable {
    /// How far the ledger is with the proposal.
    enum Judgement: Equatable, Sendable { case notAsked, asked, valid, invalid }

    let view: View
    /// The first proposal of the leader that came. Never replaced.
    private(set) var proposal: Proposal?
    var judgement = Judgement.notAsked
    /// Blocks of this view that were asked for by name, or were notarized before a crash.
    private var otherBlocks: [Block] = []
    var notarizes: VoteTally
    var nullifies: VoteTally
    var finalizes: VoteTally
    var notarization: Certificate?
    var nullification: Certificate?
    var finalization: Certificate?
    var own = OwnVotes()
    /// Who contradicted itself in this view. Once is enough.
    private(set) var accused: Bitmap

    /// The most blocks of one view that are kept besides the proposal.
    private static let otherBlockLimit = 3

    init(view: View, validators: ValidatorSet) {
        self.view = view
        accused = Bitmap(count: validators.count)
        notarizes = VoteTally(kind: .notarize, validators: validators)
        nullifies = VoteTally(kind: .nullify, validators: validators)
        finalizes = VoteTally(kind: .finalize, validators: validators)
    }

    /// Whether a quorum has ended the view, in whatever way.
    var isOver: Bool { notarization != nil || nullification != nil || finalization != nil }

    /// The block that a quorum notarized, by name. A finalized block was notarized, too.
    var notarizedDigest: Digest? {
        notarization?.statement.block ?? finalization?.statement.block
    }

    func block(named digest: Digest) -> Block? {
        if let block = proposal?.block, block.digest == digest { return block }
        return otherBlocks.first { $0.digest == digest }
    }

    mutating func keep(_ proposal: Proposal) {
        if self.proposal == nil {
            self.proposal = proposal
        } else {
            keep(proposal.block)
        }
    }

    mutating func keep(_ block: Block) {
        guard self.block(named: block.digest) == nil else { return }
        if otherBlocks.count == Self.otherBlockLimit { otherBlocks.removeFirst() }
        otherBlocks.append(block)
    }

    func certificate(_ phase: Phase) -> Certificate? {
        switch phase {
        case .notarize: notarization
        case .nullify: nullification
        case .finalize: finalization
        }
    }

    /// Whether `vote` would change anything here, asked before its signature is checked.
    func isUseful(_ vote: Vote, in phase: Phase) -> Bool {
        let isAccused = accused[vote.voter.rawValue]
        if let earlier = statement(of: vote.voter, in: phase) {
            return earlier != vote.statement && !isAccused
        }
        if !isAccused, let opposite = phase.opposite,
            statement(of: vote.voter, in: opposite) != nil
        {
            return true
        }
        // A late vote for what is certified already adds nothing.
        return certificate(phase)?.statement != vote.statement
    }

    /// The certificate for `statement`, if there is none of this phase yet and enough say so.
    func newCertificate(
        for statement: Statement, in phase: Phase, isEnough: (VotingPower) -> Bool
    ) -> Certificate? {
        switch phase {
        case .notarize where notarization == nil:
            notarizes.certificate(for: statement, isEnough: isEnough)
        case .nullify where nullification == nil:
            nullifies.certificate(for: statement, isEnough: isEnough)
        case .finalize where finalization == nil:
            finalizes.certificate(for: statement, isEnough: isEnough)
        default: nil
        }
    }

    /// Counts a vote. Returns evidence the first time that the voter contradicts itself.
    ///
    /// - Precondition: the vote is one of this phase.
    mutating func insert(_ vote: Vote, in phase: Phase) -> Evidence? {
        let evidence = contradiction(with: vote, in: phase)
        switch phase {
        case .notarize: _ = notarizes.insert(vote)
        case .nullify: _ = nullifies.insert(vote)
        case .finalize: _ = finalizes.insert(vote)
        }
        guard let evidence, accused.insert(vote.voter.rawValue) else { return nil }
        return evidence
    }

    /// The evidence that `vote` makes with an earlier one.
    private func contradiction(with vote: Vote, in phase: Phase) -> Evidence? {
        if let earlier = self.vote(of: vote.voter, in: phase),
            let evidence = Evidence(earlier, vote)
        {
            return evidence
        }
        guard let opposite = phase.opposite,
            let earlier = self.vote(of: vote.voter, in: opposite)
        else { return nil }
        return Evidence(earlier, vote)
    }

    private func statement(of voter: ValidatorIndex, in phase: Phase) -> Statement? {
        switch phase {
        case .notarize: notarizes.statement(of: voter)
        case .nullify: nullifies.statement(of: voter)
        case .finalize: finalizes.statement(of: voter)
        }
    }

    /// What `voter` said. Asked of the tally where it stands: a copy that is alive while the next
    /// vote is inserted would cost a copy of all votes.
    private func vote(of voter: ValidatorIndex, in phase: Phase) -> Vote? {
        switch phase {
        case .notarize: notarizes.vote(of: voter)
        case .nullify: nullifies.vote(of: voter)
        case .finalize: finalizes.vote(of: voter)
        }
    }

    /// Keeps what ends the view. Of another kind than Simplex has, it says nothing.
    mutating func keep(_ certificate: Certificate) {
        switch Phase(certificate.statement.kind) {
        case .notarize: notarization = notarization ?? certificate
        case .nullify: nullification = nullification ?? certificate
        case .finalize: finalization = finalization ?? certificate
        case nil: break
        }
    }
}

/// The rounds above the last committed view, in rising order of their views.
///
/// - Invariant L1: views rise strictly.
struct RoundList: Equatable, Sendable {
    private(set) var rounds: [Round] = []
    private let validators: ValidatorSet

    init(_ validators: ValidatorSet) { self.validators = validators }

    /// The round of `view`, if anything is known of it: a copy, of everything that it holds.
    subscript(view: View) -> Round? { index(of: view).map { rounds[$0] } }

    /// The position of the round of `view`, to look at it where it stands.
    func index(of view: View) -> Int? {
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

    /// The last round with a finalized block.
    var lastFinalized: Round? {
        for position in rounds.indices.reversed() where rounds[position].finalization != nil {
            return rounds[position]
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
