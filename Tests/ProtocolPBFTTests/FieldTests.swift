@_spi(Verification) import BFTBase
import BFTCore
import BFTTestKit
import ProtocolPBFT
import Testing

/// No field of any message is forgotten: each is checked, or it is said why it need not be.
@Suite struct FieldTests {
    /// What a field is checked by, or why by nothing.
    private enum Answer {
        case by([PBFTCheck])
        case because(String)

        static func by(_ checks: PBFTCheck...) -> Answer { .by(checks) }
    }

    private typealias Answers = [String: Answer]

    private static let signature = Answer.because("whoever makes a `Verified` message checks it")
    private static let validator = Answer.because(
        "who is no validator is nowhere counted: `strangers`, and there is no place for its vote")
    private static let free = Answer.because("whatever it is, a quorum said it")
    private static let counted = Answer.because("it is counted with those that say the same")
    private static let judged = Answer.because("the ledger judges it")
    private static let computed = Answer.because("it is computed from the other fields")
    private static let hint = Answer.because("the asker's word for what to send it, and no more")
    private static let recomputed = Answer.because(
        "the rule `isRecomputed` compares it with what the reports of a quorum come to")

    private static func under(_ path: String, _ answers: Answers) -> Answers {
        Answers(uniqueKeysWithValues: answers.map { ("\(path).\($0.key)", $0.value) })
    }

    private static func joined(_ parts: Answers...) -> Answers {
        parts.reduce(into: [:]) { $0.merge($1) { _, last in last } }
    }

    private static func statement(
        view: Answer = free, height: Answer = free, block: Answer = free
    ) -> Answers {
        [
            "chain": .by(.statementChain), "epoch": .by(.statementEpoch),
            "kind": .because("it decides which of the protocol's votes this is, or none: by type"),
            "view": view, "height": height, "block": block,
            "ancestor.height": .by(.checkpointBlock),
            "ancestor.digest": .because("whatever it is, only a quorum makes it count"),
        ]
    }

    private static func certificate(view: Answer = free) -> Answers {
        joined(
            ["signers": .by(.signerCount, .signerPower), "signatures": signature],
            under("statement", statement(view: view)))
    }

    private static func block(_ known: Answers, otherwise: Answer) -> Answers {
        let fields = [
            "epoch", "view", "height", "parents", "proposer", "time", "applied.height",
            "applied.root", "payload.author", "payload.sequence", "payload.digest",
            "payload.byteCount",
        ]
        let all = Answers(uniqueKeysWithValues: fields.map { ($0, known[$0] ?? otherwise) })
        return joined(all, ["digest": computed])
    }

    private static func content(
        chain: PBFTCheck, epoch: PBFTCheck, view: Answer, highest: Answer
    ) -> Answers {
        joined(
            ["chain": .by(chain), "epoch": .by(epoch), "view": view],
            under("highest", ["view": highest, "height": highest, "block": highest]))
    }

    private static var proposal: Answers {
        joined(
            under(
                "block",
                block(
                    [
                        "epoch": .by(.blockEpoch),
                        "view": .by(.proposedView, .proposer, .blockView),
                        "height": .by(.proposedHeight, .blockHeight),
                        "parents": .by(.blockParents), "proposer": .by(.proposer),
                        "time": .by(.blockTime),
                    ], otherwise: judged)),
            ["vote.signer": .by(.proposalVoter), "vote.signature": signature],
            under(
                "vote.content",
                joined(
                    statement(
                        view: .by(.proposedView), height: .by(.proposedHeight),
                        block: .by(.proposedBlock)),
                    ["kind": .by(.proposedKind)])))
    }

    private static var vote: Answers {
        joined(
            ["signer": validator, "signature": signature],
            under(
                "content",
                statement(
                    view: .by(.voteView, .voteWindow, .checkpointView),
                    height: .by(
                        .voteHeight, .voteWindow, .checkpointHeight, .checkpointWindow),
                    block: counted)))
    }

    private static var newView: Answers {
        joined(
            ["signer": .by(.newViewLeader), "signature": signature],
            under(
                "content.outcome",
                content(
                    chain: .newViewChain, epoch: .newViewEpoch,
                    view: .by(.newViewLeader, .askedView), highest: recomputed)),
            ["content.viewChanges.signer": .by(.askerOrder, .askerPower)],
            ["content.viewChanges.signature": signature],
            under(
                "content.viewChanges.content",
                content(
                    chain: .askedChain, epoch: .askedEpoch, view: .by(.askedView),
                    highest: recomputed)),
            under("content.certificate", certificate(view: .by(.reportName, .reportView))))
    }

    private static var answers: Answers {
        joined(
            under("prePrepare", proposal), under("vote", vote),
            under("certificate", certificate()),
            ["viewChange.0.signer": validator, "viewChange.0.signature": signature],
            under(
                "viewChange.0.content",
                content(
                    chain: .wishChain, epoch: .wishEpoch,
                    view: .because("any later view may be asked for"), highest: .by(.reportName))),
            under("viewChange.1", certificate(view: .by(.reportName, .reportView))),
            under("newView", newView),
            under("block", block([:], otherwise: .by(.wantedBlock))),
            under(
                "inquiry",
                [
                    "view": hint, "isJoined": hint, "committed": hint, "stable": hint,
                    "wanted": hint,
                ]))
    }

    /// One message of each kind, with something in every field.
    private static var messages: [PBFTMessage] {
        typealias Stand = HostileMessages
        // No honest validator signs a prepare vote with an ancestor: it has no encoding. Those of
        // a checkpoint have one, and stand for all.
        let said = Stand.checkpoint()
        let certificate = Stand.certificate(said)
        let block = Stand.blockA
        let content = Stand.content(2, certificate)
        return [
            .prePrepare(PBFTPrePrepare(block: block, vote: Stand.vote(said))),
            .vote(Stand.vote(said)), .certificate(certificate),
            .viewChange(Stand.wish(content), certificate), Stand.newView(content, certificate),
            .block(block),
            .inquiry(
                PBFTInquiry(
                    view: View(1), isJoined: true, committed: .zero, stable: .zero,
                    wanted: [block.digest])),
        ]
    }

    /// The name of a message's case. Exhaustive, so that a case without a sample does not compile
    /// unnoticed.
    private static func name(of message: PBFTMessage) -> String {
        switch message {
        case .prePrepare: "prePrepare"
        case .vote: "vote"
        case .certificate: "certificate"
        case .viewChange: "viewChange"
        case .newView: "newView"
        case .block: "block"
        case .inquiry: "inquiry"
        }
    }

    @Test("Every field of every message is checked, or it is said why it need not be")
    func fields() {
        let found = Self.messages.reduce(into: Set<String>()) {
            $0.formUnion(FieldPaths.all(of: $1))
        }
        let answers = Self.answers
        #expect(Set(Self.messages.map(Self.name)).count == 7)
        #expect(found.subtracting(answers.keys).sorted() == [], "fields without an answer")
        #expect(Set(answers.keys).subtracting(found).sorted() == [], "answers without a field")
        var used: Set<PBFTCheck> = []
        for (path, answer) in answers {
            switch answer {
            case .by(let checks):
                #expect(!checks.isEmpty, "\(path) is checked by nothing")
                used.formUnion(checks)
            case .because(let reason):
                #expect(reason.split(separator: " ").count > 2, "\(path) has no reason")
            }
        }
        #expect(PBFTCheck.allCases.filter { !used.contains($0) }.isEmpty)
    }
}
