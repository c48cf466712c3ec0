import BFTBase
import BFTCore
import BFTSimulator
import ProtocolSimplex

// Statements, blocks and certificates with one thing changed.
extension Statement {
    func changed(to kind: VoteKind, in view: View? = nil) -> Statement {
        let isNullify = kind.isBlockless
        return Statement(
            chain: chain, epoch: epoch, kind: kind, view: view ?? self.view,
            height: isNullify ? .zero : height, block: isNullify ? .zero : block,
            ancestor: kind.outcome == .commitsAncestor ? ancestor : nil)
    }

    func naming(_ height: Height, _ block: Digest) -> Statement {
        Statement(
            chain: chain, epoch: epoch, kind: kind, view: view, height: height, block: block,
            ancestor: ancestor)
    }

    func moved(to chain: Digest, _ epoch: Epoch) -> Statement {
        Statement(
            chain: chain, epoch: epoch, kind: kind, view: view, height: height, block: block,
            ancestor: ancestor)
    }
}

extension Block {
    /// This block in the place of its parent, with nothing in it.
    func replacing(_ parent: Block) -> Block {
        Block(
            epoch: epoch, view: view, height: parent.height, parents: parent.parents,
            proposer: proposer, time: time, applied: parent.applied, payload: [])
    }

    func changed(
        time: Timestamp? = nil, applied: AppliedState? = nil, payload: [BatchReference]? = nil
    ) -> Block {
        Block(
            epoch: epoch, view: view, height: height, parents: parents, proposer: proposer,
            time: time ?? self.time, applied: applied ?? self.applied,
            payload: payload ?? self.payload)
    }
}

extension Certificate {
    /// All but the last of the signatures.
    var thinned: Certificate? { restated(statement, keeping: max(0, signatures.count - 1)) }
}
