@_spi(Verification) import BFTBase
import BFTCore
import ProtocolSimplex

/// One replica of Simplex, talked to in words. `Docs/testing.md` lists them.
///
/// Four validators of power 1; the replica is v0. The leaders of views 1, 2, 3, 4, 5 are v0, v1,
/// v2, v3, v0. What the replica signs it hears at once. Time passes by `wait` and `timer` only.
struct Conversation {
    struct Misspoken: Error { let command: String }

    static let chain = Digest(7, 7, 7, 7)
    static let timing = ReplicaConfiguration.Timing(
        viewTimeout: .milliseconds(200), idleInterval: .milliseconds(500))
    private static let genesis = Block.genesis(
        chain: chain, time: Timestamp(milliseconds: 0), stateRoot: .zero)

    /// Whether a log that was cut says what it has forgotten.
    var hasFloor = true
    private var replica: Simplex
    private var now = Instant(nanoseconds: 0)
    private var timer: Instant?
    private var log: [SimplexRecord] = []
    private var committed = (block: genesis, certificate: CommitCertificate?.none)
    private var blocks: [String: Block] = ["genesis": genesis]
    private var names: [Digest: String] = [genesis.digest: "genesis", .zero: "-"]
    private var draft: (view: View, parent: Digest)?
    private var mistake: (any Mistake)?
    /// The greatest height of a vote of its own that helps to commit.
    private var voted = Height.zero

    /// - Parameter mistake: what stands between the replica and whoever talks to it, if anything.
    init(mistake: (any Mistake)? = nil) throws {
        self.mistake = mistake
        replica = try Self.replica(on: Self.genesis, nil, [])
    }

    private static func configuration(above floor: Floor = .ground) throws -> ReplicaConfiguration {
        ReplicaConfiguration(
            chain: chain, epoch: .zero, validators: try ValidatorSet([1, 1, 1, 1]),
            own: ValidatorIndex(0), timing: timing, floor: floor)
    }

    private static func replica(
        on root: Block, _ certificate: CommitCertificate?, _ log: [SimplexRecord],
        above floor: Floor = .ground
    ) throws -> Simplex {
        Simplex(
            configuration: try configuration(above: floor), root: root, certificate: certificate,
            recovered: log
        )
    }

    /// The height that the replica claims to have helped to commit; and what it would claim after
    /// a restart, from its log as it is and as it would be cut.
    func claims() throws -> (voted: Height, present: Height, restarted: [Height]) {
        let restarted = try [log, replica.liveRecords].map { log in
            try Self.replica(on: committed.block, committed.certificate, log).commitVoteHeight
        }
        return (voted, replica.commitVoteHeight, restarted)
    }

    /// Carries out one command and says what came of it.
    mutating func say(_ command: String) throws -> [String] {
        var words = command.split(separator: " ").map(String.init)[...]
        guard let verb = words.popFirst() else { throw Misspoken(command: command) }
        switch verb {
        case "block", "heavy": return try define(Array(words), isHeavy: verb == "heavy")
        case "wait":
            now = now.advanced(by: .milliseconds(try number(words.first)))
            return give(.timerFired)
        case "timer":
            now = max(now, timer ?? now)
            return give(.timerFired)
        case "restart":
            if words.first == "losing" {
                log.removeLast(Int(try number(words.last)))
                // Nor was what stands on these records said.
                voted = .zero
            }
            if words.first == "aside" || words.first == "bare" {
                // No chain beside the log, which was cut, or will be.
                let floor = hasFloor ? replica.forgotten : .ground
                if words.first == "aside" { log = replica.liveRecords }
                committed = (Self.genesis, nil)
                log = mistake?.recovered(log, above: floor) ?? log
                replica = try Self.replica(on: Self.genesis, nil, log, above: floor)
            } else {
                replica = try Self.replica(on: committed.block, committed.certificate, log)
            }
            return give(.started)
        default: return give(try input(verb, Array(words), command))
        }
    }

