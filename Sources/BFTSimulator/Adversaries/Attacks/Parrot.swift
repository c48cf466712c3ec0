public import BFTBase
import BFTCore
public import BFTLedger

/// Says of its own what others said, a moment after it heard it, and the opposite as well.
public struct Parrot<P: Attackable>: Adversary {
    public init() {}

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .consensus(let part) = message, sender != vantage.own, vantage.coin(),
            let said = P.unsigned(of: part)
        else { return [] }
        return ([said] + P.variants(of: said, .otherKinds)).map {
            Dispatch($0, to: vantage.some(of: vantage.peers))
        }
    }
}
