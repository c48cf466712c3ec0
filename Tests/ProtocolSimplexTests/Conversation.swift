import BFTBase
import BFTCore
import BFTTestKit
import ProtocolSimplex

/// One replica of Simplex, talked to in words.
///
/// The leaders of views 1, 2, 3, 4, 5 are v0, v1, v2, v3, v0.
struct SimplexConversation: Conversation {
    var replica: Simplex
    var scene = Scene<Simplex>()
    /// Whether a log that was cut says what it has forgotten.
    private let hasFloor: Bool
    /// What stands between the replica and whoever talks to it, if anything.
    private var mistake: (any Mistake)?

    init(mistake: (any Mistake)? = nil, hasFloor: Bool = true) {
        self.mistake = mistake
        self.hasFloor = hasFloor
        replica = Simplex(
            configuration: Sample.configuration(), root: Sample.genesis, certificate: nil,
            recovered: [])
    }

    static func message(_ block: Block) -> SimplexMessage { .block(block) }

    func restarted(from log: [SimplexRecord]) -> Simplex { restarted(from: log, above: .ground) }

    private func restarted(from log: [SimplexRecord], above floor: Floor) -> Simplex {
        Simplex(
            configuration: Sample.configuration(above: floor), root: scene.committed.block,
            certificate: scene.committed.certificate, recovered: log)
    }

    mutating func say(_ command: String) throws -> [String]? {
        let (verb, words) = try split(command)
        switch verb {
        case "block", "heavy":
            let replica = replica
            try scene.define(
                words, by: { replica.leader(of: $0) },
                payload: verb == "heavy" ? [Sample.reference] : [])
            return nil
        case "restart":
            try restart(words)
            return give(.started)
        default:
            if let answer = try pass(verb, words) { return answer }
            return give(try commonInput(verb, words) ?? input(verb, words, command))
        }
    }

    private mutating func restart(_ words: [String]) throws {
        if words.first == "losing" { try lose(words.last) }
        var floor = Floor.ground
        if words.first == "aside" || words.first == "bare" {
            // No chain beside the log, which was cut, or will be.
            floor = hasFloor ? replica.forgotten : .ground
            if words.first == "aside" { scene.log = replica.liveRecords }
            scene.committed = (Sample.genesis, nil)
            scene.log = mistake?.recovered(scene.log, above: floor) ?? scene.log
        }
        replica = restarted(from: scene.log, above: floor)
    }

    private func input(
        _ verb: String, _ words: [String], _ command: String
    ) throws -> Input<Simplex> {
        switch (verb, words.count) {
        case ("proposal", 3):
            let block = try scene.block(words[0])
            let vote = scene.vote(scene.statement(.notarize, block), by: block.proposer)
            return received(
                .proposal(SimplexProposal(block: block, vote: vote)), try scene.validator(words[2]))
        case ("vote", 4):
            let voter = try scene.validator(words[3])
            return received(.vote(scene.vote(try said(words), by: voter)), voter)
        case ("certificate", 4...):
            return received(.certificate(try certificate(words)), try scene.validator(words[3]))
        case ("inquiry", 7...):
            let inquiry = SimplexInquiry(
                view: replica.view, lackingSince: View(try scene.number(words[3])),
                committed: Height(try scene.number(words[5])),
                wanted: try words[7...].map { try scene.block($0).digest })
            return received(.inquiry(inquiry), try scene.validator(words[1]))
        case ("caught", 3...):
            let certificate = try certificate(
                ["finalize", words[1].suffix(1).description] + words[2...])
            let checked = try Simplex.commitRules(Sample.configuration()).check(certificate)
            guard
                let run = CommittedRun(blocks: try scene.chain(words[1]), certificate: checked)
            else { throw Misspoken(command: command) }
            return .caughtUp(run)
        default: throw Misspoken(command: command)
        }
    }

    mutating func reaction(to input: Input<Simplex>) -> [Effect<Simplex>] {
        mistake?.hear(input)
        let effects = handled(input)
        return mistake?.changed(effects) ?? effects
    }

    /// `notarize A` or `nullify 3`.
    private func said(_ words: [String]) throws -> Statement {
        switch words[0] {
        case "notarize": return scene.statement(.notarize, try scene.block(words[1]))
        case "finalize": return scene.statement(.finalize, try scene.block(words[1]))
        case "support": return scene.statement(.support, try scene.block(words[1]))
        default:
            return Statement(
                chain: Sample.chain, epoch: .zero,
                kind: words[0] == "abstain" ? .abstain : .nullify,
                view: View(try scene.number(words[1])), height: .zero, block: .zero)
        }
    }

    /// `finalize A by 1 2 3`.
    private func certificate(_ words: [String]) throws -> Certificate {
        try scene.certificate(said(words), by: words[3...])
    }
}

// What the replica asks for, in words.
extension SimplexConversation {
    func voted(_ record: SimplexRecord) -> (block: Block, number: UInt64)? {
        if case .notarized(let block) = record { (block, block.view.rawValue) } else { nil }
    }

    func heightToCommit(_ unsigned: SimplexUnsigned) -> Height? {
        let said = unsigned.statement
        return said.kind == .notarize || said.kind == .finalize ? said.height : nil
    }

    func words(_ statement: Statement) -> String {
        switch statement.kind {
        case .notarize: "notarize \(scene.name(statement.block))"
        case .finalize: "finalize \(scene.name(statement.block))"
        case .nullify: "nullify \(statement.view)"
        case .abstain: "abstain \(statement.view)"
        case .support: "support \(scene.name(statement.block))"
        default: "kind \(statement.kind.rawValue) in \(statement.view)"
        }
    }

    func words(_ record: SimplexRecord) -> String {
        switch record {
        case .notarized(let block): "notarized \(scene.name(block.digest))"
        case .ancestor(let block): "ancestor \(scene.name(block.digest))"
        case .voted(let statement): "voted \(words(statement))"
        case .certificate(let certificate): "certificate \(words(certificate.statement))"
        }
    }

    func words(_ message: SimplexMessage) -> String {
        switch message {
        case .proposal(let proposal): "proposal \(scene.name(proposal.block.digest))"
        case .vote(let vote): "vote \(words(vote.statement))"
        case .certificate(let certificate):
            "certificate \(words(certificate.statement)) by \(scene.words(certificate.signers))"
        case .block(let block): "body \(scene.name(block.digest))"
        case .inquiry(let inquiry):
            "inquiry lacking \(inquiry.lackingSince) committed \(inquiry.committed) wanting "
                + scene.names(inquiry.wanted)
        }
    }
}
