@_spi(Verification) import BFTBase
import BFTCore
import BFTTestKit
import ProtocolSimplex
import Testing

/// Every field of every message that is taken, wrong in turn and signed with the right keys.
@Suite struct WrongFieldTests {
    private typealias Stand = WrongMessages

    // MARK: Samples

    /// The block of view 2 on A, with a batch.
    private static let next = Block(
        epoch: .zero, view: View(2), height: Height(2), parents: [Stand().blockA.digest],
        proposer: ValidatorIndex(2), time: Timestamp(milliseconds: 50),
        applied: Stand.genesis.applied,
        payload: [
            BatchReference(
                author: ValidatorIndex(0), sequence: BatchSequence(1),
                digest: Digest(1, 1, 1, 1), byteCount: 14)
        ])

    private static func vote(_ said: Statement, by voter: Int) -> SimplexMessage {
        .vote(Vote(statement: said, voter: ValidatorIndex(voter), signature: []))
    }

    /// The third of three votes.
    private static func third(_ said: Statement) -> FieldSample<SimplexMessage> {
        let before = [1, 2].map { vote(said, by: $0) }
        return FieldSample(vote(said, by: 3), after: [Stand.proposal(next)] + before)
    }

    /// A proposal in which the leader votes for the block that is in it.
    @Sendable private static func resigned(_ message: SimplexMessage) -> SimplexMessage {
        guard case .proposal(let proposal) = message, proposal.block != next else {
            return message
        }
        return Stand.proposal(proposal.block)
    }

    private static let samples: [FieldSample<SimplexMessage>] = {
        let said = [VoteKind.notarize, .support, .finalize].map { Stand.statement($0, of: next) }
        let nullify = Stand.statement(.nullify, in: 2)
        let certificates = (said + [nullify]).map {
            FieldSample(
                SimplexMessage.certificate(Stand.certificate($0)), after: [Stand.proposal(next)])
        }
        let wanting = SimplexMessage.certificate(Stand.certificate(said[0]))
        let asked = SimplexInquiry(
            view: View(2), lackingSince: View(1), committed: .zero, wanted: [Stand().blockA.digest])
        return [FieldSample(Stand.proposal(next), resigned: resigned)]
            + (said + [nullify, Stand.statement(.abstain, in: 2)]).map { third($0) }
            + certificates
            + [FieldSample(.block(next), after: [wanting]), FieldSample(.inquiry(asked))]
    }()

    /// A block that nobody asked for, and a vote from far ahead.
    private static let refused: [SimplexMessage] = [
        SimplexMessage.block(Stand.block(view: 9, height: 9, on: .zero)),
        vote(Stand.statement(.nullify, in: 1 << 40), by: 3),
    ]

    private static let review = WrongFieldReview(samples, free: free)

    // MARK: What may differ

    private static let hint = "it is the asker's word for what to send it, and no more"

