@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger
import BFTWire

/// A network of replicas in which nothing is checked and everything is counted.
///
/// What runs is the product's replica, protocol and ledger. Disks, executors and signatures take
/// no time, so that what is measured is the protocol and the network; all clocks are right.
struct MeasuredNetwork<P: ConsensusProtocol> {
    /// A message on its way to many, with what it weighs. One for all receivers.
    final class Letter: Sendable {
        let message: ReplicaMessage<P>
        let byteCount: Int
        let claimCount: Int

        init(_ message: ReplicaMessage<P>) {
            self.message = message
            byteCount = message.encoded.count
            claimCount = message.claims.count
        }
    }

    enum Event: Sendable {
        case deliver(Letter, from: Int32, to: Int32)
        case timer(Int, at: Instant)
    }

    struct Node {
        var replica: Replica<P>?
        var timer: Instant?
    }

    let measurement: Measurement
    private let validators: ValidatorSet
    private let signature: [UInt8]
    private var random: SplitMix64
    private var nodes: [Node] = []
    private var events = EventQueue<Event>()
    private var now = Instant(nanoseconds: 0)
    private var run = MeasuredRun()
    /// What was counted when the first blocks were committed.
    private var start: MeasuredRun?
    private var end: MeasuredRun?
    private var startedAt = Instant(nanoseconds: 0)
    /// The committed blocks, by height - 1: what peers are sent that lack them.
    private var blocks: [CommittedBlock] = []
    private var firstView = View.zero
    private var failedAt: Instant?
    /// Who has committed the last height, and who a block made after the leader failed.
    private var isDone: [Bool]
    private var hasRecovered: [Bool]

    init(_ measurement: Measurement) throws(ValidatorSetError) {
        self.measurement = measurement
        let count = measurement.validatorCount
        validators = try ValidatorSet(Array(repeating: 1, count: count))
        signature = Array(repeating: 0, count: measurement.signatureByteCount)
        random = SplitMix64(seed: measurement.seed)
        isDone = Array(repeating: false, count: count)
        hasRecovered = isDone
        let chain = Digest(measurement.seed, 1, 2, 3)
        let genesis = CommittedState.genesis(
            Block.genesis(chain: chain, time: Timestamp(milliseconds: 0), stateRoot: .zero),
            validatorCount: count)
        let schedule = LeaderSchedule(validators)
        for validator in validators.indices {
            let configuration = ReplicaConfiguration(
                chain: chain, epoch: .zero, validators: validators, own: validator,
                timing: .init(
                    viewTimeout: measurement.network.viewTimeout,
                    idleInterval: measurement.network.viewTimeout),
                leaders: schedule)
            let isUp = !isCrashed(validator.rawValue)
            nodes.append(
                Node(
                    replica: isUp
                        ? Replica<P>(
                            configuration: configuration, limits: LedgerLimits(), state: genesis,
                            recovered: []) : nil))
        }
    }

    /// Every so many validators one, as many as are to be down.
    private func isCrashed(_ position: Int) -> Bool {
        let (count, crashed) = (measurement.validatorCount, measurement.crashedCount)
        return (position + 1) * crashed / count > position * crashed / count
    }

    // MARK: Running

    private var lastHeight: Height {
        Height(Measurement.warmUpCount + UInt64(measurement.blockCount))
    }

    private var isEnough: Bool {
        nodes.indices.allSatisfy {
            nodes[$0].replica == nil
                || (isDone[$0] && (!measurement.doesLeaderFail || hasRecovered[$0]))
        }
    }

