public import BFTBase
public import BFTCore
public import BFTLedger

/// Twins: one key, two honest replicas, each with its own side of the network. Each follows the
/// protocol and knows nothing of the other; together they say two things. The one is the replica
/// that the world runs.
///
/// Source: Bano et al., "Twins: BFT systems made robust" (OPODIS 2021).
public struct SplitBrain<P: Attackable>: Adversary {
    private var twin: TwinReplica<P>?
    /// The state after each block that the world's replica executed, be it before there is a twin.
    private var roots: [Height: Digest] = [:]

    public init() {}

    private func isOnTwinsSide(_ peer: ValidatorIndex) -> Bool {
        twin?.side.contains(peer) == true
    }

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        [Dispatch(unsigned, to: vantage.recipients(of: unsigned).filter { !isOnTwinsSide($0) })]
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        isOnTwinsSide(peer) ? [] : [Dispatch(message, to: [peer])]
    }

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        twin?.hear(message, from: sender, vantage) ?? []
    }

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        var sent: [Dispatch<P>] = []
        if twin == nil {
            let shuffled = vantage.peers.shuffled(using: &vantage.random)
            twin = TwinReplica(side: Array(shuffled.prefix((shuffled.count + 1) / 2)), vantage)
            sent += twin?.start(vantage) ?? []
        }
        if vantage.choice(of: 8) == 0 { sent += twin?.submit([0xB5], vantage) ?? [] }
        return sent + (twin?.catchUp(vantage, roots: roots) ?? [])
    }

    public mutating func executed(_ block: CommittedBlock, root: Digest) {
        roots[block.block.height] = root
    }
}
