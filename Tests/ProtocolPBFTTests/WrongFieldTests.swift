@_spi(Verification) import BFTBase
import BFTCore
import BFTTestKit
import ProtocolPBFT
import Testing

/// Every field of every message that is taken, wrong in turn and signed with the right keys.
@Suite struct WrongFieldTests {
    private typealias Stand = HostileMessages

    // MARK: Samples

    /// The third of three votes.
    private static func third(
        _ said: Statement, after before: [PBFTMessage] = []
    ) -> FieldSample<PBFTMessage> {
        let votes = [1, 2].map { PBFTMessage.vote(Stand.vote(said, by: $0)) }
        return FieldSample(
            .vote(Stand.vote(said, by: 3)), after: before + votes, resigned: checkpoint)
    }

    private static let next = Stand.block(view: 1, height: 2, on: Stand.blockA)
    private static let prepared = Stand.certificate(Stand.said(.prepare, Stand.blockA))

    @Sendable private static func proposal(_ message: PBFTMessage) -> PBFTMessage {
        guard case .prePrepare(let proposal) = message, proposal.block != next else {
            return message
        }
        return Stand.proposal(proposal.block)
    }

    private static func content(
        _ content: PBFTViewChangeContent, naming certificate: Certificate?
    ) -> PBFTViewChangeContent {
        let name = Stand.content(2, certificate).highest
        return PBFTViewChangeContent(
            chain: content.chain, epoch: content.epoch, view: content.view, highest: name)
    }

    /// A wish that names the certificate that is shown with it.
    @Sendable private static func wish(_ message: PBFTMessage) -> PBFTMessage {
        guard case .viewChange(let wish, let certificate) = message else { return message }
        return .viewChange(
            PBFTViewChange(
                content: content(wish.content, naming: certificate), signer: wish.signer,
                signature: wish.signature), certificate)
    }

    /// A new view whose outcome names its certificate, and that all ask for who ask for one.
    @Sendable private static func newView(_ message: PBFTMessage) -> PBFTMessage {
        guard case .newView(let begun) = message else { return message }
        let certificate = begun.content.certificate
        let outcome = content(begun.content.outcome, naming: certificate)
        return .newView(
            PBFTNewView(
                content: PBFTNewViewContent(
                    outcome: outcome,
                    viewChanges: begun.content.viewChanges.map { wish in
                        PBFTViewChange(
                            content: content(wish.content, naming: certificate),
                            signer: wish.signer, signature: wish.signature)
                    }, certificate: certificate),
                signer: begun.signer, signature: begun.signature))
    }

    /// A checkpoint of the height that its block has.
    @Sendable private static func checkpoint(_ message: PBFTMessage) -> PBFTMessage {
        func fitting(_ said: Statement) -> Statement {
            Statement(
                chain: said.chain, epoch: said.epoch, kind: said.kind, view: said.view,
                height: said.height, block: said.block,
                ancestor: said.ancestor.map { BlockName(height: said.height, digest: $0.digest) })
        }
        return switch message {
        case .vote(let vote):
            .vote(Stand.vote(fitting(vote.statement), by: vote.voter.rawValue))
        case .certificate(let certificate):
            .certificate(
                Stand.certificate(
                    fitting(certificate.statement), by: certificate.signers.positions.map { $0 },
                    of: certificate.signers.count))
        case .prePrepare, .viewChange, .newView, .block, .inquiry: message
        }
    }

    private static let samples: [FieldSample<PBFTMessage>] = {
        let said = [VoteKind.prepare, .commit].map { Stand.said($0, Stand.blockA) }
        let certificates = (said + [Stand.checkpoint()]).map {
            FieldSample(PBFTMessage.certificate(Stand.certificate($0)), resigned: checkpoint)
        }
        let committed = PBFTMessage.certificate(Stand.certificate(Stand.said(.prepare, next)))
        let asked = PBFTInquiry(
            view: View(1), isJoined: true, committed: .zero, stable: .zero,
            wanted: [Stand.blockA.digest])
        return [
            FieldSample(Stand.proposal(next), resigned: proposal),
            third(said[0]), third(said[1], after: [.certificate(prepared)]),
            third(Stand.checkpoint()),
        ] + certificates + [
            FieldSample(
                .viewChange(Stand.wish(Stand.content(2, prepared)), prepared), resigned: wish),
            FieldSample(.viewChange(Stand.wish(Stand.content(2, nil)), nil), resigned: wish),
            FieldSample(Stand.newView(Stand.content(2, prepared), prepared), resigned: newView),
            FieldSample(Stand.newView(Stand.content(2, nil), nil), resigned: newView),
            FieldSample(.block(next), after: [committed]), FieldSample(.inquiry(asked)),
        ]
    }()

