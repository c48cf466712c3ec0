import BFTBase
import BFTCore
import BFTLedger
import BFTSimulator
import ProtocolSimplex

/// S4: every vote is durable before it is signed.
struct DurableBeforeSigned<Rules: SimplexRules>: Oracle {
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

/// S5: the committed chain only grows, one block on top of the other, by certificates to finalize
/// or everybody's to notarize.
struct GrowingChain<Rules: SimplexRules>: Oracle {
    typealias P = SimplexReplica<Rules>
    private let scene: Scene
    /// What each validator committed last in this life.
    private var last: [ValidatorIndex: Block] = [:]

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .powerCut(let node, _): last[node] = nil
        case .committed(let run, let node):
            let parent = last[node]
            last[node] = run.last
            let isUnanimous =
                run.certificate.statement.kind == .notarize
                && run.certificate.signers.population == scene.isHonest.count
            if run.certificate.statement.kind != .finalize, !isUnanimous {
                return "\(node) commits by a certificate that is not final"
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
struct CertifiedViews<Rules: SimplexRules>: Oracle {
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
            if signed.note(said, by: voter), said.view > lastOver, said.kind != .abstain,
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
struct OneNotarizedPerView<Rules: SimplexRules>: Oracle {
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

/// A view of which a block can be final can't be nullified, nor can another of its blocks be
/// notarized by support.
struct FinalViewIsKept<Rules: SimplexRules>: Oracle {
    typealias P = SimplexReplica<Rules>
    private let scene: Scene
    private var signed = SignedVotes()
    private var final: [View: Digest] = [:]
    private var nullified: Set<View> = []
    private var supported: [View: Set<Digest>] = [:]

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .signed(let unsigned, let voter) = observation else { return nil }
        let said = unsigned.statement
        guard signed.note(said, by: voter) else { return nil }
        note(said)
        guard let final = final[said.view] else { return nil }
        if nullified.contains(said.view) {
            return "view \(said.view) can be both finalized and nullified"
        }
        return supported[said.view, default: []].allSatisfy { $0 == final }
            ? nil : "a block of view \(said.view) can be final, and another one supported"
    }

    private mutating func note(_ said: Statement) {
        let isCertified = signed.canBeCertified(said.kind, said.view, said.block, in: scene)
        switch said.kind {
        case .notarize
        where scene.canBeEverybody(signed.voters(.notarize, said.view, said.block)):
            final[said.view] = said.block
        case .finalize where isCertified: final[said.view] = said.block
        case .nullify where isCertified: nullified.insert(said.view)
        case .support where isCertified: supported[said.view, default: []].insert(said.block)
        default: break
        }
    }
}

/// S8: an honest validator nullifies a view in which it notarized only if a weak quorum can have
/// shown it that not everybody notarized the same. It supports only what a weak quorum can have
/// notarized.
struct FallbackIsShown<Rules: SimplexRules>: Oracle {
    typealias P = SimplexReplica<Rules>
    private let scene: Scene
    private var signed = SignedVotes()
    /// What each honest validator notarized, or nothing if it abstained.
    private var first: [View: [ValidatorIndex: Digest?]] = [:]

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .signed(let unsigned, let voter) = observation else { return nil }
        let said = unsigned.statement
        guard signed.note(said, by: voter) else { return nil }
        switch said.kind {
        case .notarize: first[said.view, default: [:]].updateValue(said.block, forKey: voter)
        case .abstain: first[said.view, default: [:]].updateValue(nil, forKey: voter)
        case .nullify:
            guard case .some(.some(let own)) = first[said.view]?[voter] else { return nil }
            let opposed = Set((first[said.view] ?? [:]).filter { $0.value != own }.keys)
            return scene.canBeWeakQuorum(opposed)
                ? nil : "\(voter) nullifies view \(said.view), which everybody may have notarized"
        case .support:
            let backing = signed.voters(.notarize, said.view, said.block)
            return scene.canBeWeakQuorum(backing)
                ? nil : "\(voter) supports a block of view \(said.view) that few notarized"
        default: break
        }
        return nil
    }
}
