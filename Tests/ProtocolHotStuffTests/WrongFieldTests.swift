@_spi(Verification) import BFTBase
import BFTCore
import BFTTestKit
import ProtocolHotStuff
import Testing

/// Every field of every message that is taken, wrong in turn and signed with the right keys.
@Suite struct WrongFieldTests {
    private typealias Stand = HostileMessages

    // MARK: Samples

    private static let stand = Stand()

    /// A block on A with a batch, of view 2, which A's certificate justifies, or of view 3.
    private static func block(view: UInt64) -> Block {
        Block(
            epoch: .zero, view: View(view), height: Height(2), parents: [stand.blockA.digest],
            proposer: ValidatorIndex(Int(view)), time: Timestamp(milliseconds: 50),
            applied: Sample.genesis.applied, payload: [Sample.reference])
    }

    private static let blockB = block(view: 2)
    private static let blockC = block(view: 3)

    private static func proposal(
        _ block: Block, _ justify: Certificate?, _ timeouts: HotStuffTimeoutCertificate?
    ) -> HotStuffMessage {
        stand.proposal(block, justify: justify, timeouts: timeouts)
    }

    /// A proposal in which the leader votes for the block that is in it.
    @Sendable private static func resigned(_ message: HotStuffMessage) -> HotStuffMessage {
        guard case .proposal(let said) = message, said.block != blockB, said.block != blockC else {
            return message
        }
        return proposal(said.block, said.justify, said.timeouts)
    }

    private static func vote(_ said: Statement, by voter: Int) -> HotStuffMessage {
        .vote(Vote(statement: said, voter: ValidatorIndex(voter), signature: []))
    }

    private static let samples: [FieldSample<HotStuffMessage>] = {
        let taken = proposal(blockB, stand.certificateA, nil)
        let said = Stand.statement(of: blockB)
        let certified = HotStuffMessage.certificate(Stand.certificate(said))
        let timeouts = [1, 2].map { HotStuffMessage.timeout(Stand.timeout(2, claiming: 1, by: $0)) }
        let asked = HotStuffInquiry(
            view: View(2), highView: .zero, committed: .zero, wanted: [stand.blockA.digest])
        return [
            FieldSample(
                proposal(blockC, stand.certificateA, stand.timeouts2), resigned: resigned),
            FieldSample(taken, resigned: resigned),
            FieldSample(vote(said, by: 3), after: [taken, vote(said, by: 1)]),
            FieldSample(certified, after: [taken]),
            FieldSample(.timeout(Stand.timeout(2, claiming: 1, by: 3)), after: timeouts),
            FieldSample(.timeoutCertificate(stand.timeouts2)),
            FieldSample(.block(blockB), after: [certified]), FieldSample(.inquiry(asked)),
        ]
    }()

    /// A block that nobody asked for, and a vote from far ahead.
    private static let refused: [HotStuffMessage] = [
        HotStuffMessage.block(Stand.block(view: 9, height: 9, on: .zero, by: 3)),
        vote(Stand.statement(of: blockB, view: View(1 << 40)), by: 3),
    ]

    private static let review = WrongFieldReview(
        samples, free: free, isPossible: isPossible)

    // MARK: What may differ

    private static let hint = "it is the asker's word for what to send it, and no more"

    private static let free: [FreeField<HotStuffMessage>] =
        proposed + voted + certified + timedOut
        + FreeField.all(["inquiry.view", "inquiry.wanted"], .same, because: hint)
        + FreeField.all(
            ["view", "highView", "committed", "wanted"].map { "inquiry." + $0 }, because: hint)

    private static let proposed: [FreeField<HotStuffMessage>] =
        FreeField.all(
            [
                "applied.height", "applied.root", "payload", "payload.author", "payload.sequence",
                "payload.digest", "payload.byteCount", "time",
            ].map { "proposal.block." + $0 }, because: "the ledger judges it",
            if: { proposal(in: $0).map { $0.block.time >= blockB.time } ?? false })
        + FreeField.all(
            [
                "proposal.justify.statement", "proposal.timeouts.high.statement",
                "proposal.vote.content", "vote.content", "certificate.statement",
                "timeoutCertificate.high.statement",
            ].map { $0 + ".ancestor" },
            because: "H5: an own vote is computed here, and a quorum computed its")
        + [
            FreeField(
                "proposal.block.time", .opposed,
                because: "the leader's block is older than its parent: its view is given up"),
            FreeField(
                "proposal.justify.statement.view", .opposed,
                because: "a quorum said it of another view than the parent's: given up"),
        ]

    private static let voted: [FreeField<HotStuffMessage>] =
        [
            FreeField(
                "vote.content.view", because: "there are votes in all views that are near",
                if: {
                    if case .vote(let vote) = $0 { isNear(vote.statement.view) } else { false }
                }),
            FreeField(
                "vote.signer", because: "the fourth validator, this one, whose vote counts too",
                if: { if case .vote(let vote) = $0 { vote.voter.rawValue == 0 } else { false } }),
        ]
        + FreeField.all(
            ["vote.content.block", "vote.content.height"],
            because: "it counts with those that say the same, and contradicts its voter's other")

