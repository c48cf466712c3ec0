import BFTBase
public import BFTCore
import BFTLedger

/// Says nothing when it leads.
public struct SilentLeader<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let isProposal = P.role(of: unsigned) == .proposal
        return isProposal ? [] : [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
    }
}
