public import BFTBase
public import BFTCore
public import BFTLedger

/// Says what an honest replica would say with one thing changed a little: the view one up or
/// down, the block of an earlier message. Source of the idea: Winter et al., "Randomized testing
/// of Byzantine fault tolerant algorithms" (OOPSLA 2023).
public struct SmallMutator<P: Attackable>: Adversary {
    private var digests: [Digest] = []

    public init() {}

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        if case .consensus(let part) = message, let block = P.proposedBlock(in: part) {
            digests = digests.suffix(20) + [block.digest]
        }
        return []
    }

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let view = P.view(of: unsigned)
        let old = digests.randomElement(using: &vantage.random) ?? .zero
        let changes: [Change] = [
            .view(view.next), .view(view.previous ?? view), .block(old), .otherBlock, .otherKinds,
        ]
        let change = changes[vantage.choice(of: changes.count)]
        let mutants = P.variants(of: unsigned, change)
        guard !mutants.isEmpty, vantage.coin() else {
            return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
        }
        let fooled = vantage.some(of: vantage.peers)
        let others = vantage.recipients(of: unsigned).filter { !fooled.contains($0) }
        return mutants.map { Dispatch($0, to: fooled) }
            + [Dispatch(unsigned, to: others)]
    }
}