    private func input(
        _ verb: String, _ words: [String], _ command: String
    ) throws -> Input<Simplex> {
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
        case ("proposal", 3):
            let block = try block(words[0])
            let vote = Vote(
                statement: statement(.notarize, block), voter: block.proposer, signature: [])
            return received(
                .proposal(SimplexProposal(block: block, vote: vote)), try validator(words[2]))
        case ("body", 3):
            return received(.block(try block(words[0])), try validator(words[2]))
        case ("vote", 4):
            let voter = try validator(words[3])
            return received(
                .vote(Vote(statement: try said(words), voter: voter, signature: [])), voter)
        case ("certificate", 4...):
            return received(.certificate(try certificate(words)), try validator(words[3]))
        case ("inquiry", 7...):
            let inquiry = SimplexInquiry(
                view: replica.view, lackingSince: View(try number(words[3])),
                committed: Height(try number(words[5])),
                wanted: try words[7...].map { try block($0).digest })
            return received(.inquiry(inquiry), try validator(words[1]))
        case ("caught", 3...):
            let chain = try words[1].split(separator: ",").map { try block(String($0)) }
            let certificate = try certificate(
                ["finalize", words[1].suffix(1).description] + words[2...])
            let checked = try Simplex.commitRules(Self.configuration()).check(certificate)
            guard let run = CommittedRun(blocks: chain, certificate: checked) else {
                throw Misspoken(command: command)
            }
            return .caughtUp(run)
        default: throw Misspoken(command: command)
        }
    }

    private mutating func give(_ input: Input<Simplex>) -> [String] {
        let earlier = timer
        var lines = reaction(to: input).flatMap { carryOut($0) }
        if timer != earlier, let timer { lines.append("timer at \(words(timer))") }
        return lines
    }

    private mutating func reaction(to input: Input<Simplex>) -> [Effect<Simplex>] {
        mistake?.hear(input)
        var effects: [Effect<Simplex>] = []
        replica.handle(input, at: now, into: &effects)
        return mistake?.changed(effects) ?? effects
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

    /// `A view 3 on genesis`, and `height 9` for a block with a height that does not fit, or
    /// `applied 2` for one that vouches for the state after height 2.
    private mutating func define(_ words: [String], isHeavy: Bool) throws -> [String] {
        let parent = try block(words[4])
        let view = View(try number(words[2]))
        let extra = words.count > 6 ? (what: words[5], height: Height(try number(words[6]))) : nil
        let height = extra?.what == "height" ? extra?.height : nil
        let applied = extra?.what == "applied" ? extra?.height : nil
        let block = Block(
            epoch: .zero, view: view, height: height ?? parent.height.next,
            parents: [parent.digest],
            proposer: replica.leader(of: view),
            // The name makes blocks of one view and parent different.
            time: Timestamp(milliseconds: 1 + UInt64(words[0].utf8.first ?? 0)),
            applied: applied.map { AppliedState(height: $0, root: .zero) }
                ?? Self.genesis.applied,
            payload: isHeavy ? [Self.reference] : [])
        name(block, words[0])
        return []
    }

    private mutating func name(_ block: Block, _ name: String) {
        blocks[name] = block
        names[block.digest] = name
    }

    private func statement(_ kind: VoteKind, _ block: Block) -> Statement {
        Statement(
            chain: Self.chain, epoch: .zero, kind: kind, view: block.view, height: block.height,
            block: block.digest)
    }

    /// `notarize A` or `nullify 3`.
    private func said(_ words: [String]) throws -> Statement {
        switch words[0] {
        case "notarize": return statement(.notarize, try block(words[1]))
        case "finalize": return statement(.finalize, try block(words[1]))
        case "support": return statement(.support, try block(words[1]))
        default:
            return Statement(
                chain: Self.chain, epoch: .zero, kind: words[0] == "abstain" ? .abstain : .nullify,
                view: View(try number(words[1])), height: .zero, block: .zero)
        }
    }

    /// `finalize A by 1 2 3`.
    private func certificate(_ words: [String]) throws -> Certificate {
        let statement = try said(words)
        let votes = try words[3...].map {
            Vote(statement: statement, voter: try validator($0), signature: [])
        }
        guard let certificate = Certificate(statement: statement, votes: votes, validatorCount: 4)
        else { throw Misspoken(command: words.joined(separator: " ")) }
        return certificate
    }

    private func received(
        _ message: SimplexMessage, _ sender: ValidatorIndex
    ) -> Input<Simplex> {
        .received(Verified(message), from: sender)
    }
}

