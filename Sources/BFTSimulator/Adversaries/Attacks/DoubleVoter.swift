import BFTBase
public import BFTCore
import BFTLedger

/// Says everything that can be said of a view: every kind of vote beside each.
public struct DoubleVoter<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let all = [unsigned] + P.variants(of: unsigned, .otherKinds)
        return all.shuffled(using: &vantage.random).map { Dispatch($0, to: vantage.peers) }
    }
}
