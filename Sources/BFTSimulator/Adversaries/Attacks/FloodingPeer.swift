import BFTBase
public import BFTCore
import BFTLedger

/// Floods: votes for views far away, up to the end of time, and big batches of its own.
public struct FloodingPeer<P: Attackable>: Adversary {
    private var template: P.Unsigned?
    private var sequence = BatchSequence.zero

    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        template = unsigned
        return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
    }

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        guard let template else { return [] }
        let distances: [UInt64] = [2, 20, 63, 64, 65, 1_000, 1 << 40]
        let views = distances.map { View(vantage.view.rawValue &+ $0) } + [View(.max)]
        let votes = views.flatMap { view in
            P.variants(of: template, .view(view)).flatMap { [$0] + P.variants(of: $0, .otherKinds) }
        }
        let size = 4_000 + vantage.choice(of: 4_000)
        let batches = (0..<8).map { _ in
            sequence = sequence.next
            return Batch.of(
                [Array(repeating: 1, count: size)], author: vantage.own, sequence: sequence)
        }
        return votes.map { Dispatch($0, to: vantage.peers) }
            + batches.map { Dispatch(.ledger(.batch(vantage.signed($0))), to: vantage.peers) }
    }
}
