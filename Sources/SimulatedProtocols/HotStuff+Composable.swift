public import BFTBase
public import BFTCore
public import BFTSimulator
public import ProtocolHotStuff

/// What HotStuff signs beside votes.
public enum HotStuffSpecial: Equatable, Sendable {
    case timeout(HotStuffTimeout)
    case certificate(HotStuffTimeoutCertificate)

    fileprivate var isCertificate: Bool {
        if case .certificate = self { true } else { false }
    }
}

// How messages of HotStuff are taken apart and made.
extension HotStuffMessage: Composable {
    public typealias Special = HotStuffSpecial

    public var variety: Int {
        switch self {
        case .proposal: 0
        case .vote: 1
        case .timeout: 2
        case .certificate: 3
        case .timeoutCertificate: 4
        case .block: 5
        case .inquiry: 6
        }
    }

    public func takeApart(into arsenal: inout Arsenal<HotStuffSpecial>) {
        switch self {
        case .proposal(let proposal):
            arsenal.add(proposal.block)
            arsenal.add(proposal.vote)
            if let justify = proposal.justify { arsenal.add(justify) }
            if let timeouts = proposal.timeouts { add(timeouts, to: &arsenal) }
        case .vote(let vote): arsenal.add(vote)
        case .certificate(let certificate): arsenal.add(certificate)
        case .timeout(let timeout): arsenal.add(.timeout(timeout))
        case .timeoutCertificate(let certificate): add(certificate, to: &arsenal)
        case .block(let block): arsenal.add(block)
        case .inquiry: break
        }
    }

    public static func view(of special: HotStuffSpecial) -> View? {
        switch special {
        case .timeout(let timeout): timeout.content.view
        case .certificate(let certificate): certificate.view
        }
    }

    private func add(
        _ certificate: HotStuffTimeoutCertificate, to arsenal: inout Arsenal<HotStuffSpecial>
    ) {
        arsenal.add(.certificate(certificate))
        if let high = certificate.high { arsenal.add(high) }
    }

    public func altered(_ forge: inout Forge<HotStuffSpecial>) -> HotStuffMessage? {
        switch self {
        case .proposal(let proposal): Self.altered(proposal, &forge).map { .proposal($0) }
        case .vote(let vote): Self.altered(vote, for: forge.block(), &forge).map { .vote($0) }
        case .certificate: forge.certificate().map { .certificate($0) }
        case .timeout: Self.timeout(&forge)
        case .timeoutCertificate: Self.timeouts(&forge).map { .timeoutCertificate($0) }
        case .block, .inquiry: nil
        }
    }

    /// The same block, with another ancestor in the vote or with another justification.
    private static func altered(
        _ proposal: HotStuffProposal, _ forge: inout Forge<HotStuffSpecial>
    ) -> HotStuffProposal? {
        var (vote, justify, timeouts) = (proposal.vote, proposal.justify, proposal.timeouts)
        switch forge.choice(of: 4) {
        case 0, 1:
            guard let other = altered(vote, for: proposal.block, &forge) else { return nil }
            vote = other
        case 2: justify = forge.certificate()
        default: timeouts = forge.random.oneIn(3) ? nil : Self.timeouts(&forge)
        }
        return HotStuffProposal(
            block: proposal.block, vote: vote, justify: justify, timeouts: timeouts)
    }

    private static func altered(
        _ vote: Vote, for block: Block, _ forge: inout Forge<HotStuffSpecial>
    ) -> Vote? {
        guard forge.members.contains(vote.voter) else { return nil }
        let ancestor = vote.statement.ancestor == nil ? ancestor(of: block, &forge) : nil
        return forge.signed(
            forge.statement(
                .vote, in: block.view, height: block.height, block: block.digest,
                ancestor: ancestor), by: vote.voter)
    }

    public static func showing(_ certificate: Certificate) -> Self { .certificate(certificate) }

    public static func casting(_ vote: Vote) -> Self { .vote(vote) }

    public static var varietyCount: Int { 7 }

    public static func compose(
        _ variety: Int, _ forge: inout Forge<HotStuffSpecial>
    ) -> HotStuffMessage? {
        switch variety {
        case 0: return proposal(&forge)
        case 1: return vote(&forge)
        case 2: return timeout(&forge)
        case 3: return forge.certificate().map { .certificate($0) }
        case 4: return timeouts(&forge).map { .timeoutCertificate($0) }
        case 5: return .block(forge.block())
        default:
            return .inquiry(
                HotStuffInquiry(
                    view: forge.nearbyView(), highView: forge.nearbyView(),
                    committed: forge.block().height, wanted: [forge.digest(), forge.digest()]))
        }
    }