    private static let certified: [FreeField<HotStuffMessage>] =
        FreeField.all(
            ["certificate.statement.view"]
                + ["certificate", "proposal.timeouts.high", "timeoutCertificate.high"].flatMap {
                    ["\($0).statement.block", "\($0).statement.height"]
                }, because: "whatever it is, a quorum said it")
        + FreeField.all(
            [
                "certificate", "proposal.justify", "proposal.timeouts", "proposal.timeouts.high",
                "timeoutCertificate", "timeoutCertificate.high",
            ].map { $0 + ".signers" }, because: "any other quorum",
            if: { signers(in: $0).allSatisfy { $0.count == 4 && $0.positions.count >= 3 } })

    private static let timedOut: [FreeField<HotStuffMessage>] =
        [
            FreeField(
                "timeout.content.view", because: "there are timeouts of every view that is near",
                if: {
                    if case .timeout(let timeout) = $0 {
                        isNear(timeout.content.view)
                    } else {
                        false
                    }
                }),
            FreeField(
                "timeout.content.highView", because: "who times out may know less",
                if: {
                    if case .timeout(let timeout) = $0 {
                        timeout.content.highView < timeout.content.view
                    } else {
                        false
                    }
                }),
            FreeField(
                "timeout.signer",
                because: "the fourth validator, whose timeout counts as well: this one",
                if: {
                    if case .timeout(let timeout) = $0 {
                        timeout.signer.rawValue == 0
                    } else {
                        false
                    }
                }),
            FreeField("timeoutCertificate.view", because: "a quorum timed out in just this view"),
        ]
        + FreeField.all(
            ["proposal.timeouts.highViews", "timeoutCertificate.highViews"],
            because: "some who time out may know less", if: { highViews(in: $0).max() == View(1) })

    private static func isNear(_ view: View) -> Bool { view <= View(66) }

    private static func proposal(in message: HotStuffMessage) -> HotStuffProposal? {
        if case .proposal(let proposal) = message { proposal } else { nil }
    }

    private static func timeouts(in message: HotStuffMessage) -> HotStuffTimeoutCertificate? {
        switch message {
        case .proposal(let proposal): proposal.timeouts
        case .timeoutCertificate(let timeouts): timeouts
        case .vote, .certificate, .timeout, .block, .inquiry: nil
        }
    }

    private static func highViews(in message: HotStuffMessage) -> [View] {
        timeouts(in: message)?.highViews ?? []
    }

    private static func signers(in message: HotStuffMessage) -> [Bitmap] {
        var certificates = [timeouts(in: message)?.high, proposal(in: message)?.justify]
        if case .certificate(let certificate) = message { certificates.append(certificate) }
        return certificates.compactMap { $0?.signers }
            + (timeouts(in: message).map { [$0.signers] } ?? [])
    }

    /// A quorum of honest ones never comes to the last view there is.
    private static func isPossible(_ message: HotStuffMessage) -> Bool {
        if case .certificate(let certificate) = message {
            certificate.statement.view < View(.max)
        } else {
            true
        }
    }

    // MARK: Replicas

    private typealias Listener<P: ConsensusProtocol> = FieldListener<
        P.Message, ReplicaTrace<P>
    >

    private static func listeners<Rules: HotStuffRules>(
        _ rules: Rules.Type
    ) -> [Listener<HotStuffReplica<Rules>>] {
        samples.map { FieldListener(CheckTests.replica(rules), $0, refused: refused) }
    }

    private static func check<Rules: HotStuffRules>(_ rules: Rules.Type) {
        let listeners = listeners(rules)
        for (index, listener) in listeners.enumerated() {
            #expect(listener.isTaken, "sample \(index): \(samples[index].message)")
        }
        let findings = review.findings { listeners[$0.sample].verdict(on: $0.message) }
        for finding in findings { Issue.record("\(rules): \(finding)") }
    }

    @Test("A field that says something else is refused, or says what its sender may say")
    func sound() {
        Self.check(HotStuffThreeChainRules.self)
        Self.check(HotStuffTwoChainRules.self)
    }

    /// The checks whose absence no single field shows with two chains, and why.
    private static let hidden: [HotStuffCheck: String] = [
        .parent: "a parent of another view than what the timeouts show is not safe"
    ]

    private static func isNoticed<Rules: HotStuffRules>(
        without left: HotStuffCheck, _: Rules.Type
    ) -> Bool {
        let listeners = listeners(Rules.self)
        return SkippedCheck.$current.withValue(left) {
            review.notices {
                // A tally takes votes of its own kind alone, or traps.
                left == .statementKind && $0.name.hasSuffix("vote.content.kind")
                    ? .refused : listeners[$0.sample].verdict(on: $0.message)
            }
        }
    }

    @Test("Without a check, a wrong field passes")
    func mutants() {
        for left in HotStuffCheck.allCases {
            #expect(Self.isNoticed(without: left, ThreeChainSkipping.self), "\(left)")
            let isNoticed = Self.isNoticed(without: left, TwoChainSkipping.self)
            #expect(isNoticed == (Self.hidden[left] == nil), "\(left)")
        }
    }
}
