@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger

/// A replica that a malicious validator runs beside the world's own under the same key, without a
/// disk, and without a network but to the validators on its side.
struct TwinReplica<P: ConsensusProtocol>: Sendable {
    private var replica: Replica<P>
    /// Who hears it and is heard by it.
    let side: [ValidatorIndex]
    /// Blocks that wait to be executed, in their order. As in any host, none is executed before
    /// those that it stands on, whatever states are known.
    private(set) var awaited = Deque<Height>()
    private var timer: Instant?

    init(side: [ValidatorIndex], _ vantage: Vantage<P>) {
        self.side = side
        replica = Replica(
            configuration: vantage.configuration, limits: vantage.limits, state: vantage.genesis,
            recovered: [])
    }

    /// Its first words.
    mutating func start(_ vantage: Vantage<P>) -> [Dispatch<P>] {
        var sent = give(.started, vantage)
        for peer in side { sent += give(.connected(peer), vantage) }
        return sent
    }

    mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: Vantage<P>
    ) -> [Dispatch<P>] {
        guard side.contains(sender), replica.isUseful(message, from: sender),
            replica.trusted(message, from: sender) != nil
                || message.claims.allSatisfy({ vantage.signatures.holds($0) })
        else { return [] }
        return give(.received(Verified(message), from: sender), vantage)
    }

    /// What has become due: its timer, and blocks whose states the world's replica knows by now.
    mutating func catchUp(
        _ vantage: Vantage<P>, roots: [Height: Digest]
    ) -> [Dispatch<P>] {
        var sent: [Dispatch<P>] = []
        if let timer, timer <= vantage.now { sent += give(.timerFired, vantage) }
        while let height = awaited.first, let root = roots[height] {
            _ = awaited.popFirst()
            sent += give(.executed(height, stateRoot: root), vantage)
        }
        return sent
    }

    mutating func submit(_ transaction: [UInt8], _ vantage: Vantage<P>) -> [Dispatch<P>] {
        let batch = Batch.of(
            [transaction], author: vantage.own, sequence: replica.nextOwnSequence)
        return give(.sealed(batch), vantage)
    }

    /// Gives it one input after another until it has no more questions, and sends what it says to
    /// its side.
    private mutating func give(
        _ first: ReplicaInput<P>, _ vantage: Vantage<P>
    ) -> [Dispatch<P>] {
        var (sent, inputs): ([Dispatch<P>], [ReplicaInput<P>]) = ([], [first])
        while !inputs.isEmpty {
            var effects: [ReplicaEffect<P>] = []
            replica.handle(
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
                case .store(let copy): inputs.append(.stored(copy.reference))
                case .signBatch(let reference, let statement):
                    let signature = vantage.signatures.sign(
                        statement.signingBytes, as: vantage.own)
                    inputs.append(.batchSigned(reference, signature: signature))
                case .checkAuthorship(let vote):
                    let isGenuine = vote.claims.allSatisfy { vantage.signatures.holds($0) }
                    inputs.append(.authorshipChecked(vote, isGenuine: isGenuine))
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
