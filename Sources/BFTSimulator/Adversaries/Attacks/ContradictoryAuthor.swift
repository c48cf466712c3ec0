public import BFTBase
public import BFTCore
public import BFTLedger

/// Sends its batches to some only, or another batch under the same sequence to each.
public struct ContradictoryAuthor<P: ConsensusProtocol>: Adversary {
    public init() {}

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .ledger(.batch(let copy)) = message, copy.batch.author == vantage.own else {
            return [Dispatch(message, to: [peer])]
        }
        switch vantage.choice(of: 3) {
        case 0: return []
        case 1: return [Dispatch(message, to: [peer])]
        default:
            let other = Batch.of(
                [[UInt8(truncatingIfNeeded: peer.rawValue)]], author: copy.batch.author,
                sequence: copy.batch.sequence)
            let lie = Dispatch<P>(.ledger(.batch(vantage.signed(other))), to: [peer])
            return vantage.coin() ? [lie] : [Dispatch(message, to: [peer]), lie]
        }
    }
}