    private static let free: [FreeField<SimplexMessage>] =
        FreeField.all(
            [
                "applied.height", "applied.root", "payload", "payload.author", "payload.sequence",
                "payload.digest", "payload.byteCount", "time",
            ].map { "proposal.block." + $0 }, because: "the ledger judges it",
            if: { !isEarly($0) })
        + FreeField.all(
            ["proposal.block.height", "proposal.block.time"], .opposed,
            because: "the leader's block does not fit its parent: its view is given up")
        + [
            FreeField(
                "proposal.block.parents", because: "what is not here is asked for, of the leader",
                if: { parentCount(of: $0) == 1 }),
            FreeField(
                "vote.content.view", because: "there are votes in all views that are near",
                if: { statement(of: $0)?.view ?? .zero <= View(66) }),
            FreeField(
                "vote.content.kind", because: "there are votes of several kinds",
                if: { statement(of: $0).map { kinds.contains($0.kind) } ?? false }),
            FreeField(
                "vote.signer", because: "the fourth validator, this one, whose vote counts too",
                if: { if case .vote(let vote) = $0 { vote.voter.rawValue == 0 } else { false } }),
            FreeField(
                "certificate.signers", because: "any other quorum", if: { isQuorum(of: $0) }),
            FreeField("certificate.statement.view", because: "whatever it is, a quorum said it"),
            FreeField(
                "certificate.statement.kind", because: "a quorum says each of these",
                if: {
                    statement(of: $0).map { kinds.contains($0.kind) && $0.kind != .abstain }
                        ?? false
                }),
        ]
        + FreeField.all(
            ["vote.content.block", "vote.content.height"],
            because: "it counts with those that say the same, and contradicts its voter's other",
            if: { statement(of: $0).map(namesBlock) ?? false })
        + FreeField.all(
            ["certificate.statement.height", "certificate.statement.block"],
            because: "whatever it is, a quorum said it",
            if: { statement(of: $0).map(namesBlock) ?? false })
        + FreeField.all(
            ["view", "lackingSince", "committed", "wanted"].map { "inquiry.\($0)" }, .same,
            because: hint)
        + [FreeField("inquiry.wanted", because: hint)]

    /// The kinds of votes that there are.
    private static let kinds: Set<VoteKind> = [
        .notarize, .nullify, .finalize, .support, .abstain,
    ]

    private static func isEarly(_ message: SimplexMessage) -> Bool {
        if case .proposal(let proposal) = message { proposal.block.time < next.time } else { false }
    }

    private static func parentCount(of message: SimplexMessage) -> Int {
        if case .proposal(let proposal) = message { proposal.block.parents.count } else { 0 }
    }

    private static func statement(of message: SimplexMessage) -> Statement? {
        switch message {
        case .vote(let vote): vote.statement
        case .certificate(let certificate): certificate.statement
        case .proposal, .block, .inquiry: nil
        }
    }

    private static func namesBlock(_ said: Statement) -> Bool {
        said.kind != .nullify && said.kind != .abstain
    }

    private static func isQuorum(of message: SimplexMessage) -> Bool {
        guard case .certificate(let certificate) = message else { return false }
        return certificate.signers.count == 4 && certificate.signers.positions.count >= 3
    }

    // MARK: Replicas

    private typealias Listener<P: ConsensusProtocol> = FieldListener<
        P.Message, ReplicaTrace<P>
    >

    private static func listeners<Rules: SimplexRules>(
        _ rules: Rules.Type
    ) throws -> [Listener<SimplexReplica<Rules>>] {
        let replica = try CheckTests.outcome(of: [], rules).replica
        return samples.map { FieldListener(replica, $0, refused: refused) }
    }

    @Test("A field that says something else is refused, or says what its sender may say")
    func sound() throws {
        let listeners = try Self.listeners(SimplexSoundRules.self)
        for (index, listener) in listeners.enumerated() {
            #expect(listener.isTaken, "sample \(index): \(Self.samples[index].message)")
        }
        let findings = Self.review.findings {
            listeners[$0.sample].verdict(on: $0.message)
        }
        for finding in findings { Issue.record("\(finding)") }
    }

    /// The checks whose absence no single field shows, and why.
    private static let hidden: [SimplexCheck: String] = [
        .certificateKind: "a quorum of abstentions leaves a trace in a view without a round alone",
        .secondProposal: "it is about two messages of one leader",
        .parentView: "no change of a digest's byte gives another block that is here",
        .notarizedParent: "no change of a digest's byte gives another block that is here",
        .blockWindow: "a block that was asked for has all fields that its name stands for",
    ]

    @Test("Without a check, a wrong field passes")
    func mutants() throws {
        for left in SimplexCheck.allCases {
            let listeners = try Self.listeners(SkippedCheck.self)
            let isNoticed = SkippedCheck.$current.withValue(left) {
                Self.review.notices { listeners[$0.sample].verdict(on: $0.message) }
            }
            #expect(isNoticed == (Self.hidden[left] == nil), "\(left)")
        }
    }
}
