public import BFTBase
public import BFTCore
public import BFTSimulator
public import ProtocolSimplex

// What attacks and oracles must know of Simplex.
//
// Another protocol adds a file like this one: the role and the view of each of its messages; what
// can be signed instead, change by change, an empty list where a change makes no sense; what a
// forged message looks like; and its invariants. Nothing else in the simulator names a protocol.
extension SimplexReplica: Attackable {
    public static func role(of unsigned: SimplexUnsigned) -> MessageRole {
        if case .proposal = unsigned { .proposal } else { .vote }
    }

    public static func role(of message: SimplexMessage) -> MessageRole {
        switch message {
        case .proposal: .proposal
        case .vote: .vote
        case .certificate: .certificate
        case .block, .inquiry: .other
        }
    }

    public static func view(of unsigned: SimplexUnsigned) -> View { unsigned.statement.view }

    public static func view(of message: SimplexMessage) -> View? {
        switch message {
        case .proposal(let proposal): proposal.block.view
        case .vote(let vote): vote.statement.view
        case .certificate(let certificate): certificate.statement.view
        case .block(let block): block.view
        case .inquiry: nil
        }
    }

    public static func variants(
        of unsigned: SimplexUnsigned, _ change: Change
    ) -> [SimplexUnsigned] {
        let said = unsigned.statement
        switch change {
        case .otherKinds:
            // Of a vote that names no block, only another such can be made.
            let all: [VoteKind] =
                said.kind.isBlockless
                ? [.abstain, .nullify] : [.notarize, .abstain, .nullify, .support, .finalize]
            return all.filter { $0 != said.kind }.map { .vote(said.changed(to: $0)) }
        case .view(let view): return [.vote(said.changed(to: said.kind, in: view))]
        case .block(let digest):
            return said.kind.isBlockless ? [] : [.vote(said.naming(said.height, digest))]
        case .epoch(let epoch): return [.vote(said.moved(to: said.chain, epoch))]
        case .chain(let chain): return [.vote(said.moved(to: chain, said.epoch))]
        case .otherBlock, .onGrandparent, .payload, .applied:
            guard case .proposal(let block, _) = unsigned,
                let other = variant(of: block, change)
            else { return [] }
            return [.proposal(other, said.naming(other.height, other.digest))]
        }
    }

    private static func variant(of block: Block, _ change: Change) -> Block? {
        switch change {
        case .otherBlock:
            let later = Timestamp(milliseconds: block.time.milliseconds + 1)
            return block.changed(time: later)
        case .payload(let payload): return block.changed(payload: payload)
        case .applied(let applied): return block.changed(applied: applied)
        case .onGrandparent(let parent) where parent.digest == block.parent:
            return block.replacing(parent)
        default: return nil
        }
    }

    public static func unsigned(of message: SimplexMessage) -> SimplexUnsigned? {
        if case .vote(let vote) = message { .vote(vote.statement) } else { nil }
    }

    public static func isWellFormed(_ statement: Statement) -> Bool {
        switch statement.kind {
        case .notarize, .support, .finalize: true
        case .nullify, .abstain: statement.height == .zero && statement.block == .zero
        default: false
        }
    }

    public static func votes(in message: SimplexMessage) -> [Vote] {
        if case .vote(let vote) = message { [vote] } else { [] }
    }

    public static func proposedBlock(in message: SimplexMessage) -> Block? {
        if case .proposal(let proposal) = message { proposal.block } else { nil }
    }

    public static func proposedBlock(in unsigned: SimplexUnsigned) -> Block? {
        if case .proposal(let block, _) = unsigned { block } else { nil }
    }

    public static func forgeries(
        of message: SimplexMessage, _ random: inout SplitMix64
    ) -> [SimplexMessage] {
        let view = View(UInt64.random(in: 0...200, using: &random))
        switch message {
        case .vote(let vote):
            let nullify = vote.statement.changed(to: .nullify, in: view)
            let other = ValidatorIndex((vote.voter.rawValue + 1) % 4)
            var flipped = vote.signature
            if !flipped.isEmpty { flipped[0] ^= 1 }
            return [
                Vote(statement: nullify, voter: vote.voter, signature: vote.signature),
                Vote(statement: vote.statement, voter: other, signature: vote.signature),
                Vote(statement: vote.statement, voter: vote.voter, signature: flipped),
                Vote(statement: vote.statement, voter: vote.voter, signature: []),
            ].map { .vote($0) }
        case .certificate(let certificate):
            let nullify = certificate.statement.changed(to: .nullify, in: view)
            let others = [VoteKind.notarize, .support, .finalize]
                .filter {
                    $0 != certificate.statement.kind && !certificate.statement.kind.isBlockless
                }
                .map { certificate.restated(certificate.statement.changed(to: $0)) }
            return ([certificate.restated(nullify), certificate.thinned] + others)
                .compactMap(\.self)
                .map { .certificate($0) }
        case .proposal(let proposal):
            let other = proposal.block.changed(payload: [])
            let said = proposal.vote.statement.naming(other.height, other.digest)
            let vote = Vote(
                statement: said, voter: proposal.vote.voter, signature: proposal.vote.signature)
            return [
                .proposal(SimplexProposal(block: other, vote: vote)),
                .proposal(SimplexProposal(block: other, vote: proposal.vote)),
            ]
        case .block, .inquiry: return []
        }
    }
}
