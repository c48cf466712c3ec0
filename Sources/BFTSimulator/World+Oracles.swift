import BFTBase
import BFTCore
import BFTLedger

// What oracles are told.
extension World {
    /// Tells the oracles what happened at `node`, if that is honest.
    mutating func observe(_ observation: Observation<P>, at node: ValidatorIndex) {
        guard isHonest(node) else { return }
        observe(observation)
    }

    mutating func observe(_ observation: Observation<P>) {
        history.note(observation)
        violations += bench.judge(observation)
    }

    /// Tells the oracles of what a host has done that others notice.
    mutating func observeDone(_ output: HostOutput<P>, at node: ValidatorIndex) {
        let effect: ReplicaEffect<P>
        switch output {
        case .publish(let unsigned, _): effect = .sign(unsigned)
        case .send(let message, let peer): effect = .send(message, to: peer)
        case .broadcast(let message): effect = .broadcast(message)
        case .execute(let block, _): effect = .execute(block)
        default: return
        }
        observe(.carriedOut(effect, at: node), at: node)
    }

    /// Tells the oracles of a consensus message that came to an honest replica. What is not
    /// useful is told only if a malicious validator sent it: nobody else contradicts itself.
    mutating func observe(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, at node: ValidatorIndex,
        isUseful: Bool
    ) {
        guard case .consensus(let part) = message, isHonest(node),
            isUseful || !isHonest(sender),
            isUseful || signatures.holds(message),
            let consensus = nodes[node.rawValue].host?.replica.consensus
        else { return }
        observe(
            .received(
                part, at: node, isUseful: isUseful,
                committed: Floor(
                    view: consensus.committed.view, height: consensus.committed.height),
                current: consensus.view))
    }

    /// Tells the oracles of the accusations that still wait at `node`, in what is carried out in
    /// order.
    mutating func observeHeldBack(_ node: ValidatorIndex) {
        for case .accuse(let evidence) in nodes[node.rawValue].host?.heldBack ?? [] {
            observe(.heldBack(evidence, by: node), at: node)
        }
    }

    /// Tells the oracles how much a replica keeps.
    mutating func measure(_ node: ValidatorIndex) {
        guard let replica = nodes[node.rawValue].host?.replica,
            let consensus = replica.consensus as? any Attackable
        else { return }
        observe(
            .measured(
                keptViews: consensus.keptViewCount, viewLimit: consensus.keptViewLimit,
                pendingBytes: replica.pendingBytes, at: node), at: node)
    }
}
