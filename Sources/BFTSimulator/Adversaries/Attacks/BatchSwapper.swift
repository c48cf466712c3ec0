public import BFTBase
public import BFTCore
public import BFTLedger
import BFTWire

/// Answers a request for a batch with other bytes of the same author, sequence and size.
public struct BatchSwapper<P: ConsensusProtocol>: Adversary {
    public init() {}

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .ledger(.batch(let copy)) = message, vantage.coin() else {
            return [Dispatch(message, to: [peer])]
        }
        var bytes = copy.batch.encoded
        bytes[bytes.count - 1] ^= 1
        guard let other = try? Batch(encoded: bytes) else { return [] }
        let lies = [BatchCopy(other, copy.authorship), BatchCopy(other), vantage.signed(other)]
        return [Dispatch(.ledger(.batch(lies[vantage.choice(of: 3)])), to: [peer])]
    }
}
