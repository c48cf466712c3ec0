import BFTBase
import BFTCore

/// Nobody honest is accused, and every accusation can be proved to anybody: two different
/// statements, both signed by the accused.
struct HonestIsNotAccused<P: ConsensusProtocol>: Oracle {
    private let scene: Scene

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .accused(let evidence, let accuser) = observation else { return nil }
        let (first, second) = (evidence.first, evidence.second)
        if scene.isHonest(evidence.culprit) {
            return "honest \(evidence.culprit) is accused by \(accuser)"
        }
        let isProof =
            first.voter == second.voter && first.statement != second.statement
            && first.statement.chain == scene.chain && second.statement.chain == scene.chain
            && scene.holds(evidence.claims)
        return isProof ? nil : "\(accuser) accuses \(evidence.culprit) without proof"
    }
}

/// A batch of an honest validator is never pushed out by another one in its name.
struct HonestIsNotDisplaced<P: ConsensusProtocol>: Oracle {
    private let scene: Scene

    init(_ scene: Scene) { self.scene = scene }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .displaced(let batch, let node) = observation, scene.isHonest(batch.author)
        else { return nil }
        return "\(node) displaced its batch \(batch.sequence)"
    }
}

/// Among honest validators alone, whose clocks are about right, nobody refuses a proposal.
struct HonestIsNotRefused<P: ConsensusProtocol>: Oracle {
    private let isPromised: Bool

    init(_ scene: Scene) {
        isPromised = scene.areClocksRight && scene.isHonest.allSatisfy(\.self)
    }

    mutating func judge(_ observation: Observation<P>) -> String? {
        guard case .refusedProposal(let node) = observation, isPromised else { return nil }
        return "\(node) refuses the proposal of an honest leader"
    }
}
