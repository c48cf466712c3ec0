@_spi(Verification) import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import BFTWire

// How a world carries out what hosts say.
extension World {
    mutating func give(_ input: ReplicaInput<P>, to node: ValidatorIndex) {
        handle(input, at: node)
        pump(node)
    }

    private mutating func handle(_ input: ReplicaInput<P>, at node: ValidatorIndex) {
        guard nodes[node.rawValue].isUp else { return }
        let (clock, faults) = (nodes[node.rawValue].clock, nodes[node.rawValue].faults)
        let jump = now < faults.jumpEnd ? faults.jumpMilliseconds : 0
        let view = nodes[node.rawValue].host?.replica.consensus.view
        let before = probe == nil ? nil : nodes[node.rawValue].host?.replica.consensus
        let mistakes = mistakes
        var asked: [ReplicaEffect<P>] = []
        for heard in mistakes.heard(input, at: node) {
            nodes[node.rawValue].host?.handle(
                heard, at: clock.local(at: now), wallTime: clock.wall(at: now, jump: jump)
            ) { effects in
                effects = mistakes.done(effects, at: node)
                asked += effects
            }
        }
        if let entered = nodes[node.rawValue].host?.replica.consensus.view, entered != view {
            observe(.entered(entered, at: node), at: node)
        }
        if isHonest(node) {
            observe(.asked(asked, at: node))
            probe?.note(
                input, asked, before: before, after: nodes[node.rawValue].host?.replica.consensus,
                at: Moment(
                    occasion: coalition.occasionCount, millisecond: now.nanoseconds / 1_000_000))
        }
        traceView(of: node)
    }

    /// Does what the host says, one thing after another. Power may be cut before each.
    mutating func pump(_ node: ValidatorIndex) {
        let life = nodes[node.rawValue].life
        while nodes[node.rawValue].life == life, let output = nodes[node.rawValue].host?.next() {
            if mayStop(node) { return }
            observeDone(output, at: node)
            trace(output, at: node)
            perform(output, at: node)
        }
        if nodes[node.rawValue].life == life { beginSync(node) }
    }

    /// Cuts the power of `node` or ends its process, if the plan and the seed say so. Asked before
    /// each output of its host, each end of a sync, and each execution.
    mutating func mayStop(_ node: ValidatorIndex) -> Bool {
        nodes[node.rawValue].effectCount += 1
        let moment = nodes[node.rawValue].moment.next(at: now)
        guard isFaulty, plan.powerCutsPer100k + plan.crashesPer100k > 0,
            let stop = script.isList
                ? script.dueStop(of: node.rawValue, at: moment)
                : drawnStop(of: node, at: moment)
        else { return false }
        let isPlanned = stop.kind == .crash ? plan.crashesPer100k > 0 : plan.powerCutsPer100k > 0
        guard isPlanned, script.admits(stop) else { return false }
        var random = stop.random(seed: decisionSeed)
        if stop.kind == .crash {
            crash(node, &random)
        } else {
            cutPower(node, &random)
        }
        return true
    }

    private func drawnStop(of node: ValidatorIndex, at moment: UInt64) -> Decision? {
        let count = nodes[node.rawValue].effectCount
        var random = Decision(.powerCut, at: node.rawValue, ordinal: count)
            .random(seed: decisionSeed)
        let draw = Int.random(in: 0..<100_000, using: &random)
        guard draw < plan.powerCutsPer100k + plan.crashesPer100k else { return nil }
        let kind: Decision.Kind = draw < plan.powerCutsPer100k ? .powerCut : .crash
        return Decision(kind, at: node.rawValue, ordinal: moment)
    }

