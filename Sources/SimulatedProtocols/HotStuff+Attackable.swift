public import BFTBase
public import BFTCore
public import BFTSimulator
public import ProtocolHotStuff

// What attacks and oracles must know of HotStuff, in either variant.
extension HotStuffReplica: Attackable {
    public static func role(of unsigned: HotStuffUnsigned) -> MessageRole {
        if case .proposal = unsigned { .proposal } else { .vote }
    }

    public static func role(of message: HotStuffMessage) -> MessageRole {
        switch message {
        case .proposal: .proposal
        case .vote, .timeout: .vote
        case .certificate, .timeoutCertificate: .certificate
        case .block, .inquiry: .other
        }
    }

    public static func view(of unsigned: HotStuffUnsigned) -> View {
        switch unsigned {
        case .proposal(_, let said, _, _), .vote(let said, _): said.view
        case .timeout(let said): said.view
        }
    }

    public static func view(of message: HotStuffMessage) -> View? {
        switch message {
        case .proposal(let proposal): proposal.block.view
        case .vote(let vote): vote.statement.view
        case .certificate(let certificate): certificate.statement.view
        case .timeout(let timeout): timeout.content.view
        case .timeoutCertificate(let certificate): certificate.view
        case .block(let block): block.view
        case .inquiry: nil
        }
    }

    public static func variants(
        of unsigned: HotStuffUnsigned, _ change: Change
    ) -> [HotStuffUnsigned] {
        switch unsigned {
        case .timeout(let said): variant(of: said, change).map { [.timeout($0)] } ?? []
        case .vote(let said, _): variants(of: said, change)
        case .proposal(let block, let said, let justify, let timeouts):
            switch change {
            case .otherKinds: [.vote(said, to: nil)] + variants(of: said, change)
            case .otherBlock, .onGrandparent, .payload, .applied:
                variant(of: block, change).map {
                    [
                        .proposal(
                            $0, said.naming($0.height, $0.digest), justify: justify,
                            timeouts: timeouts)
                    ]
                } ?? []
            case .view, .block, .epoch, .chain: variants(of: said, change)
            }
        }
    }

    private static func variants(of said: Statement, _ change: Change) -> [HotStuffUnsigned] {
        switch change {
        case .otherKinds:
            // It gives the view up as well, and owns up to no certificate.
            [
                .timeout(
                    HotStuffTimeoutStatement(
                        chain: said.chain, epoch: said.epoch, view: said.view, highView: .zero))
            ]
        case .view(let view): [.vote(said.changed(to: said.kind, in: view), to: nil)]
        case .block(let digest): [.vote(said.naming(said.height, digest), to: nil)]
        case .epoch(let epoch): [.vote(said.moved(to: said.chain, epoch), to: nil)]
        case .chain(let chain): [.vote(said.moved(to: chain, said.epoch), to: nil)]
        case .otherBlock, .onGrandparent, .payload, .applied: []
        }
    }

    /// A timeout names no block, so nothing else can be made of it.
    private static func variant(
        of said: HotStuffTimeoutStatement, _ change: Change
    ) -> HotStuffTimeoutStatement? {
        switch change {
        case .view(let view):
            // A high view that is not below the view is refused at once.
            HotStuffTimeoutStatement(
                chain: said.chain, epoch: said.epoch, view: view,
                highView: min(said.highView, view.previous ?? .zero))
        case .epoch(let epoch):
            HotStuffTimeoutStatement(
                chain: said.chain, epoch: epoch, view: said.view, highView: said.highView)
        case .chain(let chain):
            HotStuffTimeoutStatement(
                chain: chain, epoch: said.epoch, view: said.view, highView: said.highView)
        case .otherBlock, .onGrandparent, .otherKinds, .payload, .applied, .block: nil
        }
    }

    private static func variant(of block: Block, _ change: Change) -> Block? {
        switch change {
        case .otherBlock:
            block.changed(time: Timestamp(milliseconds: block.time.milliseconds + 1))
        case .payload(let payload): block.changed(payload: payload)
        case .applied(let applied): block.changed(applied: applied)
        case .onGrandparent(let parent) where parent.digest == block.parent:
            // The proposal still carries what certifies the parent, and not the grandparent.
            block.replacing(parent)
        default: nil
        }
    }

    public static func unsigned(of message: HotStuffMessage) -> HotStuffUnsigned? {
        switch message {
        case .proposal(let proposal): .vote(proposal.vote.statement, to: nil)
        case .vote(let vote): .vote(vote.statement, to: nil)
        case .timeout(let timeout): .timeout(timeout.content)
        case .certificate, .timeoutCertificate, .block, .inquiry: nil
        }
    }

