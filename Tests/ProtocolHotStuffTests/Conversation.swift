@_spi(Verification) import BFTBase
import BFTCore
import ProtocolHotStuff
import Testing

/// One replica of HotStuff, talked to in words. `Docs/testing.md` lists them.
///
/// Four validators of power 1; the replica is v0. They lead in this order, each for its tenure,
/// unless `leaders` says who leads which view. What the replica signs it hears at once. Time passes
/// by `wait` and `timer` only.
struct Conversation<Rules: HotStuffRules> {
    typealias Replica = HotStuffReplica<Rules>

    private var configuration: ReplicaConfiguration
    private var replica: Replica
    private var now = Instant(nanoseconds: 0)
    private var timer: Instant?
    private var log: [HotStuffRecord] = []
    private var committed = (block: Sample.genesis, certificate: CommitCertificate?.none)
    private var words = Words()
    private var draft: (view: View, parent: Digest)?
    /// The greatest height that a vote of its own helps to commit.
    private var voted = Height.zero

    /// What a wrong host does not read back after a crash.
    private let isForgotten: (HotStuffRecord) -> Bool

    init(forgetting isForgotten: @escaping (HotStuffRecord) -> Bool) {
        self.isForgotten = isForgotten
        configuration = Sample.configuration(leaders: nil)
        replica = Replica(
            configuration: configuration, root: Sample.genesis, certificate: nil, recovered: [])
    }

    /// The height that the replica claims to have helped to commit; and what it would claim after
    /// a restart, from its log as it is and as it would be cut.
    func claims() -> (voted: Height, present: Height, restarted: [Height]) {
        let restarted = [log, replica.liveRecords].map { log in
            Replica(
                configuration: configuration, root: committed.block,
                certificate: committed.certificate, recovered: log
            ).commitVoteHeight
        }
        return (voted, replica.commitVoteHeight, restarted)
    }

    /// Carries out one command and says what came of it; or `nil` if it only names something.
    mutating func say(_ command: String) throws -> [String]? {
        let spoken = command.split(separator: " ").map(String.init)
        guard let verb = spoken.first else { throw Misspoken(command: command) }
        let rest = Array(spoken.dropFirst())
        switch verb {
        case "block", "heavy", "qc", "tc":
            try words.define(verb, rest) { replica.leader(of: $0) }
            return nil
        case "leaders":
            configuration = Sample.configuration(leaders: try rest.map { try words.validator($0) })
            replica = Replica(
                configuration: configuration, root: Sample.genesis, certificate: nil,
                recovered: [])
            return nil
        case "wait":
            now = now.advanced(by: .milliseconds(try words.number(rest.first)))
            return give(.timerFired)
        case "timer":
            now = max(now, timer ?? now)
            return give(.timerFired)
        case "restart":
            if rest.first == "losing" {
                log.removeLast(Int(try words.number(rest.last)))
                // Nor was what stands on these records said.
                voted = .zero
            }
            if rest.first == "compacted" { log = replica.liveRecords }
            var configuration = configuration
            if rest.first == "aside" {
                // A log that was cut, and no chain beside it.
                configuration = configuration.above(replica.forgotten)
                (log, committed) = (replica.liveRecords, (Sample.genesis, nil))
            }
            log.removeAll(where: isForgotten)
            replica = Replica(
                configuration: configuration, root: committed.block,
                certificate: committed.certificate, recovered: log)
            return give(.started)
        default: return give(try input(verb, rest, command))
        }
    }

