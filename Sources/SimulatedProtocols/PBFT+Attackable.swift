public import BFTBase
public import BFTCore
public import BFTSimulator
public import ProtocolPBFT

// What attacks and oracles must know of PBFT.
extension PBFTReplica: Attackable {
    public static func role(of unsigned: PBFTUnsigned) -> MessageRole {
        switch unsigned {
        case .prePrepare: .proposal
        case .vote, .viewChange: .vote
        case .newView: .certificate
        }
    }

    public static func role(of message: PBFTMessage) -> MessageRole {
        switch message {
        case .prePrepare: .proposal
        case .vote, .viewChange: .vote
        case .certificate, .newView: .certificate
        case .block, .inquiry: .other
        }
    }

    public static func view(of unsigned: PBFTUnsigned) -> View {
        switch unsigned {
        case .prePrepare(_, let statement), .vote(let statement): statement.view
        case .viewChange(let content, _): content.view
        case .newView(let content): content.outcome.view
        }
    }

    /// Votes are by height. Checkpoints say what the state is, and can be said again at any time.
    public static func isForgotten(_ unsigned: PBFTUnsigned, by floor: Floor) -> Bool {
        guard let said = unsigned.statement, said.kind != .checkpoint else { return false }
        return said.view <= floor.view && said.height <= floor.height
    }

    public static func view(of message: PBFTMessage) -> View? {
        switch message {
        case .prePrepare(let proposal): proposal.block.view
        case .vote(let vote): vote.statement.view
        case .certificate(let certificate): certificate.statement.view
        case .viewChange(let viewChange, _): viewChange.content.view
        case .newView(let newView): newView.view
        case .block(let block): block.view
        case .inquiry: nil
        }
    }

    public static func variants(of unsigned: PBFTUnsigned, _ change: Change) -> [PBFTUnsigned] {
        switch unsigned {
        case .prePrepare(let block, let said):
            guard let other = variant(of: block, change) else {
                return variants(of: said, change).map { .vote($0) }
            }
            return [.prePrepare(other, said.naming(other.height, other.digest))]
        case .vote(let said): return variants(of: said, change).map { .vote($0) }
        case .viewChange(let content, let certificate):
            return content.changed(change).map { [.viewChange($0, certificate)] } ?? []
        case .newView(let content):
            return content.outcome.changed(change).map { outcome in
                let changed = PBFTNewViewContent(
                    outcome: outcome, viewChanges: content.viewChanges,
                    certificate: content.certificate)
                return [.newView(changed)]
            } ?? []
        }
    }

    private static func variants(of said: Statement, _ change: Change) -> [Statement] {
        switch change {
        case .otherKinds:
            // A checkpoint names a state and no block, so no other vote can be made of it.
            guard said.kind != .checkpoint else { return [] }
            let checkpoint = Statement(
                chain: said.chain, epoch: said.epoch, kind: .checkpoint, view: .zero,
                height: said.height, block: said.block,
                ancestor: BlockName(height: said.height, digest: said.block))
            let other: VoteKind = said.kind == .prepare ? .commit : .prepare
            return [said.changed(to: other), checkpoint]
        case .view(let view): return [said.restated(view: view)]
        case .block(let digest): return [said.restated(block: digest)]
        case .epoch(let epoch): return [said.restated(epoch: epoch)]
        case .chain(let chain): return [said.restated(chain: chain)]
        case .otherBlock, .onGrandparent, .payload, .applied: return []
        }
    }

    private static func variant(of block: Block, _ change: Change) -> Block? {
        switch change {
        case .otherBlock:
            return block.changed(time: Timestamp(milliseconds: block.time.milliseconds + 1))
        case .payload(let payload): return block.changed(payload: payload)
        case .applied(let applied): return block.changed(applied: applied)
        case .onGrandparent(let parent) where parent.digest == block.parent:
            return Block(
                epoch: block.epoch, view: block.view, height: parent.height,
                parents: parent.parents, proposer: block.proposer, time: block.time,
                applied: parent.applied, payload: [])
        default: return nil
        }
    }

    public static func unsigned(of message: PBFTMessage) -> PBFTUnsigned? {
        switch message {
        case .vote(let vote): .vote(vote.statement)
        case .viewChange(let viewChange, let certificate):
            .viewChange(viewChange.content, certificate)
        default: nil
        }
    }

    public static func isWellFormed(_ statement: Statement) -> Bool {
        switch statement.kind {
        case .prepare, .commit: statement.view > .zero && statement.height > .zero
        case .checkpoint: true
        default: false
        }
    }

