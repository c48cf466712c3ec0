import BFTBase
import BFTCore
import BFTLedger
public import BFTSimulator
public import ProtocolHotStuff

extension HotStuffReplica {
    /// The invariants of HotStuff under the names that the article `HotStuff` gives them, as far as
    /// they show from outside. H7 shows as H6: timeouts counted together end a view that no quorum
    /// gave up. H10 is the oracle `memory`.
    public static var invariants: [OracleEntry<Self>] {
        [
            OracleEntry("H1") { _ in OneVotePerView() },
            OracleEntry("H2") { _ in NoVoteAfterTimeout() },
            OracleEntry("H3") { CertifiedParents($0) },
            OracleEntry("SkipsAreShown") { SkipsAreShown($0) },
            OracleEntry("Locked") { _ in Locked() },
            OracleEntry("H4") { _ in ConsecutiveCommits() },
            OracleEntry("H5") { _ in OneAncestorPerBlock() },
            OracleEntry("H6") { QuorumEndedViews($0) },
            OracleEntry("H8") { _ in DurableVotes() },
            OracleEntry("H9") { _ in GrowingHotStuffChain() },
            OracleEntry("OneCertifiedPerView") { OneCertifiedPerView($0) },
            OracleEntry("floor") { SilentBelowFloor($0) },
            OracleEntry("evidence") { EvidenceIsProduced($0) },
        ]
    }
}

extension HotStuffUnsigned {
    /// What it votes for, alone or in a proposal.
    fileprivate var voteStatement: Statement? {
        switch self {
        case .proposal(_, let statement, _, _), .vote(let statement, _): statement
        case .timeout: nil
        }
    }
}

/// What honest validators have signed, over all their lives.
///
/// With the signatures of the malicious, who may have signed anything, it says which certificates
/// can exist at all.
private struct HotStuffVoters: Sendable {
    private var voters: [Statement: Set<ValidatorIndex>] = [:]
    private var quitters: [View: Set<ValidatorIndex>] = [:]

    /// Whether a quorum can have said `statement`, now that `voter` did.
    mutating func note(_ statement: Statement, by voter: ValidatorIndex, in scene: Scene) -> Bool {
        voters[statement, default: []].insert(voter)
        return scene.canBeQuorum(voters[statement] ?? [])
    }

    /// Whether a quorum can have given `view` up, now that `sender` did.
    mutating func note(timeoutOf view: View, by sender: ValidatorIndex, in scene: Scene) -> Bool {
        quitters[view, default: []].insert(sender)
        return scene.canBeQuorum(quitters[view] ?? [])
    }
}

/// The blocks that honest validators voted for or executed.
private struct KnownBlocks: Sendable {
    private(set) var blocks: [Digest: Block] = [:]

    mutating func note<Rules>(_ observation: Observation<HotStuffReplica<Rules>>) {
        switch observation {
        case .durable(.voted(let block, _), _): blocks[block.digest] = block
        case .executed(let block, _, _): blocks[block.block.digest] = block.block
        default: break
        }
    }
}

/// H1: an honest validator votes for at most one block in a view, and in rising views. What it
/// said last it may say again.
struct OneVotePerView<Rules: HotStuffRules>: Oracle {
    private var last: [ValidatorIndex: Statement] = [:]

    mutating func judge(_ observation: Observation<HotStuffReplica<Rules>>) -> String? {
        guard case .signed(let unsigned, let voter) = observation,
            let said = unsigned.voteStatement
        else { return nil }
        let earlier = last[voter] ?? said
        last[voter] = said
        guard said != earlier, said.view <= earlier.view else { return nil }
        return said.view == earlier.view
            ? "\(voter) votes twice in view \(said.view)"
            : "\(voter) votes in view \(said.view) after \(earlier.view)"
    }
}

/// H2: an honest validator casts no new vote in a view that it gave up, nor in an earlier one.
struct NoVoteAfterTimeout<Rules: HotStuffRules>: Oracle {
    private var voted: [ValidatorIndex: Statement] = [:]
    private var timedOut: [ValidatorIndex: View] = [:]

    mutating func judge(_ observation: Observation<HotStuffReplica<Rules>>) -> String? {
        guard case .signed(let unsigned, let voter) = observation else { return nil }
        if case .timeout(let said) = unsigned {
            timedOut[voter] = max(timedOut[voter] ?? .zero, said.view)
        }
        guard let said = unsigned.voteStatement, voted[voter] != said else { return nil }
        voted[voter] = said
        guard let given = timedOut[voter], said.view <= given else { return nil }
        return "\(voter) votes in view \(said.view) after giving \(given) up"
    }
}

/// H3, what both variants have of it: an honest validator votes only for a child, of a later view,
/// of a block that a quorum can have certified.
struct CertifiedParents<Rules: HotStuffRules>: Oracle {
    private let scene: Scene
    private var signed = HotStuffVoters()
    private var certified: [Digest: Statement] = [:]

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<HotStuffReplica<Rules>>) -> String? {
        switch observation {
        case .signed(let unsigned, let voter):
            if let said = unsigned.voteStatement, signed.note(said, by: voter, in: scene) {
                certified[said.block] = said
            }
        case .durable(.voted(let block, _), let node):
            guard block.height > Height(1) else { return nil }
            guard let parent = certified[block.parent] else {
                return "\(node) votes in view \(block.view) on a block that no quorum certified"
            }
            if parent.view >= block.view || parent.height.next != block.height {
                return "\(node) votes in view \(block.view) on one of view \(parent.view)"
            }
        default: break
        }
        return nil
    }
}