    private func input(
        _ verb: String, _ rest: [String], _ command: String
    ) throws -> Input<Replica> {
        func received(_ message: HotStuffMessage) throws -> Input<Replica> {
            .received(Verified(message), from: try words.validator(rest.last))
        }
        switch (verb, rest.count) {
        case ("start", 0): return .started
        case ("work", 1): return .work(pending: rest[0] == "yes")
        case ("connected", 1): return .connected(try words.validator(rest[0]))
        case ("drafted", 1):
            guard let draft else { throw Misspoken(command: command) }
            return .drafted(
                Draft(
                    time: Timestamp(milliseconds: 1), applied: Sample.genesis.applied,
                    payload: rest[0] == "payload" ? [Sample.reference] : []),
                view: draft.view, parent: draft.parent)
        case ("judged", 2):
            return .judged(
                try words.block(rest[0]).digest, rest[1] == "valid" ? .valid : .invalid)
        case ("proposal", 3...): return try received(.proposal(try words.proposal(rest)))
        case ("vote", 3...): return try received(.vote(try words.vote(rest)))
        case ("certificate", 3): return try received(.certificate(try words.certificate(rest[0])))
        case ("timeouts", 3):
            return try received(.timeoutCertificate(try words.timeouts(rest[0])))
        case ("timeout", 5): return try received(.timeout(try words.timeout(rest)))
        case ("body", 3): return try received(.block(try words.block(rest[0])))
        case ("inquiry", 9...):
            let inquiry = HotStuffInquiry(
                view: View(try words.number(rest[3])), highView: View(try words.number(rest[5])),
                committed: Height(try words.number(rest[7])),
                wanted: try rest[9...].map { try words.block($0).digest })
            return .received(
                Verified(.inquiry(inquiry)), from: try words.validator(rest[1]))
        case ("caught", 3): return .caughtUp(try words.run(rest))
        default: throw Misspoken(command: command)
        }
    }

    private mutating func give(_ input: Input<Replica>) -> [String] {
        var effects: [Effect<Replica>] = []
        replica.handle(input, at: now, into: &effects)
        let earlier = timer
        var lines = effects.flatMap { carryOut($0) }
        if timer != earlier, let timer { lines.append("timer at \(timer.nanoseconds / 1_000_000)") }
        return lines
    }

    private mutating func carryOut(_ effect: Effect<Replica>) -> [String] {
        switch effect {
        case .persist(let record):
            log.append(record)
            if case .voted(let block, _) = record { words.nameOwn(block) }
            return ["persist \(words.describe(record))"]
        case .sign(let unsigned):
            if case .vote(let said, _) = unsigned {
                voted = max(voted, said.ancestor?.height ?? .zero)
            }
            let signed = unsigned.signed(by: Sample.own, [])
            let target = unsigned.recipient.map { " for \($0)" } ?? ""
            var more: [Effect<Replica>] = []
            // A host asks before it spends time on signatures.
            if replica.isUseful(signed) {
                replica.handle(.received(Verified(signed), from: Sample.own), at: now, into: &more)
            }
            return ["sign \(words.describe(signed))\(target)"] + more.flatMap { carryOut($0) }
        case .send(let message, let peer): return ["send \(words.describe(message)) to \(peer)"]
        case .broadcast(let message): return ["broadcast \(words.describe(message))"]
        case .setTimer(let instant):
            timer = instant
            return []
        case .draft(let view, let branch):
            draft = (view, branch.tip.digest)
            return ["draft for view \(view) on \(words.name(branch.tip.digest))"]
        case .judge(let branch):
            // The ledger asks those for batches who have them: at least whoever proposes the block.
            #expect(branch.voters?[branch.tip.proposer.rawValue] == true)
            return ["judge \(words.name(branch.tip.digest))"]
        case .commit(let run):
            committed = (run.last, run.certificate)
            return ["commit " + run.blocks.map { words.name($0.digest) }.joined(separator: " ")]
        case .fetch(let certificate):
            let target = certificate.statement.committed.map { words.name($0.digest) }
            return ["fetch \(target ?? "nothing")"]
        case .accuse(let evidence):
            return [
                "accuse \(evidence.culprit): \(words.describe(evidence.first.statement)), "
                    + words.describe(evidence.second.statement)
            ]
        case .reject(let rejection): return ["reject \(rejection)"]
        }
    }
}
