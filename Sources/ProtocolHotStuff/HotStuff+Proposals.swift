import BFTBase
import BFTCore

// Proposals: making one, taking one, deciding whether to vote for it.
extension HotStuffReplica {
    mutating func enter(_ next: View, at now: Instant) {
        precondition(next >= view, "H6: back to an earlier view")
        view = next
        work.restart(at: now)
        inquiryPace.forgetAsked()
        hasAnnounced = false
        leadership = leader(of: view) == configuration.own ? .due : .none
    }

    /// What this replica says of `block`, whose ancestors are here. H4, H5.
    private func voteStatement(_ block: Block, proposed: BlockName? = nil) -> Statement {
        let chain = sequence(first: block) { self.block(named: $0.parent) }
        let computed = rules.committed(by: chain).map {
            BlockName(height: $0.height, digest: $0.digest)
        }
        return Statement(
            chain: configuration.chain, epoch: configuration.epoch, kind: .vote,
            view: block.view, height: block.height, block: block.digest,
            ancestor: rules.ancestor(computed: computed, proposed: proposed))
    }

    // MARK: Leading

    /// The block to build upon, if it is here: that of the highest certificate.
    private var highBlock: Block? {
        guard let high else { return committed }
        return block(named: high.statement.block)
    }

    /// What ended the view before this one, unless a certificate of a block did.
    var entryTimeouts: HotStuffTimeoutCertificate? {
        guard highView.next != view, let previous = view.previous else { return nil }
        return rounds[previous]?.timeoutCertificate
    }

    /// What a block on the highest certificate, of this view, is justified by.
    func ownJustification() -> HotStuffJustification? {
        do throws(Rejection) {
            return try HotStuffJustification(
                of: view, certificate: high, timeouts: entryTimeouts, by: rules)
        } catch {
            return nil
        }
    }

    /// Asks for something to propose, if this replica leads and has a parent to build upon.
    mutating func requestDraft(at now: Instant, into effects: inout [Effect<Self>]) {
        guard rules.mayVote(in: view, bound: commitments) else {
            leadership = .proposed  // Before a restart, or the view is given up.
            return
        }
        guard let parent = highBlock, let ancestors = path(to: parent),
            let justification = ownJustification(),
            rules.isSafe(justification, bound: commitments)
        else {
            leadership = .due
            return ask(nil, at: now, into: &effects)
        }
        leadership = .drafting
        effects.append(
            .draft(view: view, on: Branch(root: committed, ancestors: ancestors, tip: parent)))
    }

    mutating func propose(
        _ draft: Draft, in draftView: View, on parentDigest: Digest, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        guard draftView == view, leadership == .drafting else { return }  // Stale: moved on.
        guard let parent = highBlock, parent.digest == parentDigest, path(to: parent) != nil,
            let justification = ownJustification(), rules.mayVote(in: view, bound: commitments)
        else {
            leadership = .due
            return
        }
        let emptyAt = work.idleSince.advanced(by: pacemaker.idleInterval)
        if draft.payload.isEmpty, !isWorkUncommitted, now < emptyAt {
            leadership = .waiting(until: emptyAt)
            announce(into: &effects)
            return
        }
        let block = Block(
            epoch: configuration.epoch, view: view, height: parent.height.next,
            parents: [parent.digest], proposer: configuration.own,
            time: max(draft.time, parent.time), applied: draft.applied, payload: draft.payload)
        leadership = .proposed
        rounds.update(view) { $0.judgement = .valid }
        let statement = voteStatement(block)
        // With a gap in the chain, the certificates that proposals carry from here on commit
        // nothing: who does not know this one could not follow to the state that the block names.
        let shown = head.certificate.flatMap { $0.statement.view < highView ? $0.certificate : nil }
        say(
            .proposal(
                block, statement, justify: justification.certificate,
                timeouts: justification.timeouts),
            bound: statement, for: block, showing: shown.map { .certificate($0) }, into: &effects)
    }

    /// Shows the others the certificate that only the leader has, as no proposal does so soon:
    /// what it commits, and that the view is over.
    private mutating func announce(into effects: inout [Effect<Self>]) {
        guard !hasAnnounced, let high, high.statement.view.next == view else { return }
        hasAnnounced = true
        effects.append(.broadcast(.certificate(high)))
    }

    /// Whether a block with a payload may wait to be committed.
    var isWorkUncommitted: Bool {
        if rounds[view]?.proposal?.block.payload.isEmpty == false { return true }
        guard let digest = high?.statement.block, digest != committed.digest else { return false }
        // What is not here may have one.
        guard let block = rounds.block(named: digest), block.payload.isEmpty,
            let ancestors = path(to: block)
        else { return true }
        return ancestors.contains { !$0.payload.isEmpty }
    }

    // MARK: Following

