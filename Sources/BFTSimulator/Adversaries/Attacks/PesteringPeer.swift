import BFTBase
public import BFTCore
import BFTLedger

/// Asks and asks: again and again for batches of its own that everybody keeps, for batches and
/// heights that nobody has, and with huge numbers.
///
/// Its batches are far ahead of those that its own replica makes, so they are not ordered and stay
/// in everybody's memory: a few bytes of a request cost whoever answers as much as they are long.
public struct PesteringPeer<P: ConsensusProtocol>: Adversary {
    private var kept: [BatchCopy] = []
    private var turn = 0

    private static var keptCount: Int { 8 }
    /// More than its own replica makes in a run, and near enough to be kept.
    private static var gap: UInt64 { 128 }
    private static var keptBytes: Int { 4_000 }

    public init() {}

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        if kept.isEmpty { makeBatches(&vantage) }
        defer { turn += 1 }
        // Said again now and then, for whoever did not hear it.
        let given = turn.isMultiple(of: 16) ? kept.map { LedgerMessage.batch($0) } : []
        let random = (0..<5).map { _ in vantage.random.next() }
        let unknown = (kept.count..<LedgerLimits.batchRequestLimit).map { number in
            BatchReference(
                author: ValidatorIndex(Int(random[0] % 5_000)),
                sequence: BatchSequence(random[1] &+ UInt64(number)),
                digest: Digest(random[2], 0, 0, 0), byteCount: 1)
        }
        let request = LedgerMessage.batchRequest(kept.map(\.reference) + unknown)
        let messages: [LedgerMessage] =
            given + [
                request, request, request,
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

    private mutating func makeBatches(_ vantage: inout Vantage<P>) {
        guard let next = vantage.replica?.nextOwnSequence else { return }
        kept = (0..<Self.keptCount).map { number in
            let batch = Batch.of(
                [Array(repeating: UInt8(number), count: Self.keptBytes)], author: vantage.own,
                sequence: BatchSequence(next.rawValue + Self.gap + UInt64(number)))
            return vantage.signed(batch)
        }
    }
}
