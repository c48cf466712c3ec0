import BFTBase
import BFTCore
import BFTLedger

/// Makes up signatures of others: those it heard, under other statements and other names.
public struct Forger<P: Attackable>: Adversary {
    public init() {}

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        guard let old = vantage.coalition.heard.randomElement(using: &vantage.random),
            case .consensus(let part) = old
        else { return [] }
        return P.forgeries(of: part, &vantage.random)
            .map { Dispatch(.consensus($0), to: vantage.peers) }
    }
}
