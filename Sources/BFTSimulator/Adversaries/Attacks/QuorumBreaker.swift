public import BFTBase
public import BFTCore
public import BFTLedger

/// Falls silent at the worst moment: when its vote is the one that would complete a quorum, as far
/// as it has heard. It says it much later, when the others may have given the view up.
public struct QuorumBreaker<P: Attackable>: Adversary {
    private var voters: [(view: View, voter: ValidatorIndex)] = []
    private var held: [P.Unsigned] = []

    public init() {}

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .consensus(let part) = message, P.role(of: part) != .other,
            let view = P.view(of: part)
        else { return [] }
        if !voters.contains(where: { $0 == (view, sender) }) {
            voters = voters.suffix(200) + [(view, sender)]
        }
        // It has become clear how the view ended: now the vote can only confuse.
        guard P.role(of: part) == .certificate || view > (held.first.map(P.view(of:)) ?? view)
        else { return [] }
        defer { held = [] }
        return held.map { Dispatch($0, to: vantage.peers) }
    }

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let view = P.view(of: unsigned)
        var power = vantage.validators.powers[vantage.own.rawValue]
        for entry in voters where entry.view == view && entry.voter != vantage.own {
            power += vantage.validators.powers[entry.voter.rawValue]
        }
        guard vantage.validators.isQuorum(power) else {
            return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
        }
        held = held.suffix(20) + [unsigned]
        return []
    }
}
