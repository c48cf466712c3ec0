import BFTBase
import BFTCore
import BFTLedger
public import BFTSimulator
public import ProtocolSimplex

extension SimplexReplica {
    /// The invariants of Simplex under the names that the article `Simplex` and the models in
    /// `Specs` give them.
    public static var invariants: [OracleEntry<Self>] {
        [
            OracleEntry("S1") { _ in OneNotarizeVote() },
            OracleEntry("S2") { _ in GiveUpOrFinalize() },
            OracleEntry("S3") { JustifiedParents($0) },
            OracleEntry("S4") { _ in DurableBeforeSigned() },
            OracleEntry("S5") { GrowingChain($0) },
            OracleEntry("S6") { CertifiedViews($0) },
            OracleEntry("S8") { FallbackIsShown($0) },
            OracleEntry("OneNotarizedPerView") { OneNotarizedPerView($0) },
            OracleEntry("FinalizedViewIsNotNullified") { FinalViewIsKept($0) },
            OracleEntry("floor") { SilentBelowFloor($0) },
            OracleEntry("evidence") { EvidenceIsProduced($0) },
        ]
    }
}

/// What honest validators have signed, over all their lives.
///
/// With the signatures of the malicious, who may have signed anything, it says which certificates
/// can exist at all.
struct SignedVotes: Sendable {
    struct Claim: Hashable, Sendable {
        let kind: VoteKind
        let view: View
        let block: Digest
    }

    private(set) var voters: [Claim: Set<ValidatorIndex>] = [:]

    /// Notes what `voter` says. Says whether it is the first time.
    mutating func note(_ statement: Statement, by voter: ValidatorIndex) -> Bool {
        let claim = Claim(kind: statement.kind, view: statement.view, block: statement.block)
        return voters[claim, default: []].insert(voter).inserted
    }

    func voters(_ kind: VoteKind, _ view: View, _ block: Digest) -> Set<ValidatorIndex> {
        voters[Claim(kind: kind, view: view, block: block)] ?? []
    }

    func canBeCertified(
        _ kind: VoteKind, _ view: View, _ block: Digest, in scene: Scene
    ) -> Bool {
        scene.canBeQuorum(voters[Claim(kind: kind, view: view, block: block)] ?? [])
    }
}

/// S1: an honest validator notarizes at most one block in a view, and none that is new after
/// nullifying it. It abstains only where it notarizes none.
struct OneNotarizeVote<Rules: SimplexRules>: Oracle {
    typealias P = SimplexReplica<Rules>
    private struct Place: Hashable, Sendable {
        let view: View
        let voter: ValidatorIndex
    }

    private var notarized: [Place: Digest] = [:]
    private var nullified: Set<Place> = []
    private var abstained: Set<Place> = []

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .signed(let unsigned, let voter) = observation else { return nil }
        let said = unsigned.statement
        let place = Place(view: said.view, voter: voter)
        if said.kind == .nullify { nullified.insert(place) }
        if said.kind == .abstain { abstained.insert(place) }
        if abstained.contains(place), said.kind == .notarize || notarized[place] != nil {
            return "\(voter) notarizes and abstains in view \(said.view)"
        }
        guard said.kind == .notarize else { return nil }
        guard let earlier = notarized[place] else {
            notarized[place] = said.block
            return nullified.contains(place)
                ? "\(voter) notarizes in view \(said.view) after nullifying it" : nil
        }
        return earlier == said.block ? nil : "\(voter) notarizes two blocks in view \(said.view)"
    }
}

/// S2: an honest validator never finalizes in a view that it nullifies or supports a block of.
struct GiveUpOrFinalize<Rules: SimplexRules>: Oracle {
    typealias P = SimplexReplica<Rules>
    private struct Place: Hashable, Sendable {
        let view: View
        let voter: ValidatorIndex
    }

    private var isFinal: [Place: Bool] = [:]

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .signed(let unsigned, let voter) = observation else { return nil }
        let said = unsigned.statement
        guard [.nullify, .support, .finalize].contains(said.kind) else { return nil }
        let place = Place(view: said.view, voter: voter)
        let isFinal = said.kind == .finalize
        let earlier = self.isFinal[place] ?? isFinal
        self.isFinal[place] = earlier
        return earlier == isFinal
            ? nil : "\(voter) gives view \(said.view) up and finalizes in it"
    }
}

/// S3: an honest validator notarizes only blocks whose parent can have been notarized, while
/// every view between can have been nullified.
struct JustifiedParents<Rules: SimplexRules>: Oracle {
    typealias P = SimplexReplica<Rules>
    private let scene: Scene
    private var signed = SignedVotes()
    private var views: [Digest: View] = [:]

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .signed(let unsigned, let voter): _ = signed.note(unsigned.statement, by: voter)
        case .durable(.notarized(let block), let node):
            guard views.updateValue(block.view, forKey: block.digest) == nil else { return nil }
            return flaw(of: block).map { "\(node) notarizes in view \(block.view) \($0)" }
        case .executed(let block, _, _): views[block.block.digest] = block.block.view
        default: break
        }
        return nil
    }

    private func flaw(of block: Block) -> String? {
        guard block.height > Height(1) else {
            return nullified(after: .zero, before: block.view)
        }
        guard let parent = views[block.parent] else { return "on a block that nobody notarized" }
        guard
            signed.canBeCertified(.notarize, parent, block.parent, in: scene)
                || signed.canBeCertified(.support, parent, block.parent, in: scene)
        else {
            return "on a block that no quorum notarized"
        }
        return nullified(after: parent, before: block.view)
    }

    private func nullified(after parent: View, before view: View) -> String? {
        var skipped = parent.next
        while skipped < view {
            if !signed.canBeCertified(.nullify, skipped, .zero, in: scene) {
                return "past view \(skipped), which no quorum nullified"
            }
            skipped = skipped.next
        }
        return nil
    }
}
