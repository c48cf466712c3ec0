@_spi(Verification) public import BFTBase
public import BFTCore
public import BFTLedger

/// Twins: one key, two honest replicas, each with its own side of the network. Each follows the
/// protocol and knows nothing of the other; together they say two things.
///
/// The one is the replica that the world runs; the other runs here, without a disk.
///
/// Source: Bano et al., "Twins: BFT systems made robust" (OPODIS 2021).
public struct SplitBrain<P: Attackable>: Adversary {
    private var twin: Replica<P>?
    /// Who hears the twin and is heard by it. The others belong to the world's replica.
    private var side: [ValidatorIndex] = []
    private var roots: [Height: Digest] = [:]
    private var awaited: [Height] = []
    private var timer: Instant?

    public init() {}

    public mutating func instead(
        of unsigned: P.Unsigned, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        [Dispatch(unsigned, to: vantage.recipients(of: unsigned).filter { !side.contains($0) })]
    }

    public mutating func instead(
        of message: ReplicaMessage<P>, to peer: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        side.contains(peer) ? [] : [Dispatch(message, to: [peer])]
    }

    public mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: inout Vantage<P>
    ) -> [Dispatch<P>] {
        guard side.contains(sender), twin?.isUseful(message) == true,
            message.claims.allSatisfy({ vantage.signatures.holds($0) })
        else { return [] }
        return give(.received(Verified(message), from: sender), vantage)
    }

    public mutating func speak(_ vantage: inout Vantage<P>) -> [Dispatch<P>] {
        var sent: [Dispatch<P>] = []
        if twin == nil {
            let shuffled = vantage.peers.shuffled(using: &vantage.random)
            side = Array(shuffled.prefix((shuffled.count + 1) / 2))
            twin = Replica(
                configuration: vantage.configuration, limits: vantage.limits,
                state: vantage.genesis, recovered: [])
            sent += give(.started, vantage)
            for peer in side { sent += give(.connected(peer), vantage) }
        }
        if let timer, timer <= vantage.now { sent += give(.timerFired, vantage) }
        if let sequence = twin?.nextOwnSequence, vantage.choice(of: 8) == 0 {
            let batch = Batch.of([[0xB5]], author: vantage.own, sequence: sequence)
            sent += give(.sealed(batch), vantage)
        }
        for height in awaited {
            guard let root = roots[height] else { continue }
            awaited.removeAll { $0 == height }
            sent += give(.executed(height, stateRoot: root), vantage)
        }
        return sent
    }

    public mutating func executed(_ block: CommittedBlock, root: Digest) {
        roots[block.block.height] = root
    }

    /// Gives the twin one input after another until it has no more questions, and sends what it
    /// says to its side.
    private mutating func give(
        _ first: ReplicaInput<P>, _ vantage: Vantage<P>
    ) -> [Dispatch<P>] {
        var (sent, inputs): ([Dispatch<P>], [ReplicaInput<P>]) = ([], [first])
        while !inputs.isEmpty {
            var effects: [ReplicaEffect<P>] = []
            twin?.handle(
                inputs.removeFirst(), at: vantage.now, wallTime: vantage.wallTime, into: &effects)
            for effect in effects {
                switch effect {
                case .sign(let unsigned):
                    let message = vantage.signed(unsigned, by: vantage.own)
                    inputs.append(.received(Verified(message), from: vantage.own))
                    let hearers = side.filter(vantage.recipients(of: unsigned).contains)
                    sent.append(Dispatch(message, to: hearers))
                case .send(let message, let peer):
                    sent.append(Dispatch(message, to: side.filter { $0 == peer }))
                case .broadcast(let message): sent.append(Dispatch(message, to: side))
                case .store(let batch): inputs.append(.stored(batch.reference))
                case .setTimer(let instant): timer = instant
                case .execute(let block): awaited.append(block.block.height)
                case .askApplication(let block, _):
                    inputs.append(.applicationJudged(block.digest, isValid: true))
                default: break
                }
            }
        }
        return sent
    }
}
