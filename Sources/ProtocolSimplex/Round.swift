import BFTBase
import BFTCore

/// Everything a replica knows of one view that is not committed yet.
struct Round: Equatable, Sendable {
    /// How far the ledger is with the proposal.
    enum Judgement: Equatable, Sendable {
        case notAsked, asked
        /// Asked for with a weak quorum behind the block.
        case askedWithBacking
        case valid, invalid
    }

    private struct Judged: Equatable, Sendable {
        let digest: Digest
        var judgement: Judgement
    }

    let view: View
    /// The first proposal of the leader that came. Never replaced.
    private(set) var proposal: Proposal?
    /// Of the proposal, and of other blocks that may have to be supported.
    private var judgements: [Judged] = []
    /// Blocks of this view that were asked for by name, or were notarized before a crash.
    private var otherBlocks: [Block] = []
    var notarizes: VoteTally
    var nullifies: VoteTally
    var finalizes: VoteTally
    /// Only once somebody gave the view up after others had notarized in it.
    private(set) var fallback: FallbackVotes?
    var notarization: Certificate?
    /// Notarizations by votes to support, of any blocks. Each takes a quorum, so there are few.
    private(set) var supports: [Certificate] = []
    var nullification: Certificate?
    /// What commits a block: a quorum's votes to finalize it, or everybody's to notarize it.
    var finalization: Certificate?
    /// Until when the vote to finalize is held back.
    var finalizeAt: Instant?
    /// Whether a notarization stands in the log.
    var isNotarizationDurable = false
    var own = OwnVotes()
    /// Who contradicted itself in this view. Once is enough.
    private(set) var accused: Bitmap

    private let validators: ValidatorSet

    /// The most blocks of one view that are kept besides the proposal: what was notarized before a
    /// crash, what was supported, and two that were asked for.
    private static let otherBlockLimit = 3 + FallbackVotes.supportLimit

    init(view: View, validators: ValidatorSet) {
        self.view = view
        self.validators = validators
        accused = Bitmap(count: validators.count)
        notarizes = VoteTally(kind: .notarize, validators: validators)
        nullifies = VoteTally(kind: .nullify, validators: validators)
        finalizes = VoteTally(kind: .finalize, validators: validators)
    }

    /// Whether a quorum has ended the view, in whatever way.
    var isOver: Bool {
        notarization != nil || nullification != nil || finalization != nil || !supports.isEmpty
    }

    /// The block to be built upon, by name, if any. A finalized block was notarized, too.
    var notarizedDigest: Digest? {
        (finalization ?? notarization ?? supports.first)?.statement.block
    }

    /// Whether the block may be built upon.
    func isNotarized(_ digest: Digest) -> Bool {
        finalization?.statement.block == digest || notarization?.statement.block == digest
            || supports.contains { $0.statement.block == digest }
    }

    /// The blocks that may be built upon, by name.
    var notarizedDigests: [Digest] {
        var digests: [Digest] = []
        for certificate in certificates where certificate.statement.kind != .nullify {
            let digest = certificate.statement.block
            if !digests.contains(digest) { digests.append(digest) }
        }
        return digests
    }

    /// All that ended the view.
    var certificates: [Certificate] {
        // Everybody's votes to notarize hold those of a quorum.
        let isUnanimous = finalization?.statement.kind == .notarize
        return [isUnanimous ? nil : notarization, nullification].compactMap(\.self) + supports
            + [finalization].compactMap(\.self)
    }

    /// A block of this view to build upon that is here.
    var blockToExtend: Block? {
        for digest in notarizedDigests {
            if let block = block(named: digest) { return block }
        }
        return nil
    }

    /// Who has notarized the block called `digest`, as far as it is known here.
    func notarizers(of digest: Digest) -> Bitmap { notarizes.voters { $0.block == digest } }

    func judgement(of digest: Digest) -> Judgement {
        judgements.first { $0.digest == digest }?.judgement ?? .notAsked
    }

