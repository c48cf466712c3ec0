import BFTBase
import BFTCore

// Proposals: making one, taking one, deciding whether to notarize it.
extension SimplexReplica {
    mutating func enter(_ next: View, at now: Instant, into effects: inout [Effect<Self>]) {
        precondition(next >= view, "S6: back to an earlier view")
        view = next
        enteredAt = now
        workSince = nil
        resendAt = nil
        askedAt = nil
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

    /// Asks for something to propose, if this replica leads and has a parent to build upon.
    mutating func requestDraft(at now: Instant, into effects: inout [Effect<Self>]) {
        guard rules.mayNotarize(rounds[view]?.own ?? OwnVotes()) else {
            leadership = .proposed  // Before a restart, or the view is given up.
            return
        }
        guard let parent = parentToExtend, let ancestors = path(to: parent) else {
            leadership = .due
            return ask(nil, at: now, into: &effects)
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
            rules.mayNotarize(rounds[view]?.own ?? OwnVotes())
        else {
            leadership = .due
            return
        }
        let proposeEmptyAt = enteredAt.advanced(
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
        rounds.update(view) { round in
            round.own.notarized = block.digest
            round.keep(block)
            round.note(.valid, of: block.digest)
        }
        // Everybody's votes to notarize commit a block.
        commitVoteHeight = max(commitVoteHeight, block.height)
        effects += [
            .persist(.notarized(block)),
            .sign(.proposal(block, statement(.notarize, for: block))),
        ]
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
        _ proposal: Proposal, into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        let block = proposal.block
        let leader = leader(of: block.view)
        guard proposal.vote.statement == statement(.notarize, for: block),
            proposal.vote.voter == block.proposer
        else { throw .proposalMismatch }
        guard block.proposer == leader else { throw .notLeader(block.proposer, block.view) }
        guard block.epoch == configuration.epoch, block.parents.count == 1 else {
            throw .malformedBlock
        }
        guard block.view > committed.view else { return }
        try count(proposal.vote, into: &effects)
        // A second block of this leader is kept only if a quorum notarized it: the tally above
        // has turned the contradiction into evidence.
        let round = rounds[block.view]
        guard round?.proposal == nil || round?.isNotarized(block.digest) == true else { return }
        rounds.update(block.view) { $0.keep(proposal) }
    }

    /// A block that was asked for by name.
    mutating func take(_ block: Block) throws(Rejection) {
        guard wantedBlocks.contains(block.digest), block.view > committed.view,
            isWithinWindow(block.view)
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
        judge(block, asking: block.proposer, at: now, into: &effects)
    }

    /// Asks for a verdict on a block of this view, or `peer`, if not everybody, for what it takes.
    ///
    /// - Parameter isBacked: whether a weak quorum notarized the block.
    mutating func judge(
        _ block: Block, isBacked: Bool = false, asking peer: ValidatorIndex?, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        guard let parent = self.block(named: block.parent) else {
            // Right after the committed view there is no other block to build upon.
            guard view > committed.view.next else { return refuse(block, into: &effects) }
            return ask(peer, at: now, into: &effects)
        }
        guard block.height == parent.height.next, block.view > parent.view,
            block.time >= parent.time, parent.view >= committed.view
        else { return refuse(block, into: &effects) }
        guard isNotarized(parent), isJustified(parent: parent.view),
            let ancestors = path(to: block)
        else { return ask(peer, at: now, into: &effects) }
        rounds.update(view) {
            $0.note(isBacked ? .askedWithBacking : .asked, of: block.digest)
        }
        let branch = Branch(
            root: committed, ancestors: ancestors, tip: block, isCertified: isBacked,
            voters: rounds[view]?.notarizers(of: block.digest))
        effects.append(.judge(branch))
    }

    private mutating func refuse(_ block: Block, into effects: inout [Effect<Self>]) {
        rounds.update(block.view) { $0.note(.invalid, of: block.digest) }
        effects.append(.reject(.malformedBlock))
        nullify(block.view, into: &effects)
    }

    mutating func take(
        _ verdict: Verdict, on digest: Digest, into effects: inout [Effect<Self>]
    ) {
        guard let round = rounds[view], let block = round.block(named: digest),
            [.asked, .askedWithBacking].contains(round.judgement(of: digest))
        else { return }  // Stale: we have moved on.
        switch verdict {
        case .invalid: refuse(block, into: &effects)
        case .valid:
            rounds.update(view) { $0.note(.valid, of: digest) }
            guard round.proposal?.block.digest == digest, rules.mayNotarize(round.own) else {
                return
            }
            rounds.update(view) { $0.own.notarized = digest }
            commitVoteHeight = max(commitVoteHeight, block.height)
            effects += [
                .persist(.notarized(block)), .sign(.vote(statement(.notarize, for: block))),
            ]
        }
    }

    // MARK: Chains of blocks

    func block(named digest: Digest) -> Block? {
        digest == committed.digest ? committed : rounds.block(named: digest)
    }

    func isNotarized(_ block: Block) -> Bool {
        block.digest == committed.digest
            || rounds[block.view]?.isNotarized(block.digest) ?? false
    }

    /// The blocks between the committed one and `block`, oldest first, without `block`; or `nil`
    /// if one is missing or the chain passes the committed block by.
    func path(to block: Block) -> [Block]? {
        guard block.digest != committed.digest else { return [] }
        var ancestors: [Block] = []
        var child = block
        while child.parent != committed.digest {
            guard let parent = rounds.block(named: child.parent), parent.view < child.view else {
                return nil
            }
            ancestors.append(parent)
            child = parent
        }
        return ancestors.reversed()
    }
}
