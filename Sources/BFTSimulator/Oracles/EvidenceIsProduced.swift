import BFTBase
import BFTCore

/// Who contradicts itself before one honest replica is accused by that replica.
///
/// Asked of votes near the replica's view: both came in one life of it, above what it had
/// committed, and the first was worth hearing. A first vote that comes after its view was
/// certified is not: it is dropped before its signature is checked. Nor is a vote of another chain
/// or epoch, or one in a form that no honest validator gives it: it counts for nothing anywhere.
public struct EvidenceIsProduced<P: Attackable>: Oracle {
    private struct Duty: Equatable, Sendable {
        let culprit: ValidatorIndex
        let view: View
    }

    private struct Memory: Sendable {
        var heard: [Vote] = []
        var accused: [Duty] = []
        var outstanding: [Duty] = []
    }

    private let chain: Digest
    private var memories: [Memory]

    public init(_ scene: Scene) {
        chain = scene.chain
        memories = scene.isHonest.map { _ in Memory() }
    }

    public mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .received(let message, let node, let isUseful, let committed, let current):
            memories[node.rawValue].heard.removeAll { $0.statement.view <= committed.view }
            for vote in P.votes(in: message)
            where isAtHome(vote) && vote.statement.view > committed.view
                && vote.statement.view <= current.next
            {
                hear(vote, isUseful: isUseful, at: node.rawValue)
            }
        case .accused(let evidence, let node)
        where evidence.first.statement.kind != .authorship:
            let duty = Duty(culprit: evidence.culprit, view: evidence.first.statement.view)
            memories[node.rawValue].accused.append(duty)
            memories[node.rawValue].outstanding.removeAll { $0 == duty }
        case .heldBack(let evidence, let node)
        where evidence.first.statement.kind != .authorship:
            let duty = Duty(culprit: evidence.culprit, view: evidence.first.statement.view)
            memories[node.rawValue].outstanding.removeAll { $0 == duty }
        case .powerCut(let node, _): memories[node.rawValue] = Memory()
        case .rested:
            for (position, memory) in memories.enumerated() {
                guard let duty = memory.outstanding.first else { continue }
                return "v\(position) holds two votes of \(duty.culprit) in view \(duty.view), "
                    + "and accuses nobody"
            }
        default: break
        }
        return nil
    }

    private func isAtHome(_ vote: Vote) -> Bool {
        vote.statement.chain == chain && vote.statement.epoch == .zero
            && P.isWellFormed(vote.statement)
    }

    private mutating func hear(_ vote: Vote, isUseful: Bool, at node: Int) {
        let duty = Duty(culprit: vote.voter, view: vote.statement.view)
        if memories[node].heard.contains(where: { Evidence($0, vote) != nil }),
            !memories[node].accused.contains(duty), !memories[node].outstanding.contains(duty)
        {
            memories[node].outstanding.append(duty)
        }
        if isUseful { memories[node].heard.append(vote) }
    }
}