    /// Runs until the last block is committed everywhere, or so much time has passed that it
    /// never will be.
    mutating func measured() -> MeasuredRun {
        for position in nodes.indices { give(.started, to: position) }
        var authors = 0
        for position in nodes.indices where nodes[position].replica != nil {
            guard authors < measurement.authorCount else { break }
            authors += 1
            seal(at: position)
        }
        let limit = Interval.seconds(600)
        var isOver = false
        while !isOver, let (time, event) = events.popFirst(), time.nanoseconds < limit.nanoseconds {
            now = time
            run.eventCount += 1
            let commits = run.blockCount
            handle(event)
            if run.blockCount != commits { isOver = isEnough }
        }
        var result = end ?? run
        let before = start ?? MeasuredRun()
        result.eventCount = run.eventCount
        result.messageCount -= before.messageCount
        result.byteCount -= before.byteCount
        result.signedCount -= before.signedCount
        result.verifiedCount -= before.verifiedCount
        result.blockCount = measurement.blockCount
        result.latencies = run.latencies.sorted()
        result.recovery = run.recovery
        result.isComplete = isOver
        return result
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .timer(let position, let time):
            guard nodes[position].timer == time else { return }
            nodes[position].timer = nil
            give(.timerFired, to: position)
        case .deliver(let letter, let sender, let target):
            let position = Int(target)
            guard let isUseful = nodes[position].replica?.isUseful(letter.message), isUseful else {
                return
            }
            if sender != target { run.verifiedCount += letter.claimCount }
            give(
                .received(Verified(letter.message), from: ValidatorIndex(Int(sender))),
                to: position)
        }
    }

    private mutating func give(_ input: ReplicaInput<P>, to position: Int) {
        var inputs = Deque<ReplicaInput<P>>()
        inputs.append(input)
        while let next = inputs.popFirst(), nodes[position].replica != nil {
            var effects: [ReplicaEffect<P>] = []
            // Wall clocks count microseconds here, so that the time in a block says precisely when
            // it was made.
            let wallTime = Timestamp(milliseconds: now.nanoseconds / 1_000)
            nodes[position].replica?.handle(next, at: now, wallTime: wallTime, into: &effects)
            for effect in effects { carryOut(effect, at: position, &inputs) }
        }
        noteView(of: position)
    }

    private mutating func carryOut(
        _ effect: ReplicaEffect<P>, at position: Int, _ inputs: inout Deque<ReplicaInput<P>>
    ) {
        switch effect {
        case .store(let batch): inputs.append(.stored(batch.reference))
        case .sign(let unsigned):
            run.signedCount += 1
            let letter = Letter(
                .consensus(unsigned.signed(by: ValidatorIndex(position), signature)))
            broadcast(letter, from: position)
            events.add(
                .deliver(letter, from: Int32(position), to: Int32(position)), at: now)
        case .send(let message, let peer): send(Letter(message), from: position, to: peer.rawValue)
        case .broadcast(let message): broadcast(Letter(message), from: position)
        case .setTimer(let instant):
            nodes[position].timer = instant
            events.add(.timer(position, at: instant), at: max(now, instant))
        case .execute(let block):
            let height = block.block.height
            if UInt64(blocks.count) < height.rawValue { blocks.append(block) }
            inputs.append(.executed(height, stateRoot: Digest(height.rawValue, 0, 0, 0)))
            if block.batches.contains(where: { $0.author.rawValue == position }) {
                inputs.append(.sealed(nextBatch(of: position)))
            }
        case .readBlocks(let height, let peer): sendBlocks(from: height, to: peer, of: position)
        case .readBatches(let references, let peer):
            for block in blocks {
                for batch in block.batches where references.contains(batch.reference) {
                    send(Letter(.ledger(.batch(batch))), from: position, to: peer.rawValue)
                }
            }
        case .askApplication(let block, _):
            inputs.append(.applicationJudged(block.digest, isValid: true))
        case .committed(let committed): note(committed, at: position)
        case .persist, .readReady, .accuse, .diverged, .displaced, .rejected, .rejectedLedger:
            break
        }
    }

    // MARK: Work

    private mutating func seal(at position: Int) {
        give(.sealed(nextBatch(of: position)), to: position)
    }

    private func nextBatch(of position: Int) -> Batch {
        var builder = BatchBuilder()
        let bytes = Array(repeating: UInt8(0), count: measurement.batchByteCount)
        builder.append(upTo: bytes.count) { $0.append(contentsOf: bytes) }
        return builder.seal(
            author: ValidatorIndex(position),
            sequence: nodes[position].replica?.nextOwnSequence ?? BatchSequence(1))
    }

    private mutating func sendBlocks(
        from height: Height, to peer: ValidatorIndex, of position: Int
    ) {
        let executed = nodes[position].replica?.executedHeight ?? .zero
        guard height.rawValue > 0, height <= executed else { return }
        let window = blocks[Int(height.rawValue - 1)..<Int(executed.rawValue)]
            .prefix(LedgerLimits.syncBlockLimit)
        guard let last = window.lastIndex(where: \.isCertifiedItself),
            let run = CommittedRun(
                blocks: window[...last].map(\.block), certificate: window[last].certificate)
        else { return }
        send(Letter(.ledger(.syncResponse(run))), from: position, to: peer.rawValue)
    }

    // MARK: The network

    private mutating func broadcast(_ letter: Letter, from position: Int) {
        for peer in nodes.indices where peer != position { send(letter, from: position, to: peer) }
    }

    private mutating func send(_ letter: Letter, from sender: Int, to target: Int) {
        run.messageCount += 1
        run.byteCount += letter.byteCount
        guard nodes[target].replica != nil else { return }
        events.add(
            .deliver(letter, from: Int32(sender), to: Int32(target)),
            at: now.advanced(by: delay(from: sender, to: target)))
    }

    private mutating func delay(from sender: Int, to target: Int) -> Interval {
        if let delay = measurement.network.delay { return delay }
        guard measurement.network == .wan else {
            return .microseconds(UInt64.random(in: 200...600, using: &random))
        }
        return .microseconds(
            Regions.microseconds(from: sender, to: target)
                + UInt64.random(in: 200...3_000, using: &random))
    }

    // MARK: What came of it

    private mutating func note(_ committed: CommittedRun, at position: Int) {
        run.blockCount += 1
        for block in committed.blocks {
            let latency = Interval(
                nanoseconds: now.nanoseconds - block.time.milliseconds * 1_000)
            if block.height.rawValue > Measurement.warmUpCount, block.height <= lastHeight {
                run.latencies.append(latency)
            }
            if let failedAt, !hasRecovered[position],
                block.time.milliseconds * 1_000 > failedAt.nanoseconds
            {
                hasRecovered[position] = true
                run.recovery = now.since(failedAt)
            }
        }
        let height = committed.last.height
        if start == nil, height.rawValue >= Measurement.warmUpCount {
            start = run
            startedAt = now
        }
        if height >= lastHeight {
            isDone[position] = true
            if end == nil {
                end = run
                end?.time = now.since(startedAt)
            }
        }
    }

    /// Stops the leader of a view that begins, once.
    private mutating func noteView(of position: Int) {
        guard let consensus = nodes[position].replica?.consensus, consensus.view > firstView else {
            return
        }
        firstView = consensus.view
        let leader = consensus.leader(of: firstView).rawValue
        guard measurement.doesLeaderFail, failedAt == nil, start != nil,
            nodes[leader].replica != nil
        else { return }
        failedAt = now
        nodes[leader].replica = nil
        nodes[leader].timer = nil
    }
}
