import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolSimplex

/// S4: every vote is durable before it is signed.
struct DurableBeforeSigned<Rules: VotingRules>: Oracle {
    typealias P = SimplexReplica<Rules>
    private struct Record: Hashable, Sendable {
        let node: ValidatorIndex
        let claim: SignedVotes.Claim
    }

    private var durable: Set<Record> = []

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .durable(.notarized(let block), let node):
            let claim = SignedVotes.Claim(kind: .notarize, view: block.view, block: block.digest)
            durable.insert(Record(node: node, claim: claim))
        case .durable(.voted(let statement), let node):
            let claim = SignedVotes.Claim(
                kind: statement.kind, view: statement.view, block: statement.block)
            durable.insert(Record(node: node, claim: claim))
        case .signed(let unsigned, let node):
            let said = unsigned.statement
            let claim = SignedVotes.Claim(kind: said.kind, view: said.view, block: said.block)
            if !durable.contains(Record(node: node, claim: claim)) {
                return "\(node) signs a vote of view \(said.view) that is not durable"
            }
        default: break
        }
        return nil
    }
}

/// S5: the committed chain only grows, one block on top of the other, by finalize certificates.
struct GrowingChain<Rules: VotingRules>: Oracle {
    typealias P = SimplexReplica<Rules>
    /// What each validator committed last in this life.
    private var last: [ValidatorIndex: Block] = [:]

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .powerCut(let node, _): last[node] = nil
        case .committed(let run, let node):
            let parent = last[node]
            last[node] = run.last
            if run.certificate.statement.kind != .finalize {
                return "\(node) commits by another certificate than finalize"
            }
            if let parent, run.first.parents != [parent.digest] {
                return "\(node) commits height \(run.first.height) beside \(parent.height)"
            }
        default: break
        }
        return nil
    }
}

/// S6: an honest validator enters a view only after a certificate of the one before, or of a later
/// one, can exist.
struct CertifiedViews<Rules: VotingRules>: Oracle {
    typealias P = SimplexReplica<Rules>
    private let scene: Scene
    private var signed = SignedVotes()
    /// Up to where views can be over.
    private var lastOver = View.zero

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .signed(let unsigned, let voter):
            let said = unsigned.statement
            if signed.note(said, by: voter), said.view > lastOver,
                signed.canBeCertified(said.kind, said.view, said.block, in: scene)
            {
                lastOver = said.view
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

/// A view has at most one block that can be notarized.
struct OneNotarizedPerView<Rules: VotingRules>: Oracle {
    typealias P = SimplexReplica<Rules>
    private let scene: Scene
    private var signed = SignedVotes()
    private var notarized: [View: Digest] = [:]

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .signed(let unsigned, let voter) = observation else { return nil }
        let said = unsigned.statement
        guard said.kind == .notarize, signed.note(said, by: voter),
            signed.canBeCertified(.notarize, said.view, said.block, in: scene)
        else { return nil }
        let earlier = notarized[said.view] ?? said.block
        notarized[said.view] = earlier
        return earlier == said.block ? nil : "two blocks of view \(said.view) can be notarized"
    }
}

/// A view that can be finalized can't be nullified.
struct FinalizedViewIsNotNullified<Rules: VotingRules>: Oracle {
    typealias P = SimplexReplica<Rules>
    private let scene: Scene
    private var signed = SignedVotes()
    private var over: [View: VoteKind] = [:]

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .signed(let unsigned, let voter) = observation else { return nil }
        let said = unsigned.statement
        guard said.kind != .notarize, signed.note(said, by: voter),
            signed.canBeCertified(said.kind, said.view, said.block, in: scene)
        else { return nil }
        let earlier = over[said.view] ?? said.kind
        over[said.view] = earlier
        return earlier == said.kind
            ? nil : "view \(said.view) can be both finalized and nullified"
    }
}
