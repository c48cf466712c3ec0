public import BFTBase
public import BFTCore
public import BFTLedger

/// Says everything that can be said of a view: every kind of vote beside each.
public struct DoubleVoter<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let all = [unsigned] + P.variants(of: unsigned, .otherKinds)
        return all.shuffled(using: &vantage.random).map { Dispatch($0, to: vantage.peers) }
    }
}

/// Sends what it signs and what it holds to some replicas only, others each time.
public struct WithholdingPeer<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        [Dispatch(unsigned, to: vantage.some(of: vantage.recipients(of: unsigned)))]
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        vantage.coin() ? [Dispatch(message, to: [peer])] : []
    }
}

/// Speaks to the same few replicas only, for the whole run: to the others it seems dead.
public struct PartialPeer<P: Attackable>: Adversary {
    private var friends: [ValidatorIndex]?

    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let chosen = chosen(&vantage)
        return [Dispatch(unsigned, to: chosen.filter(vantage.recipients(of: unsigned).contains))]
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        chosen(&vantage).contains(peer) ? [Dispatch(message, to: [peer])] : []
    }

    private mutating func chosen(_ vantage: inout Vantage<P>) -> [ValidatorIndex] {
        if let friends { return friends }
        let shuffled = vantage.peers.shuffled(using: &vantage.random)
        let chosen = shuffled.prefix(1 + vantage.choice(of: max(1, shuffled.count / 2))).sorted()
        friends = chosen
        return chosen
    }
}

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

/// Says what an honest replica would say with one thing changed a little: the view one up or
/// down, the block of an earlier message. Source of the idea: Winter et al., "Randomized testing
/// of Byzantine fault tolerant algorithms" (OOPSLA 2023).
public struct SmallMutator<P: Attackable>: Adversary {
    private var digests: [Digest] = []

    public init() {}

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        if case .consensus(let part) = message, let block = P.proposedBlock(in: part) {
            digests = digests.suffix(20) + [block.digest]
        }
        return []
    }

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let view = P.view(of: unsigned)
        let old = digests.randomElement(using: &vantage.random) ?? .zero
        let changes: [Change] = [
            .view(view.next), .view(view.previous ?? view), .block(old), .otherBlock, .otherKinds,
        ]
        let change = changes[vantage.choice(of: changes.count)]
        let mutants = P.variants(of: unsigned, change)
        guard !mutants.isEmpty, vantage.coin() else {
            return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
        }
        let fooled = vantage.some(of: vantage.peers)
        let others = vantage.recipients(of: unsigned).filter { !fooled.contains($0) }
        return mutants.map { Dispatch($0, to: fooled) }
            + [Dispatch(unsigned, to: others)]
    }
}

/// Says of its own what others said, a moment after it heard it, and the opposite as well.
public struct Parrot<P: Attackable>: Adversary {
    public init() {}

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard case .consensus(let part) = message, sender != vantage.own, vantage.coin(),
            let said = P.unsigned(of: part)
        else { return [] }
        return ([said] + P.variants(of: said, .otherKinds)).map {
            Dispatch($0, to: vantage.some(of: vantage.peers))
        }
    }
}
