import BFTBase
import BFTCore
import BFTTestKit
import ProtocolPBFT

/// One replica of PBFT, talked to in words.
///
/// The leaders of views 1, 2, 3, 4, 5 are v0, v1, v2, v3, v0.
struct PBFTConversation: Conversation {
    var replica: PBFT
    var scene = Scene<PBFT>()
    /// Whether a log that was cut says what it has forgotten.
    private let hasFloor: Bool
    /// How often an idle network makes a block, in milliseconds.
    private var idle: UInt64 = 500

    init(hasFloor: Bool = true) {
        self.hasFloor = hasFloor
        replica = PBFT(
            configuration: Sample.configuration(), root: Sample.genesis, certificate: nil,
            recovered: [])
    }

    static func message(_ block: Block) -> PBFTMessage { .block(block) }

    func restarted(from log: [PBFTRecord]) -> PBFT { restarted(from: log, above: .ground) }

    private func restarted(from log: [PBFTRecord], above floor: Floor) -> PBFT {
        PBFT(
            configuration: Sample.configuration(idle: idle, above: floor),
            root: scene.committed.block, certificate: scene.committed.certificate,
            recovered: log)
    }

    /// As PBFT's ledger would have it, but for the kind: a replica gets along with any.
    private static func checked(_ certificate: Certificate) throws -> CommitCertificate {
        let configuration = Sample.configuration()
        return try CommitRules(
            chain: configuration.chain, epoch: configuration.epoch,
            validators: configuration.validators, kinds: PBFT.commitKinds + [.checkpoint]
        ).check(certificate)
    }

    mutating func say(_ command: String) throws -> [String]? {
        let (verb, words) = try split(command)
        switch verb {
        case "block":
            let replica = replica
            try scene.define(
                words, by: { replica.leader(of: $0) }, payload: [Sample.reference])
            return nil
        case "idle":
            idle = try scene.number(words.first)
            replica = restarted(from: [])
            return []
        case "restart":
            try restart(words)
            return give(.started)
        default:
            if let answer = try pass(verb, words) { return answer }
            return give(try commonInput(verb, words) ?? input(verb, words, command))
        }
    }

    /// `restart losing 2`, `restart cut`, `restart cut bare`, `restart forgetting certificates`.
    private mutating func restart(_ words: [String]) throws {
        var floor = Floor.ground
        switch words.first {
        case "aside":
            // A log that was cut, and no chain beside it.
            floor = hasFloor ? replica.forgotten : .ground
            (scene.log, scene.committed) = (replica.liveRecords, (Sample.genesis, nil))
        case "losing": try lose(words.last)
        case "cut": scene.log = replica.liveRecords
        case "forgetting":
            scene.log.removeAll { if case .certificate = $0 { true } else { false } }
        default: break
        }
        if words.last == "bare" { scene.committed = (Sample.genesis, nil) }
        replica = restarted(from: scene.log, above: floor)
    }

    private func input(
        _ verb: String, _ words: [String], _ command: String
    ) throws -> Input<PBFT> {
        switch (verb, words.count) {
        case ("executed", 1):
            let block = try scene.block(words[0])
            return .executed(
                BlockName(height: block.height, digest: block.digest), stateRoot: block.digest)
        case ("proposal", 3):
            let block = try scene.block(words[0])
            let vote = scene.vote(scene.statement(.prepare, block), by: block.proposer)
            return received(
                .prePrepare(PBFTPrePrepare(block: block, vote: vote)), try scene.validator(words[2])
            )
        case ("vote", 4...):
            let voter = try scene.validator(words.last)
            return received(.vote(scene.vote(try said(words), by: voter)), voter)
        case ("certificate", 4...):
            return received(.certificate(try certificate(words)), ValidatorIndex(1))
        case ("wish", 4...): return try wish(words)
        case ("begin", 6...): return try begin(words)
        case ("inquiry", 10...): return try inquiry(words)
        case ("caught", 3...):
            let last = words[1].split(separator: ",").last.map(String.init) ?? ""
            let kind = words[2] == "checkpoint" ? "checkpoint" : "commit"
            let by = try scene.position(of: "by", in: words)
            guard
                let run = CommittedRun(
                    blocks: try scene.chain(words[1]),
                    certificate: try Self.checked(certificate([kind, last] + words[by...])))
            else { throw Misspoken(command: command) }
            return .caughtUp(run)
        default: throw Misspoken(command: command)
        }
    }

    mutating func reaction(to input: Input<PBFT>) -> [Effect<PBFT>] {
        if case .caughtUp(let run) = input, run.last.height > scene.committed.block.height {
            scene.committed = (run.last, run.certificate)
        }
        return handled(input)
    }

    /// `prepare A` or `prepare A in 2`, `commit A`, `checkpoint A`.
    private func said(_ words: [String]) throws -> Statement {
        let block = try scene.block(words[1])
        let isIn = words.count > 3 && words[2] == "in"
        let view = isIn ? View(try scene.number(words[3])) : block.view
        switch words[0] {
        case "prepare": return scene.statement(.prepare, block, in: view)
        case "commit": return scene.statement(.commit, block, in: view)
        default: return scene.statement(.checkpoint, block, in: .zero, ancestor: block)
        }
    }

    /// `commit A by 1 2 3` or `prepare A in 2 by 1 2 3`.
    private func certificate(_ words: [String]) throws -> Certificate {
        let by = try scene.position(of: "by", in: words)
        return try scene.certificate(said(words), by: words[(by + 1)...])
    }

    private func content(_ view: View, _ highest: Certificate?) -> PBFTViewChangeContent {
        let name = highest.map {
            PBFTCertificateName(
                view: $0.statement.view, height: $0.statement.height, block: $0.statement.block)
        }
        return PBFTViewChangeContent(chain: Sample.chain, epoch: .zero, view: view, highest: name)
    }

    /// `wish 2 from 1 with nothing` or `wish 2 from 1 with prepare A by 0 1 2`.
    private func wish(_ words: [String]) throws -> Input<PBFT> {
        let highest = words[4] == "nothing" ? nil : try certificate(Array(words[4...]))
        let voter = try scene.validator(words[2])
        let viewChange = PBFTViewChange(
            content: content(View(try scene.number(words[0])), highest), signer: voter,
            signature: [])
        return received(.viewChange(viewChange, highest), voter)
    }

    /// `begin 2 from 1 2 3 with nothing`: as if all those had reported that.
    private func begin(_ words: [String]) throws -> Input<PBFT> {
        let with = try scene.position(of: "with", in: words)
        let highest =
            words[with + 1] == "nothing" ? nil : try certificate(Array(words[(with + 1)...]))
        let view = View(try scene.number(words[0]))
        let content = content(view, highest)
        let wishes = try words[2..<with].map {
            PBFTViewChange(content: content, signer: try scene.validator($0), signature: [])
        }
        let leader = replica.leader(of: view)
        return received(
            .newView(
                PBFTNewView(
                    content: PBFTNewViewContent(
                        outcome: content, viewChanges: wishes, certificate: highest),
                    signer: leader, signature: [])), leader)
    }

    /// `inquiry from 2 in 1 waiting committed 0 stable 0 wanting A`.
    private func inquiry(_ words: [String]) throws -> Input<PBFT> {
        let inquiry = PBFTInquiry(
            view: View(try scene.number(words[3])), isJoined: words[4] == "joined",
            committed: Height(try scene.number(words[6])),
            stable: Height(try scene.number(words[8])),
            wanted: try words[10...].map { try scene.block($0).digest })
        return received(.inquiry(inquiry), try scene.validator(words[1]))
    }
}