    mutating func note(_ judgement: Judgement, of digest: Digest) {
        if let position = judgements.firstIndex(where: { $0.digest == digest }) {
            judgements[position].judgement = judgement
        } else {
            if judgements.count > Self.otherBlockLimit { judgements.removeFirst() }
            judgements.append(Judged(digest: digest, judgement: judgement))
        }
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

    /// Whether `vote` would change anything here, asked before its signature is checked.
    func isUseful(_ vote: Vote, in phase: Phase) -> Bool {
        let isAccused = accused[vote.voter.rawValue]
        if phase != .support, let earlier = statement(of: vote.voter, in: phase) {
            return earlier != vote.statement && !isAccused
        }
        if !isAccused, phase.opposites.contains(where: { statement(of: vote.voter, in: $0) != nil })
        {
            return true
        }
        // A late vote for what is certified already adds nothing.
        return switch phase {
        case .notarize: finalization == nil
        case .nullify: nullification == nil
        case .finalize: finalization?.statement.block != vote.statement.block
        case .abstain: !isOver
        case .support:
            !supports.contains { $0.statement == vote.statement }
                && fallback?.isNew(vote) ?? true
        }
    }

    /// Whether `certificate` would add anything here.
    func isUseful(_ certificate: Certificate, in phase: Phase) -> Bool {
        switch phase {
        case .notarize:
            notarization == nil
                || finalization == nil && certificate.signers.population == validators.count
        case .nullify: nullification == nil
        case .finalize: finalization == nil
        case .support: !supports.contains { $0.statement == certificate.statement }
        case .abstain: false
        }
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
        case .support where !supports.contains { $0.statement == statement }:
            fallback?.supportCertificate(for: statement, isEnough: isEnough)
        default: nil
        }
    }

    /// The power of those who said in this view that they did not notarize `digest`: they
    /// abstained, or notarized another block.
    func opposition(to digest: Digest) -> VotingPower {
        var power: VotingPower = 0
        for voter in validators.indices {
            let notarized = notarizes.statement(of: voter)
            if notarized.map({ $0.block != digest }) ?? false
                || fallback?.vote(of: voter, in: .abstain) != nil
            {
                power += validators.powers[voter.rawValue]
            }
        }
        return power
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
        case .abstain, .support:
            if fallback == nil { fallback = FallbackVotes(validators) }
            fallback?.insert(vote, in: phase)
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
        for opposite in phase.opposites {
            if let earlier = self.vote(of: vote.voter, in: opposite),
                let evidence = Evidence(earlier, vote)
            {
                return evidence
            }
        }
        return nil
    }

    private func statement(of voter: ValidatorIndex, in phase: Phase) -> Statement? {
        switch phase {
        case .notarize: notarizes.statement(of: voter)
        case .nullify: nullifies.statement(of: voter)
        case .finalize: finalizes.statement(of: voter)
        case .abstain, .support: fallback?.vote(of: voter, in: phase)?.statement
        }
    }

    /// What `voter` said. Asked of the tally where it stands: a copy that is alive while the next
    /// vote is inserted would cost a copy of all votes.
    private func vote(of voter: ValidatorIndex, in phase: Phase) -> Vote? {
        switch phase {
        case .notarize: notarizes.vote(of: voter)
        case .nullify: nullifies.vote(of: voter)
        case .finalize: finalizes.vote(of: voter)
        case .abstain, .support: fallback?.vote(of: voter, in: phase)
        }
    }

    /// Keeps what ends the view, and commits a block if it is final. Of another kind than Simplex
    /// has, it says nothing.
    mutating func keep(_ certificate: Certificate, isFinal: Bool) {
        if isFinal { finalization = finalization ?? certificate }
        switch Phase(certificate.statement.kind) {
        case .notarize: notarization = notarization ?? certificate
        case .nullify: nullification = nullification ?? certificate
        case .support:
            guard !supports.contains(where: { $0.statement == certificate.statement }) else {
                return
            }
            supports.append(certificate)
        case .finalize, .abstain, nil: break
        }
    }
}
