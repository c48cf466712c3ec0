import BFTBase
import BFTCore

/// Everything a replica knows of one view that is not committed yet.
struct SimplexRound: Placed {
    /// How far the ledger is with a block.
    enum Judgement: Equatable, Sendable {
        case notAsked
        /// Asked in this view: in a later one the ledger has given it up.
        case asked(in: View)
        /// Its batches are held durably.
        case valid
        case invalid
    }

    private struct Judged: Equatable, Sendable {
        let digest: Digest
        var judgement: Judgement
    }

    let view: View
    var place: View { view }
    /// The first proposal of the leader that came. Never replaced.
    private(set) var proposal: SimplexProposal?
    /// Of blocks that are here.
    private var judgements: [Judged] = []
    /// Blocks of this view that were asked for by name, or were notarized before a crash.
    private var otherBlocks: [Block] = []
    /// The blocks besides the notarized one whose bodies stand in the log, by name.
    private var durableBlocks: [Digest] = []
    /// The certificates that stand in the log. Those by support are not listed: all do.
    private var durableCertificates: [SimplexPhase] = []
    var notarizes: VoteTally
    var nullifies: VoteTally
    var finalizes: VoteTally
    /// Only once somebody gave the view up after others had notarized in it.
    var fallback: SimplexFallbackVotes?
    var notarization: Certificate?
    /// Notarizations by votes to support, of any blocks. Each takes a quorum, so there are few.
    private(set) var supports: [Certificate] = []
    var nullification: Certificate?
    /// What commits a block: a quorum's votes to finalize it, or everybody's to notarize it.
    var finalization: Certificate?
    /// Until when the vote to finalize is held back.
    var finalizeAt: Instant?
    var own = SimplexOwnVotes()
    /// Who contradicted itself in this view. Once is enough.
    var accused: Bitmap

    let validators: ValidatorSet

    /// The most blocks of one view that are kept besides the proposal and those that must be kept:
    /// what this replica notarized, and what a quorum did.
    private static let otherBlockLimit = 4

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

    /// Who has notarized the block called `digest`, as far as it is known here. Whoever only
    /// supported it need not hold its batches.
    func notarizers(of digest: Digest) -> Bitmap {
        var voters = notarizes.voters { $0.block == digest }
        for certificate in [notarization, finalization].compactMap(\.self)
        where certificate.statement.kind == .notarize && certificate.statement.block == digest {
            for position in certificate.signers.positions { voters.insert(position) }
        }
        return voters
    }

    func judgement(of digest: Digest) -> Judgement {
        // It would not have been notarized here otherwise, whatever was forgotten since.
        if own.notarized == digest { return .valid }
        return judgements.first { $0.digest == digest }?.judgement ?? .notAsked
    }

    /// - Precondition: the block is here.
    mutating func note(_ judgement: Judgement, of digest: Digest) {
        if let position = judgements.firstIndex(where: { $0.digest == digest }) {
            judgements[position].judgement = judgement
        } else {
            judgements.append(Judged(digest: digest, judgement: judgement))
        }
    }

    func block(named digest: Digest) -> Block? {
        if let block = proposal?.block, block.digest == digest { return block }
        return otherBlocks.first { $0.digest == digest }
    }

    mutating func keep(_ proposal: SimplexProposal) {
        if self.proposal == nil {
            self.proposal = proposal
        } else {
            keep(proposal.block)
        }
    }

    mutating func keep(_ block: Block) {
        guard self.block(named: block.digest) == nil else { return }
        let dispensable = otherBlocks.indices.filter { !isIndispensable(otherBlocks[$0].digest) }
        if dispensable.count >= Self.otherBlockLimit, let first = dispensable.first {
            let digest = otherBlocks.remove(at: first).digest
            judgements.removeAll { $0.digest == digest }
            durableBlocks.removeAll { $0 == digest }
        }
        otherBlocks.append(block)
    }

    /// Whether others count on this replica, or it counts itself, on the block being here: it
    /// notarized it, or a quorum did. Of those there are no more than validators.
    private func isIndispensable(_ digest: Digest) -> Bool {
        own.notarized == digest || isNotarized(digest)
    }

    /// Keeps what ends the view, and commits a block if it is final. Of another kind than Simplex
    /// has, it says nothing.
    mutating func keep(_ certificate: Certificate, isFinal: Bool) {
        if isFinal { finalization = finalization ?? certificate }
        switch SimplexPhase(certificate.statement.kind) {
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

    // MARK: What stands in the log

    private func certificate(of phase: SimplexPhase) -> Certificate? {
        switch phase {
        case .notarize: notarization
        case .nullify: nullification
        case .finalize: finalization
        case .support, .abstain: nil
        }
    }

    /// The certificate of `phase`, unless it stands in the log. The caller puts it there.
    mutating func unsaved(_ phase: SimplexPhase) -> Certificate? {
        guard !durableCertificates.contains(phase), let certificate = certificate(of: phase)
        else { return nil }
        durableCertificates.append(phase)
        return certificate
    }

    /// What ended the view, unless it stands in the log, as every notarization by support does.
    mutating func unsavedEnd() -> Certificate? {
        if notarization != nil { return unsaved(.notarize) }
        guard supports.isEmpty else { return nil }
        return nullification != nil ? unsaved(.nullify) : unsaved(.finalize)
    }

    /// What lets others build upon the block, unless some such stands in the log.
    mutating func unsavedNotarization(of digest: Digest) -> Certificate? {
        guard !supports.contains(where: { $0.statement.block == digest }) else { return nil }
        return notarization?.statement.block == digest ? unsaved(.notarize) : unsaved(.finalize)
    }

    /// The block, unless it stands in the log.
    mutating func unsavedBlock(named digest: Digest) -> Block? {
        guard own.notarized != digest, !durableBlocks.contains(digest),
            let block = block(named: digest)
        else { return nil }
        durableBlocks.append(digest)
        return block
    }

    /// The blocks in the log besides the one that this replica notarized.
    var savedAncestors: [Block] { durableBlocks.compactMap { block(named: $0) } }

    /// Takes a block back from the log.
    mutating func restore(_ block: Block) {
        keep(block)
        _ = unsavedBlock(named: block.digest)
    }

    /// Takes a certificate back from the log.
    mutating func restore(_ certificate: Certificate, isFinal: Bool) {
        keep(certificate, isFinal: isFinal)
        if let phase = SimplexPhase(certificate.statement.kind) { _ = unsaved(phase) }
    }
}
