import BFTBase
import BFTCore
import BFTLedger
public import BFTSimulator
public import ProtocolPBFT

extension PBFTReplica {
    /// The invariants of PBFT under the names that the article `PBFT` gives them. P11 is the
    /// oracle `memory`.
    public static var invariants: [OracleEntry<Self>] {
        [
            OracleEntry("P1") { _ in OnePrepareVote() },
            OracleEntry("P2") { PreparedChain($0) },
            OracleEntry("P3") { PreparedBeforeCommit($0) },
            OracleEntry("P4") { _ in SilentInViewsGivenUp() },
            OracleEntry("P5") { ReportsTheHighest($0) },
            OracleEntry("P6") { ComputedNewViews($0) },
            OracleEntry("P7") { WithinWindow($0) },
            OracleEntry("P8") { StableByQuorum($0) },
            OracleEntry("P9") { _ in DurableBeforeSaid() },
            OracleEntry("CommittedByCommits") { _ in CommittedByCommits() },
            OracleEntry("P10") { _ in GrowingChainAndViews() },
            OracleEntry("OnePreparedPerInstance") { OnePreparedPerInstance($0) },
            OracleEntry("floor") { SilentBelowFloor($0) },
            OracleEntry("evidence") { EvidenceInView($0) },
        ]
    }
}

extension PBFTUnsigned {
    /// The vote in it.
    var statement: Statement? {
        switch self {
        case .prePrepare(_, let statement), .vote(let statement): statement
        case .viewChange, .newView: nil
        }
    }
}

/// What honest validators have signed, over all their lives.
///
/// With the signatures of the malicious, who may have signed anything, it says which certificates
/// can exist at all.
struct SignedStatements: Sendable {
    private var voters: [Statement: Set<ValidatorIndex>] = [:]

    /// Notes what `voter` says. Says whether it is the first time.
    @discardableResult
    mutating func note(_ statement: Statement, by voter: ValidatorIndex) -> Bool {
        voters[statement, default: []].insert(voter).inserted
    }

    func canBeCertified(_ statement: Statement, in scene: Scene) -> Bool {
        scene.canBeQuorum(voters[statement] ?? [])
    }
}

/// One validator's place in the protocol.
private struct Place: Hashable, Sendable {
    let voter: ValidatorIndex
    let view: View
    let height: Height
}

/// P1: an honest validator prepares at most one block at a height of a view.
struct OnePrepareVote<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>
    private var prepared: [Place: Digest] = [:]

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .signed(let unsigned, let voter) = observation,
            let said = unsigned.statement, said.kind == .prepare
        else { return nil }
        let place = Place(voter: voter, view: said.view, height: said.height)
        let earlier = prepared[place] ?? said.block
        prepared[place] = earlier
        return earlier == said.block
            ? nil : "\(voter) prepares two blocks at height \(said.height) of view \(said.view)"
    }
}

/// P2: what an honest validator prepares in a view is one chain, but for blocks that a quorum can
/// have prepared there.
struct PreparedChain<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>
    private let scene: Scene
    private var signed = SignedStatements()
    private var prepared: [Place: Digest] = [:]

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .signed(let unsigned, let voter):
            if let said = unsigned.statement { signed.note(said, by: voter) }
        case .durable(.prepared(let block, let view), let node):
            prepared[Place(voter: node, view: view, height: block.height)] = block.digest
            guard let below = block.height.previous,
                let own = prepared[Place(voter: node, view: view, height: below)],
                own != block.parent
            else { return nil }
            let parent = Statement(
                chain: scene.chain, epoch: block.epoch, kind: .prepare, view: view,
                height: below, block: block.parent)
            if !signed.canBeCertified(parent, in: scene) {
                return "\(node) prepares height \(block.height) of view \(view) beside the block "
                    + "it prepared below"
            }
        default: break
        }
        return nil
    }
}

/// P3: an honest validator votes to commit only what a quorum can have prepared in the same view.
struct PreparedBeforeCommit<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>
    private let scene: Scene
    private var signed = SignedStatements()

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .signed(let unsigned, let voter) = observation, let said = unsigned.statement
        else { return nil }
        signed.note(said, by: voter)
        guard said.kind == .commit else { return nil }
        return signed.canBeCertified(said.changed(to: .prepare), in: scene)
            ? nil
            : "\(voter) votes to commit \(said.height), not prepared in view \(said.view)"
    }
}

/// What is behind a commit is votes to commit, and of no other kind: a view change has to report
/// the highest of them, which those who learned of the block in another way could not.
struct CommittedByCommits<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .committed(let run, let node) = observation else { return nil }
        return run.certificate.statement.kind == .commit
            ? nil : "\(node) commits \(run.last.height) by other votes than to commit"
    }
}

/// Two blocks of one height are never both prepared in a view.
struct OnePreparedPerInstance<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>
    private struct Instance: Hashable, Sendable {
        let view: View
        let height: Height
    }

    private let scene: Scene
    private var signed = SignedStatements()
    private var prepared: [Instance: Digest] = [:]

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .signed(let unsigned, let voter) = observation,
            let said = unsigned.statement, said.kind == .prepare,
            signed.note(said, by: voter), signed.canBeCertified(said, in: scene)
        else { return nil }
        let instance = Instance(view: said.view, height: said.height)
        let earlier = prepared[instance] ?? said.block
        prepared[instance] = earlier
        return earlier == said.block
            ? nil : "two blocks at height \(said.height) of view \(said.view) can be prepared"
    }
}

/// P9: every vote, wish and new view is durable before it is signed.
struct DurableBeforeSaid<Rules: PBFTRules>: Oracle {
    typealias P = PBFTReplica<Rules>
    private struct Record: Hashable, Sendable {
        let node: ValidatorIndex
        let saying: Saying
    }

    private enum Saying: Hashable, Sendable {
        case prepare(View, Height, Digest)
        case vote(Statement)
        case wish(PBFTViewChangeContent)
        case beginning(PBFTViewChangeContent)
    }

    private var durable: Set<Record> = []

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .durable(let record, let node):
            if let saying = saying(of: record) {
                durable.insert(Record(node: node, saying: saying))
            }
        case .signed(let unsigned, let node):
            let saying = saying(of: unsigned)
            if !durable.contains(Record(node: node, saying: saying)) {
                return "\(node) signs what is not durable: \(saying)"
            }
        default: break
        }
        return nil
    }

    private func saying(of record: PBFTRecord) -> Saying? {
        switch record {
        case .prepared(let block, let view): .prepare(view, block.height, block.digest)
        case .voted(let statement): .vote(statement)
        case .viewChange(let content): .wish(content)
        case .newView(let content): .beginning(content.outcome)
        case .entered, .block, .certificate: nil
        }
    }

    private func saying(of unsigned: PBFTUnsigned) -> Saying {
        switch unsigned {
        case .prePrepare(_, let said): .prepare(said.view, said.height, said.block)
        case .vote(let said):
            said.kind == .prepare
                ? .prepare(said.view, said.height, said.block) : .vote(said)
        case .viewChange(let content, _): .wish(content)
        case .newView(let content): .beginning(content.outcome)
        }
    }
}