// What the replica asks for, in words.
extension Conversation {
    private mutating func carryOut(_ effect: Effect<Simplex>) -> [String] {
        switch effect {
        case .persist(let record):
            log.append(record)
            return ["persist \(words(record))"]
        case .sign(let unsigned):
            if [VoteKind.notarize, .finalize].contains(unsigned.statement.kind) {
                voted = max(voted, unsigned.statement.height)
            }
            if case .proposal(let block, _) = unsigned, names[block.digest] == nil {
                blocks["own\(block.view)"] = block
                names[block.digest] = "own\(block.view)"
            }
            let signed = unsigned.signed(by: ValidatorIndex(0), [])
            let more = reaction(to: received(signed, ValidatorIndex(0)))
            return ["sign \(words(signed))"] + more.flatMap { carryOut($0) }
        case .send(let message, let peer): return ["send \(words(message)) to \(peer)"]
        case .broadcast(let message): return ["broadcast \(words(message))"]
        case .setTimer(let instant):
            timer = instant
            return []
        case .draft(let view, let branch):
            draft = (view, branch.tip.digest)
            return ["draft for view \(view) on \(name(branch.tip.digest))"]
        case .judge(let branch): return ["judge \(name(branch.tip.digest))"]
        case .commit(let run):
            committed = (run.last, run.certificate)
            return ["commit " + run.blocks.map { name($0.digest) }.joined(separator: " ")]
        case .fetch(let certificate): return ["fetch \(name(certificate.statement.block))"]
        case .accuse(let evidence):
            return [
                "accuse \(evidence.culprit): \(words(evidence.first.statement)), "
                    + words(evidence.second.statement)
            ]
        case .reject(let rejection): return ["reject \(rejection)"]
        }
    }

    private func name(_ digest: Digest) -> String { names[digest] ?? "unknown" }

    /// In milliseconds, with tenths where there are some.
    private func words(_ instant: Instant) -> String {
        let tenths = instant.nanoseconds / 100_000
        return "\(tenths / 10)" + (tenths % 10 == 0 ? "" : ".\(tenths % 10)")
    }

    private func words(_ statement: Statement) -> String {
        switch statement.kind {
        case .notarize: "notarize \(name(statement.block))"
        case .finalize: "finalize \(name(statement.block))"
        case .nullify: "nullify \(statement.view)"
        case .abstain: "abstain \(statement.view)"
        case .support: "support \(name(statement.block))"
        default: "kind \(statement.kind.rawValue) in \(statement.view)"
        }
    }

    private func words(_ record: SimplexRecord) -> String {
        switch record {
        case .notarized(let block): "notarized \(names[block.digest] ?? "own\(block.view)")"
        case .ancestor(let block): "ancestor \(name(block.digest))"
        case .voted(let statement): "voted \(words(statement))"
        case .certificate(let certificate): "certificate \(words(certificate.statement))"
        }
    }

    private func words(_ message: SimplexMessage) -> String {
        switch message {
        case .proposal(let proposal): return "proposal \(name(proposal.block.digest))"
        case .vote(let vote): return "vote \(words(vote.statement))"
        case .certificate(let certificate):
            return "certificate \(words(certificate.statement)) by "
                + certificate.signers.positions.map(String.init).joined(separator: " ")
        case .block(let block): return "body \(name(block.digest))"
        case .inquiry(let inquiry):
            let wanted = inquiry.wanted.map { name($0) }.joined(separator: " ")
            return "inquiry lacking \(inquiry.lackingSince) committed \(inquiry.committed) wanting "
                + (wanted.isEmpty ? "nothing" : wanted)
        }
    }
}
