import BFTBase
import BFTCore

// The normal case: proposing, judging, preparing.
extension PBFTReplica {
    func statement(_ kind: VoteKind, _ block: PBFTCertificateName) -> Statement {
        Statement(
            chain: configuration.chain, epoch: configuration.epoch, kind: kind, view: block.view,
            height: block.height, block: block.block)
    }

    func prepareStatement(_ block: Block, in view: View) -> Statement {
        statement(
            .prepare, PBFTCertificateName(view: view, height: block.height, block: block.digest))
    }

    // MARK: Leading

    /// Until when this replica, which leads, gathers for its next block. A block costs everybody
    /// signatures, messages and syncs, whatever it names: so the next one follows once the last
    /// is prepared, or where messages take long, after a pause that is short beside them.
    private var gatherUntil: Instant? {
        guard let proposedAt, own.tail.height > committed.height,
            let last = instances.index(of: view, own.tail.height),
            instances.all[last].prepared == nil
        else { return nil }
        return proposedAt.advanced(by: pacemaker.gatherInterval)
    }

    /// Asks for something to propose, if this replica leads and has room for another instance.
    mutating func requestDraft(at now: Instant, into effects: inout [Effect<Self>]) {
        let height = own.tail.height.next
        if let gatherUntil, now < gatherUntil {
            leadership = .gathering(until: gatherUntil)
            return
        }
        leadership = .due
        guard isJoined, !own.isTailDue, !isForgotten(view, height),
            height.rawValue - committed.height.rawValue <= PBFTBounds.parallel,
            rules.isWithinWatermarks(height, stable: checkpoints.stable.height)
        else { return }  // Looked at again after every input.
        guard let tail = block(named: own.tail.digest), let ancestors = path(to: tail) else {
            return ask(at: now, into: &effects)
        }
        leadership = .drafting
        effects.append(
            .draft(
                view: view,
                on: Branch(root: committed, ancestors: ancestors, tip: tail, in: view)))
    }

    mutating func propose(
        _ draft: Draft, in draftView: View, on parent: Digest, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        guard draftView == view, leadership == .drafting else { return }  // Stale: moved on.
        leadership = .due
        guard isJoined, own.tail.digest == parent, let tail = block(named: parent) else { return }
        let proposeEmptyAt = work.idleSince.advanced(by: pacemaker.idleInterval)
        if draft.payload.isEmpty, now < proposeEmptyAt {
            leadership = .waiting(until: proposeEmptyAt)
            return
        }
        let block = Block(
            epoch: configuration.epoch, view: view, height: tail.height.next,
            parents: [tail.digest], proposer: configuration.own,
            time: max(draft.time, tail.time), applied: draft.applied, payload: draft.payload)
        guard mayPrepare(block.name, on: parent) else { return }
        work.idleSince = now
        proposedAt = now
        blocks.insert(block)
        blocks.update(block.digest) { $0.judgement = .valid }
        prepare(block, into: &effects)
    }

    // MARK: Following

    mutating func take(
        _ proposal: PBFTPrePrepare, at now: Instant, into effects: inout [Effect<Self>]
    ) throws(Rejection) {
        let block = proposal.block
        let said = proposal.vote.statement
        guard rules.holds(.proposedKind, said.kind == .prepare),
            rules.holds(.proposedBlock, said.block == block.digest),
            rules.holds(.proposedView, said.view == block.view),
            rules.holds(.proposedHeight, said.height == block.height),
            rules.holds(.proposalVoter, proposal.vote.voter == block.proposer)
        else { throw .proposalMismatch }
        guard rules.holds(.proposer, block.proposer == leader(of: block.view)) else {
            throw .notLeader(block.proposer, block.view)
        }
        guard rules.holds(.blockEpoch, block.epoch == configuration.epoch),
            rules.holds(.blockParents, block.parents.count == 1)
        else { throw .malformedBlock }
        try count(proposal.vote, at: now, into: &effects)
        guard isKept(block.view, block.height) else { return }
        // A second block of this leader is evidence, which the tally has made of it.
        guard instances[block.view, block.height]?.proposal == nil else { return }
        instances.update(block.view, block.height) { $0.keep(proposal) }
        blocks.insert(block)
    }

    /// A block that was asked for by name.
    mutating func take(_ block: Block) throws(Rejection) {
        guard rules.holds(.wantedBlock, wantedBlocks.contains(block.digest)) else {
            throw .unexpectedBlock(block.digest)
        }
        blocks.insert(block)
        blocks.update(block.digest) { $0.isWanted = true }
    }

