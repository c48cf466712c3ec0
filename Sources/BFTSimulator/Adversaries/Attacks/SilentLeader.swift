public import BFTBase
public import BFTCore
public import BFTLedger

/// Says nothing when it leads, nor later what it would have said.
public struct SilentLeader<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let isProposal = P.role(of: unsigned) == .proposal
        return isProposal ? [] : [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        if case .consensus(let part) = message, P.role(of: part) == .proposal,
            P.proposedBlock(in: part)?.proposer == vantage.own
        {
            return []
        }
        return [Dispatch(message, to: [peer])]
    }
}
