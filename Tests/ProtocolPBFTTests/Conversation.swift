@_spi(Verification) import BFTBase
import BFTCore
import ProtocolPBFT

/// One replica of PBFT, talked to in words. `Docs/testing.md` lists them.
///
/// Four validators of power 1; the replica is v0. The leaders of views 1, 2, 3, 4, 5 are v0, v1,
/// v2, v3, v0. What the replica signs it hears at once. Time passes by `wait` and `timer` only.
struct Conversation {
    struct Misspoken: Error { let command: String }

    static let chain = Digest(7, 7, 7, 7)
    static let genesis = Block.genesis(
        chain: chain, time: Timestamp(milliseconds: 0), stateRoot: .zero)

    var replica: PBFT
    /// Whether a log that was cut says what it has forgotten.
    var hasFloor = true
    var now = Instant(nanoseconds: 0)
    var timer: Instant?
    var log: [PBFTRecord] = []
    var committed = (block: genesis, certificate: CommitCertificate?.none)
    var blocks: [String: Block] = ["genesis": genesis]
    var names: [Digest: String] = [genesis.digest: "genesis", .zero: "-"]
    var draft: (view: View, parent: Digest)?
    /// The greatest height of a vote of its own that helps to commit.
    var voted = Height.zero
    /// How often an idle network makes a block, in milliseconds.
    var idle: UInt64 = 500

    init() throws { replica = try Self.replica(on: Self.genesis, nil, [], idle: idle) }

    private static func configuration(
        idle: UInt64, above floor: Floor = .ground
    ) throws -> ReplicaConfiguration {
        ReplicaConfiguration(
            chain: chain, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
            own: ValidatorIndex(0),
            timing: .init(viewTimeout: .milliseconds(200), idleInterval: .milliseconds(idle)),
            floor: floor)
    }

    private static func replica(
        on root: Block, _ certificate: CommitCertificate?, _ log: [PBFTRecord], idle: UInt64,
        above floor: Floor = .ground
    ) throws -> PBFT {
        PBFT(
            configuration: try configuration(idle: idle, above: floor), root: root,
            certificate: certificate,
            recovered: log)
    }

    /// As PBFT's ledger would have it, but for the kind: a replica gets along with any.
    private static func checked(_ certificate: Certificate) throws -> CommitCertificate {
        try CommitRules(
            chain: chain, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
            kinds: PBFT.commitKinds + [.checkpoint]
        ).check(certificate)
    }

    /// The height that the replica claims to have helped to commit; and what it would claim after
    /// a restart, from its log as it is and as it would be cut.
    func claims() throws -> (voted: Height, present: Height, restarted: [Height]) {
        let restarted = try [log, replica.liveRecords].map { log in
            try Self.replica(on: committed.block, committed.certificate, log, idle: idle)
                .commitVoteHeight
        }
        return (voted, replica.commitVoteHeight, restarted)
    }

    /// Carries out one command and says what came of it.
    mutating func say(_ command: String) throws -> [String] {
        var words = command.split(separator: " ").map(String.init)[...]
        guard let verb = words.popFirst() else { throw Misspoken(command: command) }
        switch verb {
        case "block": return try define(Array(words))
        case "idle":
            idle = try number(words.first)
            replica = try Self.replica(on: Self.genesis, nil, [], idle: idle)
            return []
        case "wait":
            now = now.advanced(by: .milliseconds(try number(words.first)))
            return give(.timerFired)
        case "timer":
            now = max(now, timer ?? now)
            return give(.timerFired)
        case "restart": return try restart(Array(words))
        default: return give(try input(verb, Array(words), command))
        }
    }

