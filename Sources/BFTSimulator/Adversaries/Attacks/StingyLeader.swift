import BFTBase
public import BFTCore
import BFTLedger

/// Proposes to just enough validators for a quorum, or to one fewer, and late to the rest.
public struct StingyLeader<P: Attackable>: Adversary {
    private var held: [Dispatch<P>] = []

    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard P.role(of: unsigned) == .proposal else {
            return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
        }
        var chosen: [ValidatorIndex] = []
        var power = vantage.validators.powers[vantage.own.rawValue]
        for peer in vantage.peers.shuffled(using: &vantage.random)
        where !vantage.validators.isQuorum(power) {
            chosen.append(peer)
            power += vantage.validators.powers[peer.rawValue]
        }
        if vantage.coin() { chosen.removeLast() }
        held.append(Dispatch(unsigned, to: vantage.peers.filter { !chosen.contains($0) }))
        return [Dispatch(unsigned, to: chosen)]
    }

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        guard vantage.choice(of: 8) == 0 else { return [] }
        defer { held = [] }
        return held
    }
}
