import BFTBase
public import BFTCore
import BFTLedger

/// All members work on one fork: who leads proposes two blocks, and every member votes for the
/// one before one side and for the other before the rest. Whoever is asked repeats it.
public struct ColludingForker<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let view = P.view(of: unsigned)
        if P.role(of: unsigned) == .proposal,
            let other = P.variants(of: unsigned, .otherBlock).first
        {
            let side = vantage.some(of: vantage.honest)
            let fork = Coalition<P>.Fork(view: view, first: unsigned, second: other, side: side)
            vantage.coalition.agree(on: fork)
            // Every member speaks at once, with every key that the coalition owns.
            return vantage.coalition.members.flatMap { said(of: fork, by: $0, vantage) }
        }
        guard let fork = vantage.coalition.fork(in: view) else {
            return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
        }
        return said(of: fork, by: vantage.own, vantage)
    }

    private func said(
        of fork: Coalition<P>.Fork, by member: ValidatorIndex, _ vantage: Vantage<P>
    ) -> [Dispatch<P>] {
        let others = vantage.honest.filter { !fork.side.contains($0) }
        return [(fork.first, fork.side), (fork.second, others)].flatMap { unsigned, side in
            // Only its own leader proposes; the others vote, in every way.
            let proposal = member == vantage.own ? [unsigned] : []
            return (proposal + P.variants(of: unsigned, .otherKinds)).map {
                Dispatch(vantage.signed($0, by: member), to: side)
            }
        }
    }
}
