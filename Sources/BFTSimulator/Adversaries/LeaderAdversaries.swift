public import BFTBase
public import BFTCore
public import BFTLedger

/// Proposes a different block to each half, and votes for both, in every way that there is.
public struct EquivocatingLeader<P: Attackable>: Adversary {
    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard P.role(of: unsigned) == .proposal,
            let other = P.variants(of: unsigned, .otherBlock).first
        else { return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))] }
        let middle = vantage.choice(of: vantage.peers.count + 1)
        let votes = P.variants(of: unsigned, .otherKinds) + P.variants(of: other, .otherKinds)
        return [
            Dispatch(unsigned, to: Array(vantage.peers[..<middle])),
            Dispatch(other, to: Array(vantage.peers[middle...])),
        ] + votes.map { Dispatch($0, to: vantage.peers) }
    }
}

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

/// Proposes late, after half of the time that a leader has at first: nobody gives it up.
public struct SlowLeader<P: Attackable>: Adversary {
    private struct Held: Sendable {
        let due: Instant
        let dispatch: Dispatch<P>
    }

    private var held: [Held] = []

    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        let dispatch = Dispatch<P>(unsigned, to: vantage.recipients(of: unsigned))
        guard P.role(of: unsigned) == .proposal else { return [dispatch] }
        let pause = vantage.configuration.timing.viewTimeout.nanoseconds / 2
        let due = vantage.now.advanced(by: Interval(nanoseconds: pause))
        held.append(Held(due: due, dispatch: dispatch))
        return []
    }

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        let now = vantage.now
        let due = held.prefix { $0.due <= now }
        held.removeFirst(due.count)
        return due.map(\.dispatch)
    }
}

/// Builds on its grandparent, as if its parent had never been certified.
public struct SkippingLeader<P: Attackable>: Adversary {
    private var blocks: [Block] = []

    public init() {}

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        if case .consensus(let part) = message, let block = P.proposedBlock(in: part) {
            blocks = blocks.suffix(20) + [block]
        }
        return []
    }

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        for parent in blocks.reversed() {
            let skipping = P.variants(of: unsigned, .onGrandparent(parent: parent))
            if !skipping.isEmpty { return skipping.map { Dispatch($0, to: vantage.peers) } }
        }
        return [Dispatch(unsigned, to: vantage.recipients(of: unsigned))]
    }
}

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
