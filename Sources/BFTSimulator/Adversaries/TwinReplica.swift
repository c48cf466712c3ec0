@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger

/// A replica that a malicious validator runs beside the world's own under the same key, without a
/// disk, and without a network but to the validators on its side.
struct TwinReplica<P: ConsensusProtocol>: Sendable {
    private var host: ReplicaHost<P>
    /// Who hears it and is heard by it.
    let side: [ValidatorIndex]
    /// Blocks that wait to be executed, in their order. As in any host, none is executed before
    /// those that it stands on, whatever states are known.
    private(set) var awaited = Deque<Height>()
    private var timer: Instant?

    init(side: [ValidatorIndex], _ vantage: Vantage<P>) {
        self.side = side
        host = ReplicaHost(
            Replica(
                configuration: vantage.configuration, limits: vantage.limits,
                state: vantage.genesis, recovered: []))
    }

    /// Its first words.
    mutating func start(_ vantage: Vantage<P>) -> [Dispatch<P>] {
        var sent = pump(vantage)
        for peer in side { sent += give(.connected(peer), vantage) }
        return sent
    }

    mutating func hear(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, _ vantage: Vantage<P>
    ) -> [Dispatch<P>] {
        guard side.contains(sender), host.replica.isUseful(message, from: sender),
            host.replica.trusted(message, from: sender) != nil
                || vantage.signatures.holds(message)
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
            [transaction], author: vantage.own, sequence: host.replica.nextOwnSequence)
        return give(.sealed(batch), vantage)
    }

    private mutating func give(
        _ input: ReplicaInput<P>, _ vantage: Vantage<P>
    ) -> [Dispatch<P>] {
        host.handle(input, at: vantage.now, wallTime: vantage.wallTime)
        return pump(vantage)
    }

    /// Does what its host says until there is no more to do, and sends what it says to its side.
    private mutating func pump(_ vantage: Vantage<P>) -> [Dispatch<P>] {
        var sent: [Dispatch<P>] = []
        while let output = host.next() {
            switch output {
            case .append: host.assumeDurable()
            case .sign(let request):
                host.signed(
                    request.ticket, vantage.signatures.sign(request.bytes, as: vantage.own))
            case .checkAuthorship(let vote):
                let isGenuine = vantage.signatures.holds(vote)
                host.handle(
                    .authorshipChecked(vote, isGenuine: isGenuine), at: vantage.now,
                    wallTime: vantage.wallTime)
            case .publish(let unsigned, let message):
                let hearers = side.filter(vantage.recipients(of: unsigned).contains)
                sent.append(Dispatch(message, to: hearers))
            case .give(let input):
                host.handle(input, at: vantage.now, wallTime: vantage.wallTime)
            case .send(let message, let peer):
                sent.append(Dispatch(message, to: side.filter { $0 == peer }))
            case .broadcast(let message): sent.append(Dispatch(message, to: side))
            case .setTimer(let instant): timer = instant
            case .execute(let block, _): awaited.append(block.block.height)
            case .askApplication(let block, _):
                host.handle(
                    .applicationJudged(block.digest, isValid: true), at: vantage.now,
                    wallTime: vantage.wallTime)
            case .flush, .readBlocks, .readBatches, .readReady, .accuse, .diverged, .displaced,
                .rejected, .rejectedLedger, .committed, .syncStore, .truncate:
                break
            }
        }
        return sent
    }
}
