@_spi(Verification) import BFTBase
import BFTCore
import BFTTestKit
import ProtocolHotStuff
import Testing

/// No field of any message is forgotten: each is checked, or it is said why it need not be.
@Suite struct FieldTests {
    /// What a field is checked by, or why it is not.
    private struct Answer {
        let checks: [HotStuffCheck]
        let reason: String

        static func by(_ checks: HotStuffCheck...) -> Answer {
            Answer(checks: checks, reason: "")
        }
        static func because(_ reason: String) -> Answer { Answer(checks: [], reason: reason) }
    }

    private static let signature = Answer.because("whoever makes a `Verified` message checks it")
    private static let index = Answer.because("`strangers` holds that nobody else is heard")
    private static let free = Answer.because("whatever it is, a quorum said it")
    private static let judged = Answer.because("the ledger judges it")

    /// The fields of a vote or a certificate's statement.
    private static func statement(
        _ path: String, view: Answer = free, height: Answer = free, block: Answer = free
    ) -> [String: Answer] {
        let ancestor = Answer.because("H5: an own vote is computed here, and a quorum computed its")
        return [
            path + ".chain": .by(.statementChain), path + ".epoch": .by(.statementEpoch),
            path + ".kind": .by(.statementKind), path + ".view": view, path + ".height": height,
            path + ".block": block, path + ".ancestor.height": ancestor,
            path + ".ancestor.digest": ancestor,
        ]
    }

    private static func certificate(
        _ path: String, view: Answer = free, height: Answer = free, block: Answer = free
    ) -> [String: Answer] {
        let signed = [
            path + ".signers": .by(.signerCount, .signerPower), path + ".signatures": signature,
        ]
        return signed.merging(
            statement(path + ".statement", view: view, height: height, block: block)
        ) { $1 }
    }

    private static func timeouts(_ path: String, view: Answer) -> [String: Answer] {
        let signed = [
            path + ".chain": .by(.timeoutChain), path + ".epoch": .by(.timeoutEpoch),
            path + ".view": view, path + ".signers": .by(.signerCount, .signerPower),
            path + ".highViews": .by(.timeoutHighView, .timeoutsBacking),
            path + ".signatures": signature,
        ]
        return signed.merging(certificate(path + ".high", view: .by(.timeoutsCertificate))) { $1 }
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
            "proposal.vote.signer": .by(.proposalVoter), "proposal.vote.signature": signature,
        ]
        let parts = [
            vote,
            block(
                "proposal.block",
                [
                    "epoch": .by(.blockEpoch), "view": .by(.proposedView, .proposer),
                    "height": .by(.proposedHeight, .certifiedHeight, .uncertifiedParent),
                    "parents": .by(.blockParents, .certifiedParent, .parent),
                    "proposer": .by(.proposer), "time": .by(.blockTime),
                ], otherwise: judged),
            statement(
                "proposal.vote.content", view: .by(.proposedView), height: .by(.proposedHeight),
                block: .by(.proposedBlock)),
            certificate(
                "proposal.justify", view: .by(.certifiedView, .timeoutsPresence),
                height: .by(.certifiedHeight), block: .by(.certifiedParent)),
            timeouts("proposal.timeouts", view: .by(.timeoutsView)),
        ]
        return parts.reduce(into: [:]) { $0.merge($1) { $1 } }
    }

    private static var answers: [String: Answer] {
        let hint = Answer.because("it is the asker's word for what to send it, and no more")
        let alone: [String: Answer] = [
            "vote.signer": index, "vote.signature": signature,
            "timeout.content.chain": .by(.timeoutChain),
            "timeout.content.epoch": .by(.timeoutEpoch),
            "timeout.content.view": .by(.timeoutWindow),
            "timeout.content.highView": .by(.timeoutHighView), "timeout.signer": index,
            "timeout.signature": signature, "inquiry.view": hint, "inquiry.highView": hint,
            "inquiry.committed": hint, "inquiry.wanted": hint,
        ]
        let parts = [
            alone, proposal, statement("vote.content", view: .by(.voteWindow)),
            certificate("certificate"),
            timeouts("timeoutCertificate", view: .because("a quorum ended just this view")),
            block("block", [:], otherwise: .by(.wantedBlock)),
        ]
        return parts.reduce(into: [:]) { $0.merge($1) { $1 } }
    }

    /// One message of each kind, with something in every field.
    private static var messages: [HotStuffMessage] {
        let hostile = HostileMessages()
        let block = Block(
            epoch: .zero, view: View(3), height: Height(2), parents: [hostile.blockA.digest],
            proposer: ValidatorIndex(3), time: Timestamp(milliseconds: 50),
            applied: Sample.genesis.applied, payload: [Sample.reference])
        let said = Statement(
            chain: Sample.chain, epoch: .zero, kind: .vote, view: View(1), height: Height(1),
            block: block.digest, ancestor: BlockName(height: Height(0), digest: .zero))
        let vote = Vote(statement: said, voter: ValidatorIndex(1), signature: [1])
        let certificate = HostileMessages.certificate(said)
        let timeouts = HostileMessages.timeouts(2, claiming: 1, certificate)
        return [
            .proposal(
                HotStuffProposal(
                    block: block, vote: vote, justify: certificate, timeouts: timeouts)),
            .vote(vote), .certificate(certificate), .timeoutCertificate(timeouts), .block(block),
            .timeout(HostileMessages.timeout(2, claiming: 1)),
            .inquiry(
                HotStuffInquiry(
                    view: View(1), highView: .zero, committed: .zero, wanted: [block.digest])),
        ]
    }

    /// The name of a message's case. Exhaustive, so that a case without a sample does not compile
    /// unnoticed.
    private static func name(of message: HotStuffMessage) -> String {
        switch message {
        case .proposal: "proposal"
        case .vote: "vote"
        case .certificate: "certificate"
        case .timeout: "timeout"
        case .timeoutCertificate: "timeoutCertificate"
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
        for (path, answer) in answers where answer.checks.isEmpty {
            #expect(answer.reason.split(separator: " ").count > 2, "\(path) has no reason")
        }
        let used = Set(answers.values.flatMap(\.checks))
        #expect(HotStuffCheck.allCases.filter { !used.contains($0) }.isEmpty)
    }
}
