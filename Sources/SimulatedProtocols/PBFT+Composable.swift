public import BFTBase
public import BFTCore
public import BFTSimulator
public import ProtocolPBFT

/// What PBFT signs beside votes.
public enum PBFTSpecial: Equatable, Sendable {
    case viewChange(PBFTViewChange, Certificate?)
    case newView(PBFTNewView)
}

// How messages of PBFT are taken apart and made.
extension PBFTMessage: Composable {
    public typealias Special = PBFTSpecial

    public var variety: Int {
        switch self {
        case .prePrepare: 0
        case .vote(let vote):
            switch vote.statement.kind {
            case .prepare: 1
            case .commit: 2
            case .checkpoint: 3
            default: Varieties.strange
            }
        case .viewChange: 4
        case .newView: 5
        case .certificate: 6
        case .block: 7
        case .inquiry: 8
        }
    }

    public func takeApart(into arsenal: inout Arsenal<PBFTSpecial>) {
        switch self {
        case .prePrepare(let proposal):
            arsenal.add(proposal.block)
            arsenal.add(proposal.vote)
        case .vote(let vote): arsenal.add(vote)
        case .certificate(let certificate): arsenal.add(certificate)
        case .viewChange(let viewChange, let certificate):
            arsenal.add(.viewChange(viewChange, certificate))
            if let certificate { arsenal.add(certificate) }
        case .newView(let newView):
            arsenal.add(.newView(newView))
            for viewChange in newView.content.viewChanges {
                arsenal.add(.viewChange(viewChange, nil))
            }
            if let certificate = newView.content.certificate { arsenal.add(certificate) }
        case .block(let block): arsenal.add(block)
        case .inquiry: break
        }
    }

    public static func view(of special: PBFTSpecial) -> View? {
        switch special {
        case .viewChange(let viewChange, _): viewChange.content.view
        case .newView(let newView): newView.view
        }
    }

    private static let kinds: [VoteKind] = [.prepare, .commit, .checkpoint]

    public func altered(_ forge: inout Forge<PBFTSpecial>) -> PBFTMessage? {
        switch self {
        case .vote(let vote):
            guard forge.members.contains(vote.voter) else { return nil }
            let kind = forge.kind(of: Self.kinds)
            return .vote(forge.signed(Self.vote(kind, &forge), by: vote.voter))
        case .certificate: return forge.certificate().map { .certificate($0) }
        case .block: return .block(forge.block())
        case .viewChange(let viewChange, _): return .viewChange(viewChange, forge.certificate())
        case .newView(let newView):
            guard forge.members.contains(newView.signer) else { return nil }
            let content = newView.content
            let unsigned = PBFTUnsigned.newView(
                PBFTNewViewContent(
                    outcome: content.outcome, viewChanges: content.viewChanges,
                    certificate: forge.certificate()))
            let signature = forge.sign(unsigned.signingBytes, as: newView.signer)
            return unsigned.signed(by: newView.signer, signature)
        case .prePrepare, .inquiry: return nil
        }
    }

    public static func showing(_ certificate: Certificate) -> Self { .certificate(certificate) }

    public static func casting(_ vote: Vote) -> Self { .vote(vote) }

    public static var varietyCount: Int { 9 }

    public static func compose(
        _ variety: Int, _ forge: inout Forge<PBFTSpecial>
    ) -> PBFTMessage? {
        switch variety {
        case 0: return proposal(&forge)
        case 1...3: return .vote(forge.signed(vote(kinds[variety - 1], &forge)))
        case 4: return viewChange(&forge)
        case 5: return newView(&forge)
        case 6: return forge.certificate().map { .certificate($0) }
        case 7: return .block(forge.block())
        default:
            return .inquiry(
                PBFTInquiry(
                    view: forge.nearbyView(), isJoined: forge.random.oneIn(2),
                    committed: forge.block().height, stable: forge.block().height,
                    wanted: [forge.digest(), forge.digest()]))
        }
    }

