import BFTBase
import BFTCore
import BFTTestKit
import ProtocolHotStuff
import Testing

/// One replica of HotStuff, talked to in words.
///
/// The validators lead in their order, each for its tenure, unless `leaders` says who leads which
/// view.
struct HotStuffConversation<Rules: HotStuffRules>: Conversation {
    typealias P = HotStuffReplica<Rules>

    var replica: P
    var scene = Scene<P>()
    private var configuration = Sample.configuration()
    private var certificates: [String: Certificate] = [:]
    private var timeoutCertificates: [String: HotStuffTimeoutCertificate] = [:]

    /// What a wrong host does not read back after a crash.
    private let isForgotten: (HotStuffRecord) -> Bool

    init(forgetting isForgotten: @escaping (HotStuffRecord) -> Bool = { _ in false }) {
        self.isForgotten = isForgotten
        replica = P(
            configuration: configuration, root: Sample.genesis, certificate: nil, recovered: [])
    }

    static func message(_ block: Block) -> HotStuffMessage { .block(block) }

    func restarted(from log: [HotStuffRecord]) -> P { restarted(from: log, as: configuration) }

    private func restarted(
        from log: [HotStuffRecord], as configuration: ReplicaConfiguration
    ) -> P {
        P(
            configuration: configuration, root: scene.committed.block,
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
        case "qc", "tc":
            try define(verb, words)
            return nil
        case "leaders":
            configuration = Sample.configuration(
                leaders: try words.map { try scene.validator($0) })
            replica = restarted(from: [])
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
        if words.first == "compacted" { scene.log = replica.liveRecords }
        var configuration = configuration
        if words.first == "aside" {
            // A log that was cut, and no chain beside it.
            configuration = configuration.above(replica.forgotten)
            (scene.log, scene.committed) = (replica.liveRecords, (Sample.genesis, nil))
        }
        scene.log.removeAll(where: isForgotten)
        replica = restarted(from: scene.log, as: configuration)
    }

    private func input(
        _ verb: String, _ words: [String], _ command: String
    ) throws -> Input<P> {
        func said(_ message: HotStuffMessage) throws -> Input<P> {
            received(message, try scene.validator(words.last))
        }
        switch (verb, words.count) {
        case ("proposal", 3...): return try said(.proposal(try proposal(words)))
        case ("vote", 3...): return try said(.vote(try vote(words)))
        case ("certificate", 3): return try said(.certificate(try certificate(words[0])))
        case ("timeouts", 3): return try said(.timeoutCertificate(try timeouts(words[0])))
        case ("timeout", 5): return try said(.timeout(try timeout(words)))
        case ("inquiry", 9...):
            let inquiry = HotStuffInquiry(
                view: View(try scene.number(words[3])),
                highView: View(try scene.number(words[5])),
                committed: Height(try scene.number(words[7])),
                wanted: try words[9...].map { try scene.block($0).digest })
            return received(.inquiry(inquiry), try scene.validator(words[1]))
        case ("caught", 3):
            let rules = P.commitRules(Sample.configuration())
            guard
                let run = CommittedRun(
                    blocks: try scene.chain(words[0]),
                    certificate: try rules.check(certificate(words[2])))
            else { throw Misspoken(command: command) }
            return .caughtUp(run)
        default: throw Misspoken(command: command)
        }
    }

    /// A host asks before it spends time on signatures.
    func hears(_ own: HotStuffMessage) -> Bool { replica.isUseful(own) }
}

// What messages are made of.
extension HotStuffConversation {
    private func certificate(_ name: String) throws -> Certificate {
        guard let certificate = certificates[name] else { throw Misspoken(command: name) }
        return certificate
    }

    private func timeouts(_ name: String) throws -> HotStuffTimeoutCertificate {
        guard let timeouts = timeoutCertificates[name] else { throw Misspoken(command: name) }
        return timeouts
    }

    /// `qc qA A by 1 2 3` (or `qc qC C committing A by 1 2 3`), `tc t3 3 by 1:1 2:1 3:0 with qA`,
    /// where each signer stands with the view of the highest certificate that it knows.
    private mutating func define(_ verb: String, _ words: [String]) throws {
        guard verb == "tc" else {
            let by = try scene.position(of: "by", in: words)
            certificates[words[0]] = try scene.certificate(
                statement(Array(words[1..<by])), by: words[(by + 1)...])
            return
        }
        let with = words.firstIndex(of: "with") ?? words.count
        let timeouts = try words[3..<with].map { word in
            let parts = word.split(separator: ":").map(String.init)
            return HotStuffTimeout(
                content: statement(
                    View(try scene.number(words[1])), knowing: View(try scene.number(parts.last))),
                signer: try scene.validator(parts.first), signature: [])
        }
        timeoutCertificates[words[0]] = HotStuffTimeoutCertificate(
            timeouts: timeouts,
            high: with < words.count ? try certificate(words[with + 1]) : nil, validatorCount: 4)
    }

