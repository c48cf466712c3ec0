public import BFTBase
public import BFTCore
public import BFTLedger

/// Never answers: whoever asks it has to find out by the clock.
public struct StallingPeer<P: ConsensusProtocol>: Adversary {
    public init() {}

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .ledger(let part) = message else { return [Dispatch(message, to: [peer])] }
        switch part {
        case .batch, .syncResponse, .syncAncestors, .readClaim: return []
        case .syncRequest, .batchRequest, .readProbe: return [Dispatch(message, to: [peer])]
        }
    }
}
