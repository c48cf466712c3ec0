import BFTBase
import BFTCore
import BFTTestKit
import ProtocolPBFT
import Testing

// What the replica asks for, in words.
extension PBFTConversation {
    func remark(on branch: Branch) -> String {
        // The ledger asks those for batches who have them: at least whoever proposes the block.
        #expect(
            branch.view > branch.tip.view || branch.voters?[branch.tip.proposer.rawValue] == true)
        return branch.isCertified ? ", certified" : ""
    }

    func voted(_ record: PBFTRecord) -> (block: Block, number: UInt64)? {
        if case .prepared(let block, _) = record { (block, block.height.rawValue) } else { nil }
    }

    func heightToCommit(_ unsigned: PBFTUnsigned) -> Height? {
        if case .vote(let said) = unsigned, said.kind == .commit { said.height } else { nil }
    }

    func words(_ statement: Statement) -> String {
        switch statement.kind {
        case .prepare: "prepare \(scene.name(statement.block)) in \(statement.view)"
        case .commit: "commit \(scene.name(statement.block)) in \(statement.view)"
        case .checkpoint: "checkpoint \(statement.height)"
        default: "kind \(statement.kind.rawValue) in \(statement.view)"
        }
    }

    private func words(_ content: PBFTViewChangeContent) -> String {
        guard let highest = content.highest else { return "\(content.view) with nothing" }
        return "\(content.view) with \(scene.name(highest.block)) of \(highest.view)"
    }

    func words(_ record: PBFTRecord) -> String {
        switch record {
        case .entered(let view): "entered \(view)"
        case .prepared(let block, let view): "prepared \(scene.name(block.digest)) in \(view)"
        case .block(let block): "block \(scene.name(block.digest))"
        case .voted(let statement): "voted \(words(statement))"
        case .certificate(let certificate): "certificate \(words(certificate.statement))"
        case .viewChange(let content): "wish \(words(content))"
        case .newView(let content): "begin \(words(content.outcome))"
        }
    }

    func words(_ message: PBFTMessage) -> String {
        switch message {
        case .prePrepare(let proposal): "proposal \(scene.name(proposal.block.digest))"
        case .vote(let vote): "vote \(words(vote.statement))"
        case .certificate(let certificate):
            "certificate \(words(certificate.statement)) by \(scene.words(certificate.signers))"
        case .viewChange(let viewChange, _): "wish \(words(viewChange.content))"
        case .newView(let newView): "begin \(words(newView.content.outcome))"
        case .block(let block): "body \(scene.name(block.digest))"
        case .inquiry(let inquiry):
            "inquiry in \(inquiry.view) \(inquiry.isJoined ? "joined" : "waiting") "
                + "committed \(inquiry.committed) stable \(inquiry.stable) wanting "
                + scene.names(inquiry.wanted)
        }
    }
}
