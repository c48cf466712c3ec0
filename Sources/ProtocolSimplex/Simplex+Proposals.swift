import BFTBase
import BFTCore

// Proposals: making one, taking one, deciding whether to notarize it.
extension SimplexReplica {
    mutating func enter(_ next: View, at now: Instant, into effects: inout [Effect<Self>]) {
        precondition(next >= view, "S6: back to an earlier view")
        view = next
        work.restart(at: now)
        surrender = nil
        let isPassed = pacemaker.isPassed(view, committed: committed.view)
        patience = isPassed ? nil : pacemaker.timeout(in: view, committed: committed.view)
        leaderLostAt = nil
        planHandOver(at: now)
        inquiryPace.forgetAsked()
        aheadSince = nil
        askedAhead = Bitmap(count: configuration.validators.count)
        leadership = leader(of: view) == configuration.own ? .due : .none
    }

    /// What a vote of `kind` for `block` says.
    func statement(_ kind: VoteKind, for block: Block) -> Statement {
        statement(kind, in: block.view, at: block.height, for: block.digest)
    }

    /// What a vote of `kind` in `view` says, of a block by name or of none.
    func statement(
        _ kind: VoteKind, in view: View, at height: Height = .zero, for block: Digest = .zero
    ) -> Statement {
        Statement(
            chain: configuration.chain, epoch: configuration.epoch, kind: kind, view: view,
            height: height, block: block)
    }

    // MARK: Leading

    /// Asks for something to propose, if this replica leads and has a parent to build upon, with
    /// everything that the parent stands on.
    mutating func requestDraft(at now: Instant, into effects: inout [Effect<Self>]) {
        guard rules.mayNotarize(rounds[view]?.own ?? SimplexOwnVotes()) else {
            leadership = .proposed  // Before a restart, or the view is given up.
            return
        }
        guard let parent = parentToExtend, let ancestors = path(to: parent) else {
            leadership = .due
            return ask(nil, at: now, into: &effects)
        }
        let isRoot = parent.digest == committed.digest
        guard isHeld(isRoot ? [] : ancestors + [parent], into: &effects) else {
            leadership = .due
            return
        }
        leadership = .drafting
        effects.append(
            .draft(view: view, on: Branch(root: committed, ancestors: ancestors, tip: parent)))
    }

    /// The latest notarized block with nothing but nullified views since.
    private var parentToExtend: Block? {
        for round in rounds.rounds.reversed() where round.view < view {
            if round.notarizedDigest != nil {
                guard isJustified(parent: round.view) else { return nil }
                return round.blockToExtend
            }
        }
        return isJustified(parent: committed.view) ? committed : nil
    }

    private func isJustified(parent: View) -> Bool {
        rules.isJustified(parent: parent, of: view) { rounds[$0]?.nullification != nil }
    }

    mutating func propose(
        _ draft: Draft, in draftView: View, on parentDigest: Digest, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        guard draftView == view, leadership == .drafting else { return }  // Stale: moved on.
        guard let parent = parentToExtend, parent.digest == parentDigest,
            rules.mayNotarize(rounds[view]?.own ?? SimplexOwnVotes())
        else {
            leadership = .due
            return
        }
        let proposeEmptyAt = work.idleSince.advanced(
            by: pacemaker.proposalDelay(isWorkUncommitted: isWorkUncommitted))
        if draft.payload.isEmpty, now < proposeEmptyAt {
            leadership = .waiting(until: proposeEmptyAt)
            return
        }
        let block = Block(
            epoch: configuration.epoch, view: view, height: parent.height.next,
            parents: [parent.digest], proposer: configuration.own,
            time: max(draft.time, parent.time), applied: draft.applied, payload: draft.payload)
        leadership = .proposed
        rounds.update(view) { $0.keep(block) }
        notarize(block, saying: .proposal(block, statement(.notarize, for: block)), into: &effects)
    }

    /// Whether a block with a payload waits to be committed.
    var isWorkUncommitted: Bool {
        for position in rounds.rounds.indices {
            if let digest = rounds.rounds[position].notarizedDigest,
                rounds.rounds[position].block(named: digest)?.payload.isEmpty == false
            {
                return true
            }
        }
        return false
    }

    // MARK: Following

    mutating func take(
        _ proposal: SimplexProposal, into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        let block = proposal.block
        let leader = leader(of: block.view)
        let said = proposal.vote.statement
        guard rules.holds(.proposedKind, said.kind == .notarize),
            rules.holds(.proposedBlock, said.block == block.digest),
            rules.holds(.proposedView, said.view == block.view),
            rules.holds(.proposedHeight, said.height == block.height),
            rules.holds(.proposalVoter, proposal.vote.voter == block.proposer)
        else { throw .proposalMismatch }
        guard rules.holds(.proposer, block.proposer == leader) else {
            throw .notLeader(block.proposer, block.view)
        }
        guard rules.holds(.blockEpoch, block.epoch == configuration.epoch),
            rules.holds(.blockParents, block.parents.count == 1)
        else { throw .malformedBlock }
        guard block.view > committed.view else { return }
        try count(proposal.vote, into: &effects)
        // A second block of this leader is kept only if a quorum notarized it: the tally above
        // has turned the contradiction into evidence.
        let round = rounds[block.view]
        let isFirst = round?.proposal == nil
        guard rules.holds(.secondProposal, isFirst || round?.isNotarized(block.digest) == true)
        else { return }
        rounds.update(block.view) { $0.keep(proposal) }
    }