    /// A block that nobody asked for, and a vote from far ahead.
    private static let refused: [PBFTMessage] = [
        PBFTMessage.block(Stand.block(view: 9, height: 9, on: Stand.blockA)),
        .vote(Stand.vote(Stand.said(.prepare, Stand.blockA, in: View(1 << 40)), by: 3)),
    ]

    private static let review = WrongFieldReview(samples, free: free)

    // MARK: What may differ

    private static let hint = "it is the asker's word for what to send it, and no more"

    private static let free: [FreeField<PBFTMessage>] = proposed + voted + certified + asked

    private static let proposed: [FreeField<PBFTMessage>] =
        FreeField.all(
            [
                "applied.height", "applied.root", "payload", "payload.author", "payload.sequence",
                "payload.digest", "payload.byteCount", "time",
            ].map { "prePrepare.block." + $0 }, because: "the ledger judges it",
            if: { block(of: $0).map { $0.time >= next.time } ?? false })
        + FreeField.all(
            ["prePrepare.block.height", "prePrepare.block.time"], .opposed,
            because: "the leader's block does not fit its parent: its view is given up")
        + [
            FreeField(
                "prePrepare.block.height", because: "a second block in its place is evidence",
                if: { block(of: $0)?.height == Stand.blockA.height }),
            FreeField(
                "prePrepare.block.parents",
                because: "what is not here is asked for, of the leader",
                if: { block(of: $0)?.parents.count == 1 }),
        ]

    private static let voted: [FreeField<PBFTMessage>] =
        [
            FreeField(
                "vote.content.view", because: "there are votes in all views that are near",
                if: { vote(in: $0).map { (1...5).contains($0.view.rawValue) } ?? false }),
            FreeField(
                "vote.content.height", because: "there are votes at every height that is near",
                if: { vote(in: $0).map { (1...32).contains($0.height.rawValue) } ?? false }),
            FreeField(
                "vote.content.kind", because: "there are votes of two kinds on a block",
                if: { [.prepare, .commit].contains(vote(in: $0)?.kind) }),
            FreeField(
                "vote.signer", because: "the fourth validator, this one, whose vote counts too",
                if: { signer(of: $0) == ValidatorIndex(0) }),
        ]
        + FreeField.all(
            ["vote.content.block", "vote.content.ancestor.digest"],
            because: "it counts with those that say the same, and contradicts its voter's other")

    private static let certified: [FreeField<PBFTMessage>] =
        ["certificate", "viewChange.1", "newView.content.certificate"].flatMap { place in
            FreeField.all(
                ["view", "height"].map { "\(place).statement.\($0)" },
                because: "whatever it is, a quorum said it",
                if: { isOfInstance($0) && isBeforeView($0) })
                + [
                    FreeField(
                        "\(place).statement.block", because: "whatever it is, a quorum said it"),
                    FreeField(
                        "\(place).statement.kind",
                        because: "of a quorum's votes to commit, a quorum has prepared",
                        if: {
                            [.prepare, .commit].contains(certificate(in: $0)?.statement.kind)
                        }),
                    FreeField(
                        "\(place).signers", because: "any other quorum",
                        if: { certificate(in: $0).map(isQuorum) ?? false }),
                ]
        }
        + [
            FreeField(
                "certificate.statement.ancestor.digest",
                because: "whatever it is, a quorum said it"),
            FreeField(
                "certificate.statement.height", because: "a quorum executed so far",
                if: {
                    guard let said = certificate(in: $0)?.statement else { return false }
                    return said.height.rawValue % PBFTBounds.checkpointInterval == 0
                        && said.ancestor?.height == said.height
                }),
        ]

    private static let asked: [FreeField<PBFTMessage>] =
        FreeField.all(
            ["viewChange.0.content.view", "viewChange.0.signer", "viewChange.1"],
            because: "any validator may ask for any later view, and have nothing to report",
            if: { signer(of: $0).map { $0.rawValue < 4 } ?? false && showsWhatItNames($0) })
        + [
            FreeField(
                "newView.content.certificate", because: "nobody may have had anything to report",
                if: { showsWhatItNames($0) })
        ]
        + FreeField.all(
            ["", ".view", ".height", ".block"].map {
                "newView.content.viewChanges.content.highest\($0)"
            }, because: "others may report less: the view begins with the highest",
            if: { beginsWithHighest($0) })
        + [
            FreeField(
                "newView.content.viewChanges.signer", because: "any other quorum",
                if: { voters(in: $0) == [0, 2, 3] })
        ]
        + FreeField.all(
            ["view", "isJoined", "stable", "wanted"].map { "inquiry.\($0)" }, .same,
            because: hint)
        + FreeField.all(["inquiry.committed", "inquiry.wanted"], because: hint)