    private mutating func perform(_ output: HostOutput<P>, at node: ValidatorIndex) {
        switch output {
        case .append(let record): append(record, at: node)
        case .flush: nodes[node.rawValue].storage?.log.requestFlush()
        case .sign(let request): beginSigning(request, at: node)
        case .checkAuthorship(let vote):
            let time = UInt64.random(
                in: plan.syncMicroseconds, using: &nodes[node.rawValue].random)
            events.add(
                .authorshipChecked(node, life: nodes[node.rawValue].life, vote),
                at: now.advanced(by: .microseconds(time)))
        case .publish(let unsigned, let message): publish(unsigned, message, from: node)
        case .give(let input): giveBack(input, to: node)
        case .send(let message, let peer): send(message, from: node, to: peer)
        case .broadcast(let message):
            for peer in validators.indices where peer != node {
                send(message, from: node, to: peer)
            }
        case .setTimer(let instant):
            nodes[node.rawValue].timer = instant
            let time = nodes[node.rawValue].clock.world(at: instant)
            events.add(
                .timer(node, life: nodes[node.rawValue].life, at: instant), at: max(now, time))
        case .execute(let block, let places): enqueueExecution(of: block, places, at: node)
        case .readBlocks(let request, let peer): sendBlocks(request, to: peer, of: node)
        case .readBatches(let references, let peer):
            for reference in references { sendBatch(reference, to: peer, of: node) }
        case .accuse(let evidence):
            // Whoever it is: the replica of a malicious validator is an honest one, too.
            observe(.accused(evidence, by: node))
        case .diverged(let divergence):
            observe(.diverged(from: divergence.proposer, at: node), at: node)
        case .askApplication(let block, _):
            handle(.applicationJudged(block.digest, isValid: true), at: node)
        case .readReady(let ticket): answerReads(upTo: ticket, at: node)
        case .displaced(let batch):
            observe(.displaced(batch, at: node), at: node)
            refuseClients(of: batch.reference, at: node)
        case .rejected(let rejection):
            if rejection == .malformedBlock { observe(.refusedProposal(at: node), at: node) }
        case .committed(let run): observe(.committed(run, at: node), at: node)
        case .rejectedLedger: break
        case .syncStore: beginStoreSync(node)
        case .truncate(let position): truncate(upTo: position, at: node)
        }
    }

    /// Gives a replica what came of its own effects.
    private mutating func giveBack(_ input: ReplicaInput<P>, to node: ValidatorIndex) {
        switch input {
        case .received(let message, _):
            guard hearsItself(message.value, at: node) else { return }
        case .stored(let reference):
            if reference.author == node { observe(.stored(reference, at: node), at: node) }
        default: break
        }
        handle(input, at: node)
    }

    /// Beside the log: a signature is there before the record is durable, or after.
    private mutating func beginSigning(_ request: SigningRequest<P>, at node: ValidatorIndex) {
        let signature = signatures.sign(request.bytes, as: node)
        let time = UInt64.random(
            in: 0...2 * plan.syncMicroseconds.upperBound, using: &nodes[node.rawValue].random)
        events.add(
            .signed(node, life: nodes[node.rawValue].life, request.ticket, signature),
            at: now.advanced(by: .microseconds(time)))
    }

    mutating func finishSigning(
        _ ticket: SigningRequest<P>.Ticket, _ signature: [UInt8], at node: ValidatorIndex, life: Int
    ) {
        guard nodes[node.rawValue].life == life else { return }
        nodes[node.rawValue].host?.signed(ticket, signature)
        pump(node)
    }

    /// An author's signature is checked.
    mutating func finishChecking(_ vote: Vote, at node: ValidatorIndex, life: Int) {
        guard nodes[node.rawValue].life == life else { return }
        let isGenuine = signatures.holds(vote)
        give(.authorshipChecked(vote, isGenuine: isGenuine), to: node)
    }

    mutating func fireTimer(_ node: ValidatorIndex, life: Int, at time: Instant) {
        guard nodes[node.rawValue].life == life, nodes[node.rawValue].timer == time else { return }
        nodes[node.rawValue].timer = nil
        give(.timerFired, to: node)
    }
}