    /// A block that was asked for by name.
    mutating func take(_ block: Block) throws(Rejection) {
        guard rules.holds(.wantedBlock, wantedBlocks.contains(block.digest)),
            block.view > committed.view, rules.holds(.blockWindow, isWithinWindow(block.view))
        else { throw .unexpectedBlock(block.digest) }
        rounds.update(block.view) { $0.keep(block) }
    }

    /// Looks at the proposal of the view: asks for what it takes to judge it, or for a verdict.
    mutating func considerProposal(at now: Instant, into effects: inout [Effect<Self>]) {
        // Looked at after every message, and mostly in vain.
        guard let position = rounds.index(of: view),
            let block = rounds.rounds[position].proposal?.block,
            rounds.rounds[position].judgement(of: block.digest) == .notAsked,
            rules.mayNotarize(rounds.rounds[position].own)
        else { return }
        judge(block, at: now, into: &effects)
    }

    /// Asks for a verdict on the proposal of this view, or its leader for what that takes.
    private mutating func judge(
        _ block: Block, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        guard let parent = self.block(named: block.parent) else {
            // Right after the committed view there is no other block to build upon.
            guard view > committed.view.next else { return refuse(block, into: &effects) }
            return ask(block.proposer, at: now, into: &effects)
        }
        guard rules.holds(.parentHeight, block.height == parent.height.next),
            rules.holds(.parentView, block.view > parent.view),
            rules.holds(.blockTime, block.time >= parent.time)
        else { return refuse(block, into: &effects) }
        guard rules.holds(.notarizedParent, isNotarized(parent)), isJustified(parent: parent.view),
            let ancestors = path(to: block)
        else { return ask(block.proposer, at: now, into: &effects) }
        guard isHeld(ancestors, into: &effects) else { return }
        rounds.update(view) { $0.note(.asked(in: block.view), of: block.digest) }
        let branch = Branch(
            root: committed, ancestors: ancestors, tip: block,
            voters: rounds[view]?.notarizers(of: block.digest))
        effects.append(.judge(branch))
    }

    private mutating func refuse(_ block: Block, into effects: inout [Effect<Self>]) {
        rounds.update(block.view) { $0.note(.invalid, of: block.digest) }
        effects.append(.reject(.malformedBlock))
        if block.view == view { surrender = .refused }
        nullify(block.view, into: &effects)
    }

    mutating func take(
        _ verdict: Verdict, on digest: Digest, into effects: inout [Effect<Self>]
    ) {
        guard let block = rounds.block(named: digest), let round = rounds[block.view],
            case .asked = round.judgement(of: digest)
        else { return }  // Stale: it is committed.
        guard verdict == .valid else {
            // Nobody has to vote for an earlier one, whatever the ledger has against it.
            if block.view == view { refuse(block, into: &effects) }
            return
        }
        rounds.update(block.view) { $0.note(.valid, of: digest) }
        guard block.view == view, round.proposal?.block.digest == digest,
            rules.mayNotarize(round.own)
        else { return }
        notarize(block, saying: .vote(statement(.notarize, for: block)), into: &effects)
    }

    // MARK: Chains of blocks

    func block(named digest: Digest) -> Block? {
        head.block(named: digest, or: rounds)
    }

    func isNotarized(_ block: Block) -> Bool {
        block.digest == committed.digest
            || rounds[block.view]?.isNotarized(block.digest) ?? false
    }

    func path(to block: Block) -> [Block]? { head.path(to: block, in: rounds) }

    /// How many ancestors the ledger is asked for at a time.
    private static var askedAncestorLimit: Int { 16 }

    /// Whether the batches of every block of `chain`, which begins right above the committed one,
    /// are held durably. The ledger is asked to get those that are not.
    ///
    /// A block notarized by support may be held by one honest validator only. Whoever notarizes a
    /// child holds it, too: so what commits the child, and the block with it, is held by a quorum.
    private mutating func isHeld(
        _ chain: [Block], into effects: inout [Effect<Self>]
    ) -> Bool {
        var waiting = 0
        for (position, block) in chain.enumerated() where !block.payload.isEmpty {
            guard let round = rounds.index(of: block.view) else { continue }
            switch rounds.rounds[round].judgement(of: block.digest) {
            case .valid: continue
            case .asked(in: view): waiting += 1
            case .notAsked, .asked, .invalid:
                waiting += 1
                rounds.update(block.view) { $0.note(.asked(in: view), of: block.digest) }
                effects.append(
                    .judge(
                        Branch(
                            root: committed, ancestors: Array(chain[..<position]), tip: block,
                            in: view, isCertified: true,
                            voters: rounds.rounds[round].notarizers(of: block.digest))))
            }
            if waiting == Self.askedAncestorLimit { break }
        }
        return waiting == 0
    }
}