    /// Prepares what may be prepared, and asks for verdicts on what may be prepared next.
    mutating func prepareProposals(at now: Instant, into effects: inout [Effect<Self>]) {
        if isJoined, own.isTailDue { prepareTail(at: now, into: &effects) }
        for block in proposalsToPrepare {
            blocks.noteWay(from: block.parent)
            guard rules.isWithinWatermarks(block.height, stable: checkpoints.stable.height),
                let parent = self.block(named: block.parent),
                blocks.stands(block, on: committed.digest)
            else { continue }
            guard rules.holds(.blockHeight, block.height == parent.height.next),
                rules.holds(.blockView, block.view >= parent.view),
                rules.holds(.blockTime, block.time >= parent.time)
            else {
                refuse(block, at: now, into: &effects)
                return
            }
            let judgement = blocks[block.digest]?.judgement
            if isJoined, judgement == .notAsked, let ancestors = path(to: block) {
                blocks.update(block.digest) { $0.judgement = .asked }
                let instance = instances[block.view, block.height]
                let certificate = instance?.prepared
                    .flatMap { $0.statement.block == block.digest ? $0 : nil }
                let voters =
                    certificate?.signers
                    ?? instance?.prepares.voters { $0.block == block.digest }
                effects.append(
                    .judge(
                        Branch(
                            root: committed, ancestors: ancestors, tip: block, in: view,
                            isCertified: certificate != nil, voters: voters)))
            }
            if judgement == .valid, mayPrepare(block.name, on: block.parent) {
                prepare(block, into: &effects)
            }
        }
    }

    /// By rising height.
    private var proposalsToPrepare: [Block] {
        var proposals: [Block] = []
        for position in instances.range(of: own.view)
        where instances.all[position].ownPrepare == nil {
            if let block = instances.all[position].proposal?.block { proposals.append(block) }
        }
        return proposals
    }

    /// Prepares again what the view begins with, once it and all that it stands on is held.
    private mutating func prepareTail(at now: Instant, into effects: inout [Effect<Self>]) {
        guard let tail = block(named: own.tail.digest), let ancestors = path(to: tail) else {
            return ask(at: now, into: &effects)
        }
        var isHeld = true
        for (position, block) in (ancestors + [tail]).enumerated() {
            let judgement = blocks[block.digest]?.judgement
            if judgement == .notAsked {
                blocks.update(block.digest) { $0.judgement = .asked }
                effects.append(
                    .judge(
                        Branch(
                            root: committed, ancestors: Array(ancestors[..<position]), tip: block,
                            in: view, isCertified: true,
                            voters: newView?.content.certificate?.signers)))
            }
            isHeld = isHeld && judgement == .valid
        }
        if isHeld, mayPrepare(tail.name, on: tail.parent) {
            prepare(tail, into: &effects)
        }
    }

    private mutating func refuse(
        _ block: Block, at now: Instant, into effects: inout [Effect<Self>]
    ) {
        blocks.update(block.digest) { $0.judgement = .invalid }
        effects.append(.reject(.malformedBlock))
        if isJoined, block.view == view { ask(for: view.next, at: now, into: &effects) }
    }

    mutating func take(
        _ verdict: Verdict, on digest: Digest, at now: Instant,
        into effects: inout [Effect<Self>]
    ) {
        guard let entry = blocks[digest], entry.judgement == .asked else { return }  // Stale.
        switch verdict {
        case .invalid: refuse(entry.block, at: now, into: &effects)
        case .valid: blocks.update(digest) { $0.judgement = .valid }
        }
    }

    private func mayPrepare(_ block: BlockName, on parent: Digest) -> Bool {
        !isForgotten(own.view, block.height)
            && rules.mayPrepare(block, on: parent, own: own, in: view)
    }

    /// The vote to prepare `block`: of its leader, the proposal.
    func prepareMessage(_ block: Block, in view: View) -> PBFTUnsigned {
        let statement = prepareStatement(block, in: view)
        return block.proposer == configuration.own && block.view == view
            ? .prePrepare(block, statement) : .vote(statement)
    }

    // MARK: Chains of blocks

    func block(named digest: Digest) -> Block? {
        head.block(named: digest, or: blocks)
    }

    func path(to block: Block) -> [Block]? { head.path(to: block, in: blocks) }
}
