public import BFTBase
public import BFTCore
public import BFTLedger

/// Speaks to the same few replicas only, for the whole run: to the others it seems dead.
public struct PartialPeer<P: Attackable>: Adversary {
    private var friends: [ValidatorIndex]?

    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let chosen = chosen(&vantage)
        return [Dispatch(unsigned, to: chosen.filter(vantage.recipients(of: unsigned).contains))]
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        chosen(&vantage).contains(peer) ? [Dispatch(message, to: [peer])] : []
    }

    private mutating func chosen(_ vantage: inout Vantage<P>) -> [ValidatorIndex] {
        if let friends { return friends }
        let shuffled = vantage.peers.shuffled(using: &vantage.random)
        let chosen = shuffled.prefix(1 + vantage.choice(of: max(1, shuffled.count / 2))).sorted()
        friends = chosen
        return chosen
    }
}
