import BFTBase
import BFTCore
import BFTLedger

/// Repeats what it heard long ago, from whomever.
public struct ReplayingPeer<P: Attackable>: Adversary {
    public init() {}

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        (0..<3).compactMap { _ in
            vantage.coalition.heard.randomElement(using: &vantage.random)
                .map { Dispatch($0, to: vantage.peers) }
        }
    }
}
