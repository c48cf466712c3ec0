public import BFTBase
public import BFTCore
public import BFTLedger

/// Signs its batches falsely and shows them to one honest validator only, another one by and by:
/// nobody can take from that one what it proposes then.
public struct FalseSigner<P: ConsensusProtocol>: Adversary {
    private var victim: ValidatorIndex?

    public init() {}

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .ledger(.batch(let copy)) = message, copy.batch.author == vantage.own,
            let authorship = copy.authorship
        else { return [Dispatch(message, to: [peer])] }
        if victim == nil || vantage.choice(of: 20) == 0 {
            victim = vantage.honest[vantage.choice(of: vantage.honest.count)]
        }
        guard peer == victim else { return [] }
        var signature = authorship.signature
        if !signature.isEmpty { signature[signature.count / 2] ^= 1 }
        let lie = BatchCopy(
            copy.batch,
            Authorship(chain: authorship.chain, epoch: authorship.epoch, signature: signature))
        return [Dispatch(.ledger(.batch(lie)), to: [peer])]
    }
}
