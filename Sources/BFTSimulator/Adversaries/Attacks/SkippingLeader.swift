public import BFTBase
public import BFTCore
public import BFTLedger

/// Builds on its grandparent, as if its parent had never been certified.
public struct SkippingLeader<P: Attackable>: Adversary {
    private var blocks: [Block] = []

    public init() {}

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        if case .consensus(let part) = message, let block = P.proposedBlock(in: part) {
            blocks = blocks.suffix(20) + [block]
        }
        return []
    }

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        for parent in blocks.reversed() {
            let skipping = P.variants(of: unsigned, .onGrandparent(parent: parent))
            if !skipping.isEmpty { return skipping.map { Dispatch($0, to: vantage.peers) } }
        }
        return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
    }
}
