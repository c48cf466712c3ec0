import BFTBase
public import BFTCore
import BFTLedger

/// Proposes a different block to each half, and votes for both, in every way that there is.
public struct EquivocatingLeader<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard P.role(of: unsigned) == .proposal,
            let other = P.variants(of: unsigned, .otherBlock).first
        else { return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))] }
        let middle = vantage.choice(of: vantage.peers.count + 1)
        let votes = P.variants(of: unsigned, .otherKinds) + P.variants(of: other, .otherKinds)
        return [
            Dispatch(unsigned, to: Array(vantage.peers[..<middle])),
            Dispatch(other, to: Array(vantage.peers[middle...])),
        ] + votes.map { Dispatch($0, to: vantage.peers) }
    }
}
