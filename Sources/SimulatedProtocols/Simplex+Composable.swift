public import BFTBase
public import BFTCore
public import BFTSimulator
public import ProtocolSimplex

// How messages of Simplex are taken apart and made.
extension SimplexMessage: Composable {
    public typealias Special = Never

    public var variety: Int {
        switch self {
        case .proposal: 0
        case .vote(let vote):
            switch vote.statement.kind {
            case .notarize: 1
            case .finalize: 2
            case .support: 3
            case .nullify: 4
            case .abstain: 5
            default: Varieties.strange
            }
        case .certificate: 6
        case .block: 7
        case .inquiry: 8
        }
    }

    public func takeApart(into arsenal: inout Arsenal<Never>) {
        switch self {
        case .proposal(let proposal):
            arsenal.add(proposal.block)
            arsenal.add(proposal.vote)
        case .vote(let vote): arsenal.add(vote)
        case .certificate(let certificate): arsenal.add(certificate)
        case .block(let block): arsenal.add(block)
        case .inquiry: break
        }
    }

    public static func view(of special: Never) -> View? {}

    private static let kinds: [VoteKind] = [.notarize, .finalize, .support, .nullify, .abstain]

    public func altered(_ forge: inout Forge<Never>) -> SimplexMessage? {
        switch self {
        case .vote(let vote):
            guard forge.members.contains(vote.voter) else { return nil }
            let kind = forge.kind(of: Self.kinds)
            return .vote(forge.signed(Self.vote(kind, &forge), by: vote.voter))
        case .certificate: return forge.certificate().map { .certificate($0) }
        case .block: return .block(forge.block())
        case .proposal, .inquiry: return nil
        }
    }

    public static func showing(_ certificate: Certificate) -> Self { .certificate(certificate) }

    public static func casting(_ vote: Vote) -> Self { .vote(vote) }

    public static var varietyCount: Int { 9 }

    public static func compose(
        _ variety: Int, _ forge: inout Forge<Never>
    ) -> SimplexMessage? {
        switch variety {
        case 0:
            guard let view = forge.ledView() else { return nil }
            let block = forge.child(of: forge.block(), in: view)
            let kind = forge.isStrange() ? forge.kind(of: kinds) : .notarize
            let said = forge.statement(
                kind, in: view, height: block.height, block: block.digest)
            return .proposal(SimplexProposal(block: block, vote: forge.signed(said)))
        case 1...5: return .vote(forge.signed(vote(kinds[variety - 1], &forge)))
        case 6: return forge.certificate().map { .certificate($0) }
        case 7: return .block(forge.block())
        default:
            return .inquiry(
                SimplexInquiry(
                    view: forge.nearbyView(), lackingSince: forge.nearbyView(),
                    committed: forge.block().height, wanted: [forge.digest(), forge.digest()]))
        }
    }

    private static func vote(_ kind: VoteKind, _ forge: inout Forge<Never>) -> Statement {
        guard !kind.isBlockless || forge.isStrange() else {
            return forge.statement(
                kind, in: forge.nearbyView(), height: .zero, block: .zero)
        }
        let block = forge.block()
        let view = forge.isStrange() ? forge.nearbyView() : block.view
        return forge.statement(kind, in: view, height: block.height, block: block.digest)
    }
}
