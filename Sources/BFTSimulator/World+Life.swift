@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger

// Machines and clients of a world: power, pauses, logs, batches, reads.
extension World {
    mutating func restart(_ node: ValidatorIndex) {
        guard !nodes[node.rawValue].isUp else { return }
        let configuration = ReplicaConfiguration(
            chain: chain, epoch: .zero, validators: validators, own: node, timing: timing)
        nodes[node.rawValue].start(
            configuration: configuration, limits: limits, forgetting: mistakes.forgets)
        give(.started, to: node)
        for peer in validators.indices where peer != node && nodes[peer.rawValue].isUp {
            give(.connected(peer), to: node)
            give(.connected(node), to: peer)
        }
    }

    mutating func cutPower(_ node: ValidatorIndex) {
        nodes[node.rawValue].cutPower(random: &random)
        history.powerWasCut(keeping: nodes[node.rawValue].disk.blocks.count, at: node)
        tracePowerCut(of: node)
        events.add(.restart(node), at: now.advanced(by: milliseconds(10...500)))
    }

    /// Suspends one machine: nothing happens on it until it goes on.
    mutating func pause(_ ordinal: UInt64) {
        guard isFaulty else { return }
        var random = Decision(.pause, ordinal: ordinal).random(seed: decisionSeed)
        func milliseconds(_ range: ClosedRange<UInt64>) -> Interval {
            .milliseconds(UInt64.random(in: range, using: &random))
        }
        events.add(.pause(ordinal: ordinal + 1), at: now.advanced(by: milliseconds(50...600)))
        let node = Int.random(in: nodes.indices, using: &random)
        let until = now.advanced(by: milliseconds(20...800))
        guard script.admits(Decision(.pause, at: node, ordinal: ordinal)) else { return }
        // Never shorter than an earlier pause: what waits for the end of that one comes first.
        let end = max(min(until, plan.healAt), nodes[node].pausedUntil ?? now)
        nodes[node].pausedUntil = end
        tracePause(of: ValidatorIndex(node), until: end)
    }

    mutating func truncate(_ node: ValidatorIndex) {
        guard now < submitUntil else { return }
        events.add(
            .truncate(node), at: now.advanced(by: milliseconds(plan.truncationMilliseconds)))
        nodes[node.rawValue].truncateLog()
    }

    // MARK: Clients

    /// A client of `node` submits a transaction, and the node seals a batch.
    mutating func submit(at node: ValidatorIndex) {
        guard now < submitUntil else { return }
        nodes[node.rawValue].submissionCount += 1
        let decision = Decision(
            .submission, at: node.rawValue, ordinal: nodes[node.rawValue].submissionCount)
        var random = decision.random(seed: decisionSeed)
        let pause = UInt64.random(in: plan.submitPauseMilliseconds, using: &random)
        events.add(.submit(node), at: now.advanced(by: .milliseconds(pause)))
        guard script.admits(decision) else { return }
        guard let replica = nodes[node.rawValue].replica, replica.hasRoom(for: 64) else { return }
        var builder = BatchBuilder()
        let transaction = random.next()
        builder.append(upTo: 8) { buffer in
            for shift in 0..<8 {
                buffer.append(UInt8(truncatingIfNeeded: transaction >> UInt64(8 * shift)))
            }
        }
        let batch = builder.seal(author: node, sequence: replica.nextOwnSequence)
        history.submitted(batch)
        traceClient(.submitted, of: node, "batch \(batch.author)/\(batch.sequence)")
        give(.sealed(batch), to: node)
    }

    /// A client of `node` reads.
    mutating func read(at node: ValidatorIndex) {
        guard now < submitUntil else { return }
        nodes[node.rawValue].readCount += 1
        let decision = Decision(.read, at: node.rawValue, ordinal: nodes[node.rawValue].readCount)
        var random = decision.random(seed: decisionSeed)
        let pause = UInt64.random(in: 20...200, using: &random)
        events.add(.read(node), at: now.advanced(by: .milliseconds(pause)))
        guard script.admits(decision) else { return }
        guard nodes[node.rawValue].isUp, isHonest(node) else { return }
        nodes[node.rawValue].lastTicket += 1
        let ticket = nodes[node.rawValue].lastTicket
        history.requestedRead(ticket, at: node)
        traceClient(.read, of: node, "ticket \(ticket)")
        give(.read(ticket: ticket), to: node)
        if mistakes.isReadingAtOnce { answerReads(upTo: ticket, at: node) }
    }

    mutating func answerReads(upTo ticket: UInt64, at node: ValidatorIndex) {
        let height = Int(nodes[node.rawValue].state.block.height.rawValue)
        if let violation = history.answeredReads(upTo: ticket, seeing: height, at: node) {
            violations.append(violation)
        }
    }
}
