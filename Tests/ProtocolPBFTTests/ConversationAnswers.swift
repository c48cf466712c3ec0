@_spi(Verification) import BFTBase
import BFTCore
import ProtocolPBFT
import Testing

// What the replica asks for, in words.
extension Conversation {
    mutating func carryOut(_ effect: Effect<PBFT>) -> [String] {
        switch effect {
        case .persist(let record):
            log.append(record)
            return ["persist \(words(record))"]
        case .sign(let unsigned):
            if case .vote(let said) = unsigned, said.kind == .commit {
                voted = max(voted, said.height)
            }
            if case .prePrepare(let block, _) = unsigned, names[block.digest] == nil {
                blocks["own\(block.height)"] = block
                names[block.digest] = "own\(block.height)"
            }
            let signed = unsigned.signed(by: ValidatorIndex(0), [])
            var more: [Effect<PBFT>] = []
            replica.handle(
                .received(Verified(signed), from: ValidatorIndex(0)), at: now, into: &more)
            return ["sign \(words(signed))"] + more.flatMap { carryOut($0) }
        case .send(let message, let peer): return ["send \(words(message)) to \(peer)"]
        case .broadcast(let message): return ["broadcast \(words(message))"]
        case .setTimer(let instant):
            timer = instant
            return []
        case .draft(let view, let branch):
            draft = (view, branch.tip.digest)
            return ["draft for view \(view) on \(name(branch.tip.digest))"]
        case .judge(let branch):
            // The ledger asks those for batches who have them: at least whoever proposes the block.
            #expect(
                branch.view > branch.tip.view
                    || branch.voters?[branch.tip.proposer.rawValue] == true)
            return [
                "judge \(name(branch.tip.digest))" + (branch.isCertified ? ", certified" : "")
            ]
        case .commit(let run):
            committed = (run.last, run.certificate)
            return ["commit " + run.blocks.map { name($0.digest) }.joined(separator: " ")]
        case .fetch(let certificate):
            return ["fetch \(name(certificate.statement.committed?.digest ?? .zero))"]
        case .accuse(let evidence):
            return [
                "accuse \(evidence.culprit): \(words(evidence.first.statement)), "
                    + words(evidence.second.statement)
            ]
        case .reject(let rejection): return ["reject \(rejection)"]
        }
    }

    private func name(_ digest: Digest) -> String { names[digest] ?? "unknown" }

    private func words(_ statement: Statement) -> String {
        switch statement.kind {
        case .prepare: "prepare \(name(statement.block)) in \(statement.view)"
        case .commit: "commit \(name(statement.block)) in \(statement.view)"
        case .checkpoint: "checkpoint \(statement.height)"
        default: "kind \(statement.kind.rawValue) in \(statement.view)"
        }
    }

    private func words(_ content: PBFTViewChangeContent) -> String {
        guard let highest = content.highest else { return "\(content.view) with nothing" }
        return "\(content.view) with \(name(highest.block)) of \(highest.view)"
    }

    private func words(_ record: PBFTRecord) -> String {
        switch record {
        case .entered(let view): "entered \(view)"
        case .prepared(let block, let view):
            "prepared \(names[block.digest] ?? "own\(block.height)") in \(view)"
        case .block(let block): "block \(name(block.digest))"
        case .voted(let statement): "voted \(words(statement))"
        case .certificate(let certificate): "certificate \(words(certificate.statement))"
        case .viewChange(let content): "wish \(words(content))"
        case .newView(let content): "begin \(words(content.outcome))"
        }
    }

    private func words(_ message: PBFTMessage) -> String {
        switch message {
        case .prePrepare(let proposal): return "proposal \(name(proposal.block.digest))"
        case .vote(let vote): return "vote \(words(vote.statement))"
        case .certificate(let certificate):
            return "certificate \(words(certificate.statement)) by "
                + certificate.signers.positions.map(String.init).joined(separator: " ")
        case .viewChange(let viewChange, _): return "wish \(words(viewChange.content))"
        case .newView(let newView): return "begin \(words(newView.content.outcome))"
        case .block(let block): return "body \(name(block.digest))"
        case .inquiry(let inquiry):
            let wanted = inquiry.wanted.map { name($0) }.joined(separator: " ")
            return "inquiry in \(inquiry.view) \(inquiry.isJoined ? "joined" : "waiting") "
                + "committed \(inquiry.committed) stable \(inquiry.stable) wanting "
                + (wanted.isEmpty ? "nothing" : wanted)
        }
    }
}
