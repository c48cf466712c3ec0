@_spi(Verification) import BFTBase
import BFTCore
import BFTTestKit
import ProtocolSimplex
import Testing

/// No field of any message is forgotten: each is checked, or it is said why it need not be.
@Suite struct FieldTests {
    /// What a field is checked by, or why it is not.
    private struct Answer {
        let checks: [SimplexCheck]
        let reason: String

        static func by(_ checks: SimplexCheck...) -> Answer {
            Answer(checks: checks, reason: "")
        }
        static func because(_ reason: String) -> Answer { Answer(checks: [], reason: reason) }
    }

    private static let signature = Answer.because("whoever makes a `Verified` message checks it")
    private static let free = Answer.because("whatever it is, a quorum said it")
    private static let judged = Answer.because("the ledger judges it")

    /// The fields of a vote's or a certificate's statement.
    private static func statement(
        _ path: String, kind: Answer, view: Answer, height: Answer, block: Answer
    ) -> [String: Answer] {
        [
            path + ".chain": .by(.statementChain), path + ".epoch": .by(.statementEpoch),
            path + ".kind": kind, path + ".view": view, path + ".height": height,
            path + ".block": block,
            path + ".ancestor is empty": .because("no kind of Simplex names an ancestor"),
        ]
    }

    private static func block(
        _ path: String, _ known: [String: Answer], otherwise: Answer
    ) -> [String: Answer] {
        let fields = [
            "epoch", "view", "height", "parents", "proposer", "time", "applied.height",
            "applied.root", "payload.author", "payload.sequence", "payload.digest",
            "payload.byteCount",
        ]
        let digest = Answer.because("it is computed from the other fields")
        return fields.reduce(into: ["\(path).digest": digest]) {
            $0["\(path).\($1)"] = known[$1] ?? otherwise
        }
    }

    private static var proposal: [String: Answer] {
        let vote = [
            "proposal.vote.signer": Answer.by(.proposalVoter),
            "proposal.vote.signature": signature,
        ]
        let parts = [
            vote,
            block(
                "proposal.block",
                [
                    "epoch": .by(.blockEpoch),
                    "view": .by(.proposedView, .proposer, .parentView, .secondProposal),
                    "height": .by(.proposedHeight, .parentHeight),
                    "parents": .by(.blockParents, .parentHeight, .parentView, .notarizedParent),
                    "proposer": .by(.proposer), "time": .by(.blockTime),
                ], otherwise: judged),
            statement(
                "proposal.vote.content", kind: .by(.proposedKind), view: .by(.proposedView),
                height: .by(.proposedHeight), block: .by(.proposedBlock)),
        ]
        return parts.reduce(into: [:]) { $0.merge($1) { $1 } }
    }

    private static var answers: [String: Answer] {
        let hint = Answer.because("it is the asker's word for what to send it, and no more")
        let alone: [String: Answer] = [
            "vote.signer": .because("a stranger's vote is refused: `malformed` holds it"),
            "vote.signature": signature, "certificate.signatures": signature,
            "certificate.signers": .by(.signerCount, .signerPower), "inquiry.view": hint,
            "inquiry.lackingSince": hint, "inquiry.committed": hint, "inquiry.wanted": hint,
        ]
        let parts = [
            alone, proposal,
            statement(
                "vote.content",
                kind: .because("a kind that Simplex does not have is no phase: `otherKinds`"),
                view: .by(.voteWindow), height: .by(.blocklessStatement),
                block: .by(.blocklessStatement)),
            statement(
                "certificate.statement", kind: .by(.certificateKind), view: free,
                height: .by(.blocklessStatement), block: .by(.blocklessStatement)),
            block("block", ["view": .by(.blockWindow)], otherwise: .by(.wantedBlock)),
        ]
        return parts.reduce(into: [:]) { $0.merge($1) { $1 } }
    }

    /// One message of each kind, with something in every field.
    private static var messages: [SimplexMessage] {
        let wrong = WrongMessages()
        let reference = BatchReference(
            author: ValidatorIndex(0), sequence: BatchSequence(1), digest: Digest(1, 1, 1, 1),
            byteCount: 14)
        let block = Block(
            epoch: .zero, view: View(2), height: Height(2), parents: [wrong.blockA.digest],
            proposer: ValidatorIndex(2), time: Timestamp(milliseconds: 50),
            applied: WrongMessages.genesis.applied, payload: [reference])
        let said = WrongMessages.statement(.notarize, of: block)
        let vote = Vote(statement: said, voter: ValidatorIndex(2), signature: [1])
        return [
            .proposal(SimplexProposal(block: block, vote: vote)), .vote(vote),
            .certificate(WrongMessages.certificate(said)), .block(block),
            .inquiry(
                SimplexInquiry(
                    view: View(1), lackingSince: View(1), committed: .zero,
                    wanted: [block.digest])),
        ]
    }

    /// The name of a message's case. Exhaustive, so that a case without a sample does not compile
    /// unnoticed.
    private static func name(of message: SimplexMessage) -> String {
        switch message {
        case .proposal: "proposal"
        case .vote: "vote"
        case .certificate: "certificate"
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
        #expect(Set(Self.messages.map(Self.name)).count == 5)
        #expect(found.subtracting(answers.keys).sorted() == [], "fields without an answer")
        #expect(Set(answers.keys).subtracting(found).sorted() == [], "answers without a field")
        for (path, answer) in answers where answer.checks.isEmpty {
            #expect(answer.reason.split(separator: " ").count > 2, "\(path) has no reason")
        }
        let used = Set(answers.values.flatMap(\.checks))
        #expect(SimplexCheck.allCases.filter { !used.contains($0) }.isEmpty)
    }
}