    /// A new block, or an old one proposed again in a view that a member leads.
    private static func proposal(_ forge: inout Forge<PBFTSpecial>) -> PBFTMessage? {
        guard let view = forge.ledView() else { return nil }
        let parent = forge.block()
        let block = forge.random.oneIn(4) ? parent : forge.child(of: parent, in: view)
        let kind = forge.isStrange() ? forge.kind(of: kinds) : .prepare
        let said = forge.statement(kind, in: view, height: block.height, block: block.digest)
        return .prePrepare(PBFTPrePrepare(block: block, vote: forge.signed(said)))
    }

    private static func vote(
        _ kind: VoteKind, _ forge: inout Forge<PBFTSpecial>
    ) -> Statement {
        let block = forge.block()
        guard kind == .checkpoint else {
            let view = forge.random.oneIn(3) ? forge.nearbyView() : block.view
            return forge.statement(kind, in: view, height: block.height, block: block.digest)
        }
        return forge.statement(
            kind, in: forge.isStrange() ? block.view : .zero, height: block.height,
            block: forge.isStrange() ? block.digest : block.applied.root,
            ancestor: BlockName(height: block.height, digest: block.digest))
    }

    /// A certificate of any kind, or none, under its name.
    private static func report(
        _ forge: inout Forge<PBFTSpecial>, before view: View
    ) -> (name: PBFTCertificateName?, certificate: Certificate?) {
        guard !forge.random.oneIn(5),
            let certificate = forge.certificate(where: {
                $0.statement.view < view && $0.statement.view > .zero
            })
        else { return (nil, nil) }
        let said = certificate.statement
        let name = PBFTCertificateName(view: said.view, height: said.height, block: said.block)
        return (name, forge.isStrange() ? forge.certificate() : certificate)
    }

    private static func viewChange(_ forge: inout Forge<PBFTSpecial>) -> PBFTMessage? {
        signedViewChange(forge.nearbyView(), &forge)
    }

    private static func signedViewChange(
        _ view: View, by voter: ValidatorIndex? = nil, _ forge: inout Forge<PBFTSpecial>
    ) -> PBFTMessage {
        let report = report(&forge, before: view)
        let unsigned = PBFTUnsigned.viewChange(
            PBFTViewChangeContent(
                chain: forge.configuration.chain, epoch: forge.configuration.epoch, view: view,
                highest: report.name), report.certificate)
        let member = voter ?? forge.member()
        return unsigned.signed(by: member, forge.sign(unsigned.signingBytes, as: member))
    }

    /// The beginning of a view that a member leads: known view changes and those of members, any
    /// that make a quorum, with the highest of their reports or another.
    private static func newView(_ forge: inout Forge<PBFTSpecial>) -> PBFTMessage? {
        guard let view = forge.ledView() else { return nil }
        var changes: [PBFTViewChange?] = Array(repeating: nil, count: forge.validators.count)
        for case .viewChange(let known, _) in forge.arsenal.specials.items.shuffled(
            using: &forge.random)
        where known.content.view == view && forge.validators.contains(known.signer) {
            changes[known.signer.rawValue] = known
        }
        for member in forge.members {
            guard case .viewChange(let own, _) = signedViewChange(view, by: member, &forge) else {
                continue
            }
            changes[member.rawValue] = own
        }
        let chosen = changes.compactMap(\.self)
        let highest = chosen.compactMap(\.content.highest).max { $1.isAbove($0) }
        let named = forge.isStrange() ? report(&forge, before: view).name : highest
        let certificate = forge.certificate {
            named?.view == $0.statement.view && named?.height == $0.statement.height
                && named?.block == $0.statement.block
        }
        let content = PBFTNewViewContent(
            outcome: PBFTViewChangeContent(
                chain: forge.configuration.chain, epoch: forge.configuration.epoch, view: view,
                highest: named), viewChanges: chosen,
            certificate: named == nil && !forge.isStrange() ? nil : certificate)
        let unsigned = PBFTUnsigned.newView(content)
        let leader = forge.leader(of: view)
        let signer = forge.members.contains(leader) ? leader : forge.member()
        return unsigned.signed(by: signer, forge.sign(unsigned.signingBytes, as: signer))
    }
}
