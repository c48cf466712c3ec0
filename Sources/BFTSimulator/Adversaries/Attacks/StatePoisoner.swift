public import BFTBase
public import BFTCore
public import BFTLedger

/// Poisons states. When it leads, its blocks vouch for a state that nobody computed, of an executed
/// height or of one that nobody can have executed; who catches up gets a history that vouches for
/// such states, once under the true history's signatures and once under those of the malicious.
///
/// Nodes hand each other blocks and no states, so the lie has to stand in a block.
public struct StatePoisoner<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard let block = P.proposedBlock(in: unsigned) else {
            return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
        }
        let heights = [block.applied.height, block.height.previous ?? .zero, block.height]
        let poison = AppliedState(
            height: heights[vantage.choice(of: 3)], root: Digest(vantage.random.next(), 0, 0, 0))
        return P.variants(of: unsigned, .applied(poison)).map { Dispatch($0, to: vantage.peers) }
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .ledger(.syncResponse(let run)) = message else {
            return [Dispatch(message, to: [peer])]
        }
        let root = Digest(vantage.random.next(), 0, 0, 0)
        var blocks: [Block] = []
        for block in run.blocks {
            blocks.append(block.vouching(for: root, on: blocks.last?.digest ?? block.parent))
        }
        let forged = run.certificate.statement.committing(blocks.last?.digest ?? .zero)
        return [run.certificate.restated(forged), vantage.certificate(of: forged)]
            .compactMap { $0.map { UncheckedRun(blocks: blocks, certificate: $0) } }
            .map { Dispatch(.ledger(.syncResponse($0)), to: [peer]) }
    }
}

extension Block {
    fileprivate func vouching(for root: Digest, on parent: Digest) -> Block {
        Block(
            epoch: epoch, view: view, height: height, parents: [parent], proposer: proposer,
            time: time, applied: AppliedState(height: applied.height, root: root),
            payload: payload)
    }
}

extension Statement {
    fileprivate func committing(_ digest: Digest) -> Statement {
        Statement(
            chain: chain, epoch: epoch, kind: kind, view: view, height: height,
            block: ancestor == nil ? digest : block,
            ancestor: ancestor.map { BlockName(height: $0.height, digest: digest) })
    }
}