    mutating func take(
        _ proposal: HotStuffProposal, at now: Instant, into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        let block = proposal.block
        let justification = try justification(of: proposal)
        if let timeouts = justification.timeouts { learn(timeouts) }
        if let certificate = justification.certificate { learn(certificate) }
        advance(at: now, into: &effects)  // By what it carries, so that the window is there.
        guard block.view > committed.view else { return }
        try count(proposal.vote, into: &effects)
        // Who passes a proposal on may put other certificates under it, as the leader signed the
        // block alone. So one that falls short leaves room for the leader's own.
        guard rules.isSafe(justification, bound: commitments) else {
            throw .unjustified(block.view)
        }
        // A second block of this leader is kept only if a quorum certified it: the tally above
        // has turned the contradiction into evidence.
        let round = rounds[block.view]
        guard round?.proposal == nil || round?.certificate?.statement.block == block.digest else {
            return
        }
        rounds.keep(proposal, justification)
    }

    /// What justifies the proposed block, or throws: each thing that the proposal carries is
    /// checked for this place, and none of it counts before.
    private func justification(
        of proposal: HotStuffProposal
    ) throws(Rejection) -> HotStuffJustification {
        let (block, statement) = (proposal.block, proposal.vote.statement)
        try check(statement)
        try require(.proposedBlock, statement.block == block.digest, .proposalMismatch)
        try require(.proposedView, statement.view == block.view, .proposalMismatch)
        try require(.proposedHeight, statement.height == block.height, .proposalMismatch)
        try require(.proposalVoter, proposal.vote.voter == block.proposer, .proposalMismatch)
        try require(
            .proposer, block.proposer == leader(of: block.view),
            .notLeader(block.proposer, block.view))
        try require(.blockEpoch, block.epoch == configuration.epoch, .malformedBlock)
        try require(.blockParents, block.parents.count == 1, .malformedBlock)
        if let justify = proposal.justify {
            try check(justify)
            let said = justify.statement
            try require(.certifiedParent, said.block == block.parent, .malformedBlock)
            try require(.certifiedHeight, said.height.next == block.height, .malformedBlock)
        } else {
            try require(.uncertifiedParent, block.height == Height(1), .weakCertificate)
        }
        if let timeouts = proposal.timeouts { try check(timeouts) }
        return try HotStuffJustification(
            of: block.view, certificate: proposal.justify, timeouts: proposal.timeouts, by: rules)
    }

    /// A block that was asked for by name.
    mutating func take(_ block: Block) throws(Rejection) {
        try require(
            .wantedBlock, wantedBlocks.contains(block.digest), .unexpectedBlock(block.digest))
        guard block.view > committed.view else { throw .unexpectedBlock(block.digest) }
        rounds.keep(block)
    }

    /// Looks at the proposal of the view: asks for what it takes to judge it, or for a verdict.
    mutating func considerProposal(at now: Instant, into effects: inout [Effect<Self>]) {
        guard let round = rounds[view], let block = round.proposal?.block,
            let justification = round.justification, round.judgement == .notAsked,
            rules.mayVote(in: view, bound: commitments)
        else { return }
        guard let parent = self.block(named: block.parent), let ancestors = path(to: block) else {
            return ask(block.proposer, at: now, into: &effects)
        }
        let isParent =
            parent.view == justification.parentView && parent.height.next == block.height
        guard rules.holds(.parent, isParent), rules.holds(.blockTime, block.time >= parent.time)
        else { return refuse(block, .malformedBlock, into: &effects) }
        // The lock may have risen since the proposal came.
        guard rules.isSafe(justification, bound: commitments) else {
            return refuse(block, .unjustified(block.view), into: &effects)
        }
        rounds.update(view) { $0.judgement = .asked }
        // Votes go to the next leader, so of most voters nothing is known.
        var voters = round.votes.voters { $0.block == block.digest }
        voters.insert(block.proposer.rawValue)
        effects.append(
            .judge(Branch(root: committed, ancestors: ancestors, tip: block, voters: voters)))
    }

    /// No vote for this block, so the view may as well be over.
    private mutating func refuse(
        _ block: Block, _ reason: Rejection, into effects: inout [Effect<Self>]
    ) {
        rounds.update(block.view) { $0.judgement = .refused }
        effects.append(.reject(reason))
        timeOut(block.view, into: &effects)
    }

    mutating func take(
        _ verdict: Verdict, on digest: Digest, into effects: inout [Effect<Self>]
    ) {
        guard let round = rounds[view], let proposal = round.proposal,
            let justification = round.justification, proposal.block.digest == digest,
            round.judgement == .asked
        else { return }  // Stale: we have moved on.
        let block = proposal.block
        guard verdict == .valid else { return refuse(block, .malformedBlock, into: &effects) }
        rounds.update(view) { $0.judgement = .valid }
        // The lock may have risen since the ledger was asked.
        guard rules.mayVote(in: view, bound: commitments), path(to: block) != nil,
            rules.isSafe(justification, bound: commitments)
        else { return }
        let statement = voteStatement(block, proposed: proposal.vote.statement.ancestor)
        say(
            .vote(statement, to: recipient(ofVoteIn: view)), bound: statement, for: block,
            into: &effects)
    }

    /// The leader of the next view; or everybody, if that one did not get by when it led last.
    private func recipient(ofVoteIn view: View) -> ValidatorIndex? {
        let next = leader(of: view.next)
        return pacemaker.hasFailed(next) ? nil : next
    }

    // MARK: Chains of blocks

    func block(named digest: Digest) -> Block? {
        head.block(named: digest, or: rounds)
    }

    func path(to block: Block) -> [Block]? { head.path(to: block, in: rounds) }
}