/// H4: what a vote commits is an ancestor of its block, and all from the one to the other are of
/// consecutive views.
struct ConsecutiveCommits<Rules: HotStuffRules>: Oracle {
    private var known = KnownBlocks()

    mutating func judge(_ observation: Observation<HotStuffReplica<Rules>>) -> String? {
        known.note(observation)
        guard case .durable(.voted(let block, let statement), let node) = observation,
            let ancestor = statement.ancestor
        else { return nil }
        var child = block
        repeat {
            guard let parent = known.blocks[child.parent] else {
                return "\(node) commits by a vote on blocks that nobody voted for"
            }
            if parent.view.next != child.view {
                return "\(node) commits \(ancestor.height) across a gap at view \(child.view)"
            }
            child = parent
        } while child.height > ancestor.height
        return child.digest == ancestor.digest ? nil : "\(node) commits what is no ancestor"
    }
}

/// H5: honest votes for one block name one ancestor, as it is computed from the chain.
struct OneAncestorPerBlock<Rules: HotStuffRules>: Oracle {
    private var statements: [Digest: Statement] = [:]

    mutating func judge(_ observation: Observation<HotStuffReplica<Rules>>) -> String? {
        guard case .signed(let unsigned, let voter) = observation,
            let said = unsigned.voteStatement
        else { return nil }
        let earlier = statements[said.block] ?? said
        statements[said.block] = earlier
        return earlier == said
            ? nil : "\(voter) votes for the block of view \(said.view) unlike others"
    }
}

/// H6: an honest validator enters a view only after a quorum can have ended the one before, or a
/// later one, by votes or by timeouts.
struct QuorumEndedViews<Rules: HotStuffRules>: Oracle {
    private let scene: Scene
    private var signed = HotStuffVoters()
    /// Up to where views can be over.
    private var lastOver = View.zero

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<HotStuffReplica<Rules>>) -> String? {
        switch observation {
        case .signed(.timeout(let said), let sender):
            if signed.note(timeoutOf: said.view, by: sender, in: scene) {
                lastOver = max(lastOver, said.view)
            }
        case .signed(let unsigned, let voter):
            if let said = unsigned.voteStatement, signed.note(said, by: voter, in: scene) {
                lastOver = max(lastOver, said.view)
            }
        case .entered(let view, let node):
            if view > lastOver.next {
                return "\(node) enters view \(view), and no view after \(lastOver) is over"
            }
        default: break
        }
        return nil
    }
}

/// H8: every vote and every timeout is durable before it is signed.
struct DurableVotes<Rules: HotStuffRules>: Oracle {
    private struct Record: Hashable, Sendable {
        let node: ValidatorIndex
        let signingBytes: [UInt8]
    }

    private var durable: Set<Record> = []

    mutating func judge(_ observation: Observation<HotStuffReplica<Rules>>) -> String? {
        switch observation {
        case .durable(.voted(_, let statement), let node):
            durable.insert(Record(node: node, signingBytes: statement.signingBytes))
        case .durable(.timedOut(let statement), let node):
            durable.insert(Record(node: node, signingBytes: statement.signingBytes))
        case .signed(let unsigned, let node):
            if !durable.contains(Record(node: node, signingBytes: unsigned.signingBytes)) {
                let view = HotStuffReplica<Rules>.view(of: unsigned)
                return "\(node) signs what it says of view \(view) before that is durable"
            }
        default: break
        }
        return nil
    }
}

/// H9: the committed chain only grows, one block on top of the other.
struct GrowingHotStuffChain<Rules: HotStuffRules>: Oracle {
    /// What each validator committed last in this life.
    private var last: [ValidatorIndex: Block] = [:]

    mutating func judge(_ observation: Observation<HotStuffReplica<Rules>>) -> String? {
        switch observation {
        case .powerCut(let node, _): last[node] = nil
        case .committed(let run, let node):
            let parent = last[node]
            last[node] = run.last
            if let parent, run.first.parents != [parent.digest] {
                return "\(node) commits height \(run.first.height) beside \(parent.height)"
            }
        default: break
        }
        return nil
    }
}

/// A view has at most one block that a quorum can have certified.
struct OneCertifiedPerView<Rules: HotStuffRules>: Oracle {
    private let scene: Scene
    private var signed = HotStuffVoters()
    private var certified: [View: Digest] = [:]

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<HotStuffReplica<Rules>>) -> String? {
        guard case .signed(let unsigned, let voter) = observation,
            let said = unsigned.voteStatement, signed.note(said, by: voter, in: scene)
        else { return nil }
        let earlier = certified[said.view] ?? said.block
        certified[said.view] = earlier
        return earlier == said.block ? nil : "two blocks of view \(said.view) can be certified"
    }
}