    public static func isWellFormed(_ statement: Statement) -> Bool { statement.kind == .vote }

    public static func votes(in message: HotStuffMessage) -> [Vote] {
        if case .vote(let vote) = message { [vote] } else { [] }
    }

    public static func proposedBlock(in message: HotStuffMessage) -> Block? {
        if case .proposal(let proposal) = message { proposal.block } else { nil }
    }

    public static func proposedBlock(in unsigned: HotStuffUnsigned) -> Block? {
        if case .proposal(let block, _, _, _) = unsigned { block } else { nil }
    }
}

// Signatures that hold, under what was not signed.
extension HotStuffReplica {
    public static func forgeries(
        of message: HotStuffMessage, _ random: inout SplitMix64
    ) -> [HotStuffMessage] {
        let view = View(UInt64.random(in: 0...200, using: &random))
        switch message {
        case .vote(let vote): return forgeries(of: vote, view).map { .vote($0) }
        case .timeout(let timeout): return forgeries(of: timeout, view).map { .timeout($0) }
        case .certificate(let certificate):
            return forgeries(of: certificate, view).map { .certificate($0) }
        case .timeoutCertificate(let certificate):
            // The same timeouts beside another certificate, or beside none.
            let restated = certificate.high.map { forgeries(of: $0, view) } ?? []
            return ([nil] + restated).compactMap { certificate.replacing(high: $0) }
                .map { .timeoutCertificate($0) }
        case .proposal(let proposal):
            let other = proposal.block.changed(payload: [])
            let said = proposal.vote.statement.naming(other.height, other.digest)
            let vote = Vote(
                statement: said, voter: proposal.vote.voter, signature: proposal.vote.signature)
            let unsupported = HotStuffProposal(
                block: proposal.block, vote: proposal.vote, justify: nil, timeouts: nil)
            // What it stands on, as a certificate of whatever comes to mind.
            let certificates = proposal.justify.map { forgeries(of: $0, view) } ?? []
            return [
                .proposal(
                    HotStuffProposal(
                        block: other, vote: vote, justify: proposal.justify,
                        timeouts: proposal.timeouts)), .proposal(unsupported),
            ] + certificates.map { .certificate($0) }
        case .block, .inquiry: return []
        }
    }

    private static func forgeries(of vote: Vote, _ view: View) -> [Vote] {
        let later = vote.statement.changed(to: vote.statement.kind, in: view)
        let other = ValidatorIndex((vote.voter.rawValue + 1) % 4)
        var flipped = vote.signature
        if !flipped.isEmpty { flipped[0] ^= 1 }
        return [
            Vote(statement: later, voter: vote.voter, signature: vote.signature),
            Vote(statement: vote.statement, voter: other, signature: vote.signature),
            Vote(statement: vote.statement, voter: vote.voter, signature: flipped),
            Vote(statement: vote.statement, voter: vote.voter, signature: []),
        ]
    }

    private static func forgeries(of timeout: HotStuffTimeout, _ view: View) -> [HotStuffTimeout] {
        let (said, sender) = (timeout.content, timeout.signer)
        let other = ValidatorIndex((sender.rawValue + 1) % 4)
        let later = HotStuffTimeoutStatement(
            chain: said.chain, epoch: said.epoch, view: view, highView: .zero)
        let humbler = HotStuffTimeoutStatement(
            chain: said.chain, epoch: said.epoch, view: said.view, highView: .zero)
        return [
            HotStuffTimeout(content: later, signer: sender, signature: timeout.signature),
            HotStuffTimeout(content: humbler, signer: sender, signature: timeout.signature),
            HotStuffTimeout(content: said, signer: other, signature: timeout.signature),
        ]
    }

    /// For another view, and said to commit the block that it certifies.
    private static func forgeries(of certificate: Certificate, _ view: View) -> [Certificate] {
        let said = certificate.statement
        let committing = Statement(
            chain: said.chain, epoch: said.epoch, kind: said.kind, view: view,
            height: said.height, block: said.block,
            ancestor: BlockName(height: said.height, digest: said.block))
        return [certificate.restated(committing), certificate.thinned].compactMap(\.self)
    }
}

extension HotStuffTimeoutCertificate {
    /// The same signatures beside another certificate.
    fileprivate func replacing(high: Certificate?) -> HotStuffTimeoutCertificate? {
        let timeouts = zip(signers.positions, zip(highViews, signatures)).map { position, said in
            HotStuffTimeout(
                content: HotStuffTimeoutStatement(
                    chain: chain, epoch: epoch, view: view, highView: said.0),
                signer: ValidatorIndex(position), signature: said.1)
        }
        return HotStuffTimeoutCertificate(
            timeouts: timeouts, high: high, validatorCount: signers.count)
    }
}