    public static func votes(in message: PBFTMessage) -> [Vote] {
        if case .vote(let vote) = message { [vote] } else { [] }
    }

    public static func proposedBlock(in message: PBFTMessage) -> Block? {
        if case .prePrepare(let proposal) = message { proposal.block } else { nil }
    }

    public static func proposedBlock(in unsigned: PBFTUnsigned) -> Block? {
        if case .prePrepare(let block, _) = unsigned { block } else { nil }
    }

    public static func forgeries(
        of message: PBFTMessage, _ random: inout SplitMix64
    ) -> [PBFTMessage] {
        let digest = Digest(random.next(), 0, 0, 0)
        switch message {
        case .vote(let vote):
            return forgeries(of: vote, digest).map { .vote($0) }
        case .certificate(let certificate):
            let commit =
                certificate.statement.kind == .checkpoint
                ? certificate.statement.restated(block: digest)
                : certificate.statement.changed(to: .commit).restated(block: digest)
            return [certificate.restated(commit), certificate.thinned].compactMap(\.self)
                .map { .certificate($0) }
        case .prePrepare(let proposal):
            let other = proposal.block.changed(payload: [])
            let said = proposal.vote.statement.naming(other.height, other.digest)
            let vote = Vote(
                statement: said, voter: proposal.vote.voter, signature: proposal.vote.signature)
            return [
                .prePrepare(PBFTPrePrepare(block: other, vote: vote)),
                .prePrepare(PBFTPrePrepare(block: other, vote: proposal.vote)),
            ]
        case .viewChange(let viewChange, _):
            let ahead = viewChange.content.naming(nil, in: viewChange.content.view.next)
            let other = ValidatorIndex((viewChange.signer.rawValue + 1) % 4)
            return [
                PBFTViewChange(
                    content: ahead, signer: viewChange.signer, signature: viewChange.signature),
                PBFTViewChange(
                    content: viewChange.content, signer: other, signature: viewChange.signature),
            ].map { .viewChange($0, nil) }
        case .newView(let newView):
            let content = PBFTNewViewContent(
                outcome: newView.content.outcome.naming(nil),
                viewChanges: newView.content.viewChanges, certificate: nil)
            return [
                .newView(
                    PBFTNewView(
                        content: content, signer: newView.signer, signature: newView.signature))
            ]
        case .block, .inquiry: return []
        }
    }

    private static func forgeries(of vote: Vote, _ digest: Digest) -> [Vote] {
        let other = ValidatorIndex((vote.voter.rawValue + 1) % 4)
        var flipped = vote.signature
        if !flipped.isEmpty { flipped[0] ^= 1 }
        return [
            Vote(
                statement: vote.statement.restated(block: digest), voter: vote.voter,
                signature: vote.signature),
            Vote(statement: vote.statement, voter: other, signature: vote.signature),
            Vote(statement: vote.statement, voter: vote.voter, signature: flipped),
            Vote(statement: vote.statement, voter: vote.voter, signature: []),
        ]
    }
}

extension Statement {
    /// The same with one thing changed, whatever ancestor it names.
    fileprivate func restated(
        view: View? = nil, block: Digest? = nil, epoch: Epoch? = nil, chain: Digest? = nil
    ) -> Statement {
        Statement(
            chain: chain ?? self.chain, epoch: epoch ?? self.epoch, kind: kind,
            view: view ?? self.view, height: height, block: block ?? self.block,
            ancestor: ancestor)
    }
}

extension PBFTViewChangeContent {
    fileprivate func naming(_ highest: PBFTCertificateName?, in view: View? = nil) -> Self {
        PBFTViewChangeContent(
            chain: chain, epoch: epoch, view: view ?? self.view, highest: highest)
    }

    fileprivate func changed(_ change: Change) -> PBFTViewChangeContent? {
        switch change {
        case .view(let view): return naming(highest, in: view)
        case .block(let digest):
            return highest.map {
                naming(PBFTCertificateName(view: $0.view, height: $0.height, block: digest))
            }
        case .epoch(let epoch):
            return PBFTViewChangeContent(chain: chain, epoch: epoch, view: view, highest: highest)
        case .chain(let chain):
            return PBFTViewChangeContent(chain: chain, epoch: epoch, view: view, highest: highest)
        case .otherBlock, .onGrandparent, .otherKinds, .payload, .applied: return nil
        }
    }
}
