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
        events.add(.restart(node), at: now.advanced(by: milliseconds(10...500)))
    }

    /// Suspends one machine: nothing happens on it until it goes on.
    mutating func pause() {
        guard isFaulty else { return }
        events.add(.pause, at: now.advanced(by: milliseconds(50...600)))
        let node = Int.random(in: nodes.indices, using: &random)
        let until = now.advanced(by: milliseconds(20...800))
        // Never shorter than the pause before: later things would pass what that one put off.
        let end = min(until, plan.healAt)
        nodes[node].pausedUntil = max(nodes[node].pausedUntil ?? end, end)
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
        events.add(
            .submit(node), at: now.advanced(by: milliseconds(plan.submitPauseMilliseconds)))
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
        give(.sealed(batch), to: node)
    }

    /// A client of `node` reads.
    mutating func read(at node: ValidatorIndex) {
        guard now < submitUntil else { return }
        events.add(.read(node), at: now.advanced(by: milliseconds(20...200)))
        guard nodes[node.rawValue].isUp, isHonest(node) else { return }
        nodes[node.rawValue].lastTicket += 1
        let ticket = nodes[node.rawValue].lastTicket
        history.requestedRead(ticket, at: node)
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
