@_spi(Verification) import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import BFTWire

// How a world carries out what replicas ask for: in the node's order.
extension World {
    mutating func give(_ input: ReplicaInput<P>, to node: ValidatorIndex) {
        guard nodes[node.rawValue].isUp else { return }
        var effects: [ReplicaEffect<P>] = []
        let (clock, faults) = (nodes[node.rawValue].clock, nodes[node.rawValue].faults)
        let jump = now < faults.jumpEnd ? faults.jumpMilliseconds : 0
        let view = nodes[node.rawValue].replica?.consensus.view
        let before = probe == nil ? nil : nodes[node.rawValue].replica?.consensus
        for heard in mistakes.heard(input, at: node) {
            nodes[node.rawValue].replica?.handle(
                heard, at: clock.local(at: now), wallTime: clock.wall(at: now, jump: jump),
                into: &effects)
        }
        if let entered = nodes[node.rawValue].replica?.consensus.view, entered != view {
            observe(.entered(entered, at: node), at: node)
        }
        if isHonest(node) {
            probe?.note(
                input, effects, before: before, after: nodes[node.rawValue].replica?.consensus,
                at: Moment(
                    occasion: coalition.occasionCount, millisecond: now.nanoseconds / 1_000_000))
        }
        for effect in effects {
            for done in mistakes.done(effect, at: node) { enqueue(done, at: node) }
        }
        traceView(of: node)
        pump(node)
    }

    /// Hands what is to become durable to the log at once. All else waits for its turn.
    private mutating func enqueue(_ effect: ReplicaEffect<P>, at node: ValidatorIndex) {
        switch effect {
        case .persist(let record):
            let number = append(.consensus(record), at: node)
            guard let number else { return }
            nodes[node.rawValue].storage?.undurable.append((number, record))
            if !mistakes.isVotingBeforeDurable {
                nodes[node.rawValue].waiting.append(.record(number))
            }
        case .store(let copy):
            guard mistakes.isKeepingBatchesInMemory else {
                _ = append(.batch(copy), at: node)
                return
            }
            events.add(
                .stored(node, life: nodes[node.rawValue].life, copy.batch),
                at: now.advanced(by: .microseconds(plan.syncMicroseconds.upperBound)))
        case .signBatch(let reference, let statement):
            // Beside the log: now before a batch is durable, now after.
            let signature = signatures.sign(statement.signingBytes, as: node)
            let time = UInt64.random(
                in: 0...2 * plan.syncMicroseconds.upperBound,
                using: &nodes[node.rawValue].random)
            events.add(
                .batchSigned(node, life: nodes[node.rawValue].life, reference, signature),
                at: now.advanced(by: .microseconds(time)))
        case .checkAuthorship(let vote):
            let time = UInt64.random(
                in: plan.syncMicroseconds, using: &nodes[node.rawValue].random)
            events.add(
                .authorshipChecked(node, life: nodes[node.rawValue].life, vote),
                at: now.advanced(by: .microseconds(time)))
        default: nodes[node.rawValue].waiting.append(.effect(effect))
        }
    }

    /// Carries effects out in order, up to the next record that is not durable. Power may be cut
    /// before each.
    mutating func pump(_ node: ValidatorIndex) {
        let life = nodes[node.rawValue].life
        while nodes[node.rawValue].life == life, let next = nodes[node.rawValue].waiting.first {
            if case .record(let number) = next {
                let durable = nodes[node.rawValue].storage?.records.durableNumber ?? 0
                guard durable >= number else { break }
            }
            _ = nodes[node.rawValue].waiting.popFirst()
            if mayStop(node) { return }
            if case .effect(let effect) = next { carryOut(effect, at: node) }
        }
        if nodes[node.rawValue].life == life { beginSync(node) }
    }

    /// Cuts the power of `node` or ends its process, if the plan and the seed say so. Asked before
    /// each effect, each end of a sync, and each execution.
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

    private mutating func carryOut(_ effect: ReplicaEffect<P>, at node: ValidatorIndex) {
        trace(effect, at: node)
        switch effect {
        // Carried out when they were queued.
        case .persist, .store, .signBatch, .checkAuthorship: break
        case .sign(let unsigned): sign(unsigned, at: node)
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
        case .execute(let block): enqueueExecution(of: block, at: node)
        case .readBlocks(let request, let peer): sendBlocks(request, to: peer, of: node)
        case .readBatches(let references, let peer):
            for reference in references { sendBatch(reference, to: peer, of: node) }
        case .accuse(let evidence):
            // Whoever it is: the replica of a malicious validator is an honest one, too.
            observe(.accused(evidence, by: node))
        case .diverged(let divergence):
            observe(.diverged(from: divergence.proposer, at: node), at: node)
        case .askApplication(let block, _):
            give(.applicationJudged(block.digest, isValid: true), to: node)
        case .readReady(let ticket): answerReads(upTo: ticket, at: node)
        case .displaced(let batch):
            observe(.displaced(batch, at: node), at: node)
            refuseClients(of: batch.reference, at: node)
        case .rejected(let rejection):
            if rejection == .malformedBlock { observe(.refusedProposal(at: node), at: node) }
        case .committed(let run): observe(.committed(run, at: node), at: node)
        case .rejectedLedger: break
        }
    }

    mutating func fireTimer(_ node: ValidatorIndex, life: Int, at time: Instant) {
        guard nodes[node.rawValue].life == life, nodes[node.rawValue].timer == time else { return }
        nodes[node.rawValue].timer = nil
        give(.timerFired, to: node)
    }
}
