import BFTBase
public import BFTCore
import BFTLedger

/// Names batches and heights that nobody has, in requests of its own, and huge numbers.
public struct PesteringPeer<P: ConsensusProtocol>: Adversary {
    public init() {}

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        let random = (0..<5).map { _ in vantage.random.next() }
        let reference = BatchReference(
            author: ValidatorIndex(Int(random[0] % 5_000)), sequence: BatchSequence(random[1]),
            digest: Digest(random[2], 0, 0, 0), byteCount: 1)
        let messages: [LedgerMessage] = [
            .batchRequest(Array(repeating: reference, count: 64)),
            .syncRequest(.from(Height(random[3]))), .syncRequest(.from(.zero)),
            .syncRequest(.from(Height(.max))),
            .syncRequest(
                .ancestors(
                    of: BlockName(height: Height(random[3]), digest: .zero), downTo: .zero)),
            .readClaim(nonce: random[4], height: Height(random[3])),
            .readProbe(nonce: random[4]),
        ]
        return messages.map { Dispatch(.ledger($0), to: vantage.peers) }
    }
}
