import BFTBase
public import BFTCore
import BFTLedger

/// Says what it says for other epochs and other chains, with good signatures, and passes on what
/// others said as if it had been said there.
public struct StrayingPeer<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let changes: [Change] = [
            .epoch(vantage.configuration.epoch.next), .epoch(Epoch(.max)),
            .chain(Digest(vantage.random.next(), 0, 0, 0)),
        ]
        let strays = changes.flatMap { P.variants(of: unsigned, $0) }
        return strays.map { Dispatch($0, to: vantage.peers) }
            + [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
    }
}