    private static func block(of message: PBFTMessage) -> Block? {
        if case .prePrepare(let proposal) = message { proposal.block } else { nil }
    }

    /// Who signs a vote or asks for a view.
    private static func signer(of message: PBFTMessage) -> ValidatorIndex? {
        switch message {
        case .vote(let vote): vote.voter
        case .viewChange(let wish, _): wish.signer
        case .prePrepare, .certificate, .newView, .block, .inquiry: nil
        }
    }

    /// Whether a certificate comes with a report, and none without.
    private static func showsWhatItNames(_ message: PBFTMessage) -> Bool {
        switch message {
        case .viewChange(let wish, let shown): (wish.content.highest == nil) == (shown == nil)
        case .newView(let newView):
            (newView.content.outcome.highest == nil) == (newView.content.certificate == nil)
        case .prePrepare, .vote, .certificate, .block, .inquiry: false
        }
    }

    /// P6: whether nobody of those who asked for a view reports more than it begins with.
    private static func beginsWithHighest(_ message: PBFTMessage) -> Bool {
        guard case .newView(let newView) = message else { return false }
        let outcome = newView.content.outcome.highest
        return newView.content.viewChanges.compactMap(\.content.highest).allSatisfy { report in
            outcome.map { !report.isAbove($0) } ?? false
        }
    }

    /// What a vote on an instance says.
    private static func vote(in message: PBFTMessage) -> Statement? {
        guard case .vote(let vote) = message else { return nil }
        return vote.statement.kind == .checkpoint ? nil : vote.statement
    }

    private static func certificate(in message: PBFTMessage) -> Certificate? {
        switch message {
        case .certificate(let certificate): certificate
        case .viewChange(_, let certificate): certificate
        case .newView(let newView): newView.content.certificate
        case .prePrepare, .vote, .block, .inquiry: nil
        }
    }

    private static func isOfInstance(_ message: PBFTMessage) -> Bool {
        certificate(in: message).map { $0.statement.kind != .checkpoint } ?? false
    }

    /// Whether a certificate that is shown is of a view before the one that it is shown for.
    private static func isBeforeView(_ message: PBFTMessage) -> Bool {
        let view: View? =
            switch message {
            case .viewChange(let wish, _): wish.content.view
            case .newView(let newView): newView.view
            case .prePrepare, .vote, .certificate, .block, .inquiry: nil
            }
        guard let view, let shown = certificate(in: message) else { return true }
        return shown.statement.view < view
    }

    @Sendable private static func isQuorum(of certificate: Certificate) -> Bool {
        certificate.signers.count == 4 && certificate.signers.positions.count >= 3
    }

    private static func voters(in message: PBFTMessage) -> [Int] {
        guard case .newView(let newView) = message else { return [] }
        return newView.content.viewChanges.map(\.signer.rawValue)
    }

    // MARK: Replicas

    private typealias Listener<P: ConsensusProtocol> = FieldListener<
        P.Message, ReplicaTrace<P>
    >

    private static func listeners<Rules: PBFTRules>(
        _ rules: Rules.Type
    ) throws -> [Listener<PBFTReplica<Rules>>] {
        let replica = try CheckTests.outcome(of: [], rules).replica
        return samples.map { FieldListener(replica, $0, refused: refused) }
    }

    @Test("A field that says something else is refused, or says what its sender may say")
    func sound() throws {
        let listeners = try Self.listeners(PBFTSoundRules.self)
        for (index, listener) in listeners.enumerated() {
            #expect(listener.isTaken, "sample \(index): \(Self.samples[index].message)")
        }
        let findings = Self.review.findings {
            listeners[$0.sample].verdict(on: $0.message)
        }
        for finding in findings { Issue.record("\(finding)") }
    }

    /// The checks whose absence no single field shows, and why.
    private static let hidden: [PBFTCheck: String] = [
        .askerOrder: "no message that can be read has askers out of order",
        .voteHeight: "no vote on what is committed is kept, and the genesis is",
        .blockView: "no change of a digest's byte gives another block that is here",
    ]

    @Test("Without a check, a wrong field passes")
    func mutants() throws {
        for left in PBFTCheck.allCases {
            let listeners = try Self.listeners(SkippingRules.self)
            let isNoticed = SkippedCheck.$current.withValue(left) {
                Self.review.notices { listeners[$0.sample].verdict(on: $0.message) }
            }
            #expect(isNoticed == (Self.hidden[left] == nil), "\(left)")
        }
    }
}