    /// `A` or `C committing A`.
    private func statement(_ words: [String]) throws -> Statement {
        scene.statement(
            .vote, try scene.block(words[0]),
            ancestor: words.count > 2 ? try scene.block(words[2]) : nil)
    }

    private func statement(_ view: View, knowing high: View) -> HotStuffTimeoutStatement {
        HotStuffTimeoutStatement(chain: Sample.chain, epoch: .zero, view: view, highView: high)
    }

    /// `D with qC t3 from 2`, and `D committing A with qC t3 from 2` for what the leader says.
    private func proposal(_ words: [String]) throws -> HotStuffProposal {
        let end = try scene.position(of: "from", in: words)
        let with = words.firstIndex(of: "with") ?? end
        let carried = words[min(with + 1, end)..<end]
        let block = try scene.block(words[0])
        return HotStuffProposal(
            block: block,
            vote: scene.vote(try statement(Array(words[..<with])), by: block.proposer),
            justify: carried.lazy.compactMap { certificates[$0] }.first,
            timeouts: carried.lazy.compactMap { timeoutCertificates[$0] }.first)
    }

    /// `A by 1` or `C committing A by 1`.
    private func vote(_ words: [String]) throws -> Vote {
        let by = try scene.position(of: "by", in: words)
        return scene.vote(
            try statement(Array(words[..<by])), by: try scene.validator(words.last))
    }

    /// `3 knowing 1 by 2`.
    private func timeout(_ words: [String]) throws -> HotStuffTimeout {
        HotStuffTimeout(
            content: statement(
                View(try scene.number(words[0])), knowing: View(try scene.number(words[2]))),
            signer: try scene.validator(words.last), signature: [])
    }
}

// What the replica asks for, in words.
extension HotStuffConversation {
    func remark(on branch: Branch) -> String {
        // The ledger asks those for batches who have them: at least whoever proposes the block.
        #expect(branch.voters?[branch.tip.proposer.rawValue] == true)
        return ""
    }

    func voted(_ record: HotStuffRecord) -> (block: Block, number: UInt64)? {
        if case .voted(let block, _) = record { (block, block.view.rawValue) } else { nil }
    }

    func heightToCommit(_ unsigned: HotStuffUnsigned) -> Height? {
        if case .vote(let said, _) = unsigned { said.ancestor?.height } else { nil }
    }

    func words(_ statement: Statement) -> String {
        guard let ancestor = statement.ancestor else { return scene.name(statement.block) }
        return "\(scene.name(statement.block)) committing \(scene.name(ancestor.digest))"
    }

    private func words(_ statement: HotStuffTimeoutStatement) -> String {
        "\(statement.view) knowing \(statement.highView)"
    }

    private func words(_ certificate: HotStuffTimeoutCertificate) -> String {
        let signers = zip(certificate.signers.positions, certificate.highViews)
            .map { "\($0):\($1)" }.joined(separator: " ")
        let high = certificate.high.map { " with \(scene.name($0.statement.block))" } ?? ""
        return "timeouts \(certificate.view) by \(signers)\(high)"
    }

    private func words(_ certificate: Certificate) -> String {
        "certificate \(words(certificate.statement)) by \(scene.words(certificate.signers))"
    }

    func words(_ record: HotStuffRecord) -> String {
        switch record {
        case .voted(_, let statement): "voted \(words(statement))"
        case .timedOut(let statement): "timed out \(words(statement))"
        case .locked(let view): "locked \(view)"
        case .certificate(let certificate): words(certificate)
        case .timeouts(let certificate): words(certificate)
        }
    }

    func words(_ message: HotStuffMessage) -> String {
        switch message {
        case .proposal(let proposal):
            "proposal \(words(proposal.vote.statement))"
                + (proposal.justify.map { " with \(words($0))" } ?? "")
                + (proposal.timeouts.map { " and \(words($0))" } ?? "")
        case .vote(let vote): "vote \(words(vote.statement))"
        case .certificate(let certificate): words(certificate)
        case .timeout(let timeout): "timeout \(words(timeout.content))"
        case .timeoutCertificate(let certificate): words(certificate)
        case .block(let block): "body \(scene.name(block.digest))"
        case .inquiry(let inquiry):
            "inquiry view \(inquiry.view) high \(inquiry.highView) "
                + "committed \(inquiry.committed) wanting \(scene.names(inquiry.wanted))"
        }
    }
}
