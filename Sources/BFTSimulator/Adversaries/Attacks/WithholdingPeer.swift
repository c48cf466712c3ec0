public import BFTBase
public import BFTCore
public import BFTLedger

/// Sends what it signs and what it holds to some replicas only, others each time.
public struct WithholdingPeer<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        [Dispatch(unsigned, to: vantage.some(of: vantage.recipients(of: unsigned)))]
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        vantage.coin() ? [Dispatch(message, to: [peer])] : []
    }
}
