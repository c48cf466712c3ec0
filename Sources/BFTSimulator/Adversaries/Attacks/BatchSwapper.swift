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
        guard case .ledger(.batch(let batch)) = message, vantage.coin() else {
            return [Dispatch(message, to: [peer])]
        }
        var bytes = batch.encoded
        bytes[bytes.count - 1] ^= 1
        return (try? Batch(encoded: bytes)).map { [Dispatch(.ledger(.batch($0)), to: [peer])] }
            ?? []
    }
}