    /// `restart losing 2`, `restart cut`, `restart cut bare`, `restart forgetting certificates`.
    private mutating func restart(_ words: [String]) throws -> [String] {
        var floor = Floor.ground
        switch words.first {
        case "aside":
            // A log that was cut, and no chain beside it.
            floor = hasFloor ? replica.forgotten : .ground
            (log, committed) = (replica.liveRecords, (Self.genesis, nil))
        case "losing":
            log.removeLast(Int(try number(words.last)))
            // Nor was what stands on these records said.
            voted = .zero
        case "cut": log = replica.liveRecords
        case "forgetting":
            log.removeAll { if case .certificate = $0 { true } else { false } }
        default: break
        }
        if words.last == "bare" { committed = (Self.genesis, nil) }
        replica = try Self.replica(
            on: committed.block, committed.certificate, log, idle: idle, above: floor)
        return give(.started)
    }

    private func input(
        _ verb: String, _ words: [String], _ command: String
    ) throws -> Input<PBFT> {
        switch (verb, words.count) {
        case ("start", 0): return .started
        case ("work", 1): return .work(pending: words[0] == "yes")
        case ("connected", 1): return .connected(try validator(words[0]))
        case ("drafted", 1):
            guard let draft else { throw Misspoken(command: command) }
            let payload = words[0] == "payload" ? [Self.reference] : []
            return .drafted(
                Draft(
                    time: Timestamp(milliseconds: 1), applied: Self.genesis.applied,
                    payload: payload), view: draft.view, parent: draft.parent)
        case ("judged", 2):
            return .judged(try block(words[0]).digest, words[1] == "valid" ? .valid : .invalid)
        case ("executed", 1):
            let block = try block(words[0])
            return .executed(
                BlockName(height: block.height, digest: block.digest), stateRoot: block.digest)
        case ("proposal", 3):
            let block = try block(words[0])
            let vote = Vote(
                statement: try statement(.prepare, words[0], in: block.view),
                voter: block.proposer, signature: [])
            return received(
                .prePrepare(PBFTPrePrepare(block: block, vote: vote)), try validator(words[2]))
        case ("body", 3):
            return received(.block(try block(words[0])), try validator(words[2]))
        case ("vote", 4...):
            let voter = try validator(words[words.count - 1])
            return received(
                .vote(Vote(statement: try said(words), voter: voter, signature: [])), voter)
        case ("certificate", 4...):
            return received(.certificate(try certificate(words)), ValidatorIndex(1))
        case ("wish", 4...): return try wish(words)
        case ("begin", 6...): return try begin(words)
        case ("inquiry", 10...): return try inquiry(words)
        case ("caught", 3...):
            let chain = try words[1].split(separator: ",").map { try block(String($0)) }
            let last = words[1].split(separator: ",").last.map(String.init) ?? ""
            let kind = words[2] == "checkpoint" ? "checkpoint" : "commit"
            guard let by = words.firstIndex(of: "by"),
                let run = CommittedRun(
                    blocks: chain,
                    certificate: try Self.checked(certificate([kind, last] + words[by...])))
            else { throw Misspoken(command: command) }
            return .caughtUp(run)
        default: throw Misspoken(command: command)
        }
    }

    private mutating func give(_ input: Input<PBFT>) -> [String] {
        if case .caughtUp(let run) = input, run.last.height > committed.block.height {
            committed = (run.last, run.certificate)
        }
        var effects: [Effect<PBFT>] = []
        replica.handle(input, at: now, into: &effects)
        let earlier = timer
        var lines = effects.flatMap { carryOut($0) }
        if timer != earlier, let timer { lines.append("timer at \(timer.nanoseconds / 1_000_000)") }
        return lines
    }

    // MARK: Words

    private func number(_ word: String?) throws -> UInt64 {
        guard let word, let number = UInt64(word) else { throw Misspoken(command: word ?? "") }
        return number
    }

    private func validator(_ word: String) throws -> ValidatorIndex {
        ValidatorIndex(Int(try number(word)))
    }

    private func block(_ name: String) throws -> Block {
        guard let block = blocks[name] else { throw Misspoken(command: name) }
        return block
    }

    private static let reference = BatchReference(
        author: ValidatorIndex(0), sequence: BatchSequence(1), digest: Digest(1, 1, 1, 1),
        byteCount: 14)