    /// A block on any certified one, with any proof, or none, that a view is over.
    private static func proposal(_ forge: inout Forge<HotStuffSpecial>) -> HotStuffMessage? {
        guard let view = forge.ledView() else { return nil }
        let arsenal = forge.arsenal
        let justify = forge.certificate {
            $0.statement.view < view && arsenal.block(named: $0.statement.block) != nil
        }
        let parent = justify.flatMap { arsenal.block(named: $0.statement.block) }
        let block = forge.child(of: parent ?? forge.block(), in: view)
        // What an honest leader would show nothing for: mostly nothing.
        let isNext = justify.map { $0.statement.view.next == view } ?? false
        let isShown = isNext ? !forge.random.oneIn(3) : forge.random.oneIn(6)
        let said = forge.statement(
            .vote, in: view, height: block.height, block: block.digest,
            ancestor: ancestor(of: block, &forge))
        return .proposal(
            HotStuffProposal(
                block: block, vote: forge.signed(said),
                justify: forge.isStrange() ? forge.certificate() : justify,
                timeouts: isShown ? nil : timeouts(&forge)))
    }

    /// What an honest vote for `block` would name, in either variant, or anything.
    private static func ancestor(
        of block: Block, _ forge: inout Forge<HotStuffSpecial>
    ) -> BlockName? {
        guard !forge.isStrange() else {
            let other = forge.block()
            return BlockName(height: other.height, digest: other.digest)
        }
        var last = block
        for _ in 0..<forge.choice(of: 3) {
            guard let parent = forge.arsenal.block(named: last.parent),
                parent.view.next == last.view
            else { return nil }
            last = parent
        }
        return last == block ? nil : BlockName(height: last.height, digest: last.digest)
    }

    private static func vote(_ forge: inout Forge<HotStuffSpecial>) -> HotStuffMessage {
        // What another voted for, or a block with any ancestor.
        if !forge.random.oneIn(3), let known = forge.arsenal.votes.pick(&forge.random) {
            return .vote(forge.signed(known.statement))
        }
        let block = forge.block()
        return .vote(
            forge.signed(
                forge.statement(
                    .vote, in: forge.isStrange() ? forge.nearbyView() : block.view,
                    height: block.height, block: block.digest,
                    ancestor: ancestor(of: block, &forge))))
    }

    private static func timeout(_ forge: inout Forge<HotStuffSpecial>) -> HotStuffMessage {
        .timeout(signed(forge.nearbyView(), by: forge.member(), &forge))
    }

    private static func signed(
        _ view: View, by member: ValidatorIndex, _ forge: inout Forge<HotStuffSpecial>
    ) -> HotStuffTimeout {
        let high = forge.random.oneIn(3) ? nil : forge.certificate { $0.statement.view < view }
        let said = HotStuffTimeoutStatement(
            chain: forge.configuration.chain, epoch: forge.configuration.epoch, view: view,
            highView: high?.statement.view ?? .zero)
        return HotStuffTimeout(
            content: said, signer: member,
            signature: forge.sign(said.signingBytes, as: member))
    }

    /// A known certificate of timeouts, or one of any known timeouts of one view and those of
    /// members, beside what they know or beside another certificate.
    private static func timeouts(
        _ forge: inout Forge<HotStuffSpecial>
    ) -> HotStuffTimeoutCertificate? {
        var known = forge.arsenal.specials.pick(&forge.random)
        if !forge.random.oneIn(3) {
            // As a quorum of timeouts is seldom made of those of any view.
            known =
                forge.arsenal.specials.items.filter(\.isCertificate)
                .randomElement(using: &forge.random) ?? known
        }
        if case .certificate(let certificate) = known, !forge.isStrange() { return certificate }
        let view: View
        switch known {
        case .certificate(let certificate): view = certificate.view
        case .timeout(let timeout): view = timeout.content.view
        case nil: return nil
        }
        var timeouts: [HotStuffTimeout?] = Array(repeating: nil, count: forge.validators.count)
        for case .timeout(let timeout) in forge.arsenal.specials.items.shuffled(
            using: &forge.random)
        where timeout.content.view == view && forge.validators.contains(timeout.signer) {
            timeouts[timeout.signer.rawValue] = timeout
        }
        for member in forge.members { timeouts[member.rawValue] = signed(view, by: member, &forge) }
        let chosen = timeouts.compactMap(\.self)
        let highest = chosen.map(\.content.highView).max() ?? .zero
        let high = forge.certificate { $0.statement.view == highest }
        return HotStuffTimeoutCertificate(
            timeouts: chosen, high: highest == .zero ? nil : high,
            validatorCount: forge.validators.count)
    }
}
