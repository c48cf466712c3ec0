public import BFTBase
public import BFTCore
public import BFTLedger

/// Keeps the leader after it from its turn: shows what it says in its own views to all others, so
/// that these go on and wait for one that does not know it.
public struct EnviousLeader<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let victim = victim(in: P.view(of: unsigned), vantage)
        return [Dispatch(unsigned, to: vantage.recipients(of: unsigned).filter { $0 != victim })]
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .consensus(let said) = message else { return [Dispatch(message, to: [peer])] }
        let victim = victim(in: P.view(of: said) ?? vantage.view, vantage)
        return peer == victim ? [] : [Dispatch(message, to: [peer])]
    }

    /// Who leads after `view`, if this one leads in it.
    private func victim(in view: View, _ vantage: Vantage<P>) -> ValidatorIndex? {
        let leaders = vantage.configuration.leaders
        return leaders.leader(of: view) == vantage.own ? leaders.leader(of: view.next) : nil
    }
}
