public import BFTBase
public import BFTCore
public import BFTLedger

/// Answers requests with what was not asked for, and claims to have committed the end of time.
public struct LyingPeer<P: ConsensusProtocol>: Adversary {
    /// The last run that it was sent itself: real blocks, mostly of the wrong heights.
    private var staleRun: UncheckedRun?

    public init() {}

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        if case .ledger(.syncResponse(let run)) = message { staleRun = staleRun ?? run }
        return []
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .ledger(let part) = message else { return [Dispatch(message, to: [peer])] }
        return lies(about: part, &vantage).map { Dispatch(.ledger($0), to: [peer]) }
    }

    private func lies(
        about message: LedgerMessage, _ vantage: inout Vantage<P>
    ) -> [LedgerMessage] {
        switch message {
        case .batch(let copy):
            let transaction = (0..<8).map { _ in UInt8.random(in: 0...255, using: &vantage.random) }
            let other = Batch.of(
                [transaction], author: copy.batch.author, sequence: copy.batch.sequence)
            // The right signature under other bytes, its own, or none.
            return [
                .batch(BatchCopy(other, copy.authorship)), .batch(vantage.signed(other)),
                .batch(BatchCopy(other)),
            ]
        case .syncResponse(let run):
            // Its end without its beginning, its beginning under another's certificate, another.
            let shortened = UncheckedRun(
                blocks: Array(run.blocks.suffix(1)), certificate: run.certificate)
            let headless = UncheckedRun(
                blocks: Array(run.blocks.dropFirst()), certificate: run.certificate)
            let unsigned = run.certificate.restated(run.certificate.statement, keeping: 1)
            let weak = unsigned.map { UncheckedRun(blocks: run.blocks, certificate: $0) }
            return [staleRun, shortened, headless, weak].compactMap(\.self)
                .map { .syncResponse($0) }
        case .syncAncestors(let blocks):
            // Too few, others, none.
            return [
                .syncAncestors(Array(blocks.suffix(1))), .syncAncestors(blocks.reversed()),
                .syncAncestors([]), .syncAncestors(Array(blocks.dropLast())),
            ]
        case .readClaim(let nonce, _):
            return [.readClaim(nonce: nonce, height: vantage.coin() ? .zero : Height(.max))]
        case .syncRequest, .batchRequest, .readProbe: return [message]
        }
    }
}