    /// `A view 3 on genesis`, and `height 9` for a block with a height that does not fit.
    private mutating func define(_ words: [String]) throws -> [String] {
        let parent = try block(words[4])
        let view = View(try number(words[2]))
        let height = words.count > 6 ? Height(try number(words[6])) : parent.height.next
        let block = Block(
            epoch: .zero, view: view, height: height, parents: [parent.digest],
            proposer: replica.leader(of: view),
            // The name makes blocks of one view and parent different.
            time: Timestamp(milliseconds: 1 + UInt64(words[0].utf8.first ?? 0)),
            applied: Self.genesis.applied, payload: [Self.reference])
        blocks[words[0]] = block
        names[block.digest] = words[0]
        return []
    }

    private func statement(_ kind: VoteKind, _ name: String, in view: View) throws -> Statement {
        let block = try block(name)
        return Statement(
            chain: Self.chain, epoch: .zero, kind: kind, view: view, height: block.height,
            block: block.digest)
    }

    /// `prepare A` or `prepare A in 2`, `commit A`, `checkpoint A`.
    private func said(_ words: [String]) throws -> Statement {
        let block = try block(words[1])
        let view = words.count > 3 && words[2] == "in" ? View(try number(words[3])) : block.view
        switch words[0] {
        case "prepare": return try statement(.prepare, words[1], in: view)
        case "commit": return try statement(.commit, words[1], in: view)
        default:
            return Statement(
                chain: Self.chain, epoch: .zero, kind: .checkpoint, view: .zero,
                height: block.height, block: block.digest,
                ancestor: BlockName(height: block.height, digest: block.digest))
        }
    }

    /// `commit A by 1 2 3` or `prepare A in 2 by 1 2 3`.
    private func certificate(_ words: [String]) throws -> Certificate {
        let statement = try said(words)
        guard let by = words.firstIndex(of: "by") else {
            throw Misspoken(command: words.joined(separator: " "))
        }
        let votes = try words[(by + 1)...].map {
            Vote(statement: statement, voter: try validator($0), signature: [])
        }
        guard let certificate = Certificate(statement: statement, votes: votes, validatorCount: 4)
        else { throw Misspoken(command: words.joined(separator: " ")) }
        return certificate
    }

    private func content(_ view: View, _ highest: Certificate?) -> PBFTViewChangeContent {
        let name = highest.map {
            PBFTCertificateName(
                view: $0.statement.view, height: $0.statement.height, block: $0.statement.block)
        }
        return PBFTViewChangeContent(chain: Self.chain, epoch: .zero, view: view, highest: name)
    }

    /// `wish 2 from 1 with nothing` or `wish 2 from 1 with prepare A by 0 1 2`.
    private func wish(_ words: [String]) throws -> Input<PBFT> {
        let highest = words[4] == "nothing" ? nil : try certificate(Array(words[4...]))
        let voter = try validator(words[2])
        let viewChange = PBFTViewChange(
            content: content(View(try number(words[0])), highest), signer: voter, signature: [])
        return received(.viewChange(viewChange, highest), voter)
    }

    /// `begin 2 from 1 2 3 with nothing`: as if all those had reported that.
    private func begin(_ words: [String]) throws -> Input<PBFT> {
        guard let with = words.firstIndex(of: "with") else {
            throw Misspoken(command: words.joined(separator: " "))
        }
        let highest =
            words[with + 1] == "nothing" ? nil : try certificate(Array(words[(with + 1)...]))
        let view = View(try number(words[0]))
        let content = content(view, highest)
        let wishes = try words[2..<with].map {
            PBFTViewChange(content: content, signer: try validator($0), signature: [])
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
            view: View(try number(words[3])), isJoined: words[4] == "joined",
            committed: Height(try number(words[6])), stable: Height(try number(words[8])),
            wanted: try words[10...].map { try block($0).digest })
        return received(.inquiry(inquiry), try validator(words[1]))
    }

    private func received(_ message: PBFTMessage, _ sender: ValidatorIndex) -> Input<PBFT> {
        .received(Verified(message), from: sender)
    }
}
