@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger
import BFTWire

// How a world carries out what replicas ask for.
extension World {
    mutating func give(_ input: ReplicaInput<P>, to node: ValidatorIndex) {
        guard nodes[node.rawValue].isUp else { return }
        var effects: [ReplicaEffect<P>] = []
        let wallTime = Timestamp(milliseconds: 1_700_000_000_000 + now.nanoseconds / 1_000_000)
        nodes[node.rawValue].replica?.handle(
            input, at: now, wallTime: wallTime, into: &effects)
        for effect in effects { nodes[node.rawValue].waiting.append(effect) }
        carryOutWaiting(node)
    }

    /// Carries effects out in order, up to the next sync. Power may be cut before each.
    private mutating func carryOutWaiting(_ node: ValidatorIndex) {
        let life = nodes[node.rawValue].life
        while nodes[node.rawValue].life == life, !nodes[node.rawValue].isSyncing,
            let effect = nodes[node.rawValue].waiting.popFirst()
        {
            if isFaulty, plan.powerCutsPer100k > 0,
                Int.random(in: 0..<100_000, using: &random) < plan.powerCutsPer100k
            {
                return cutPower(node)
            }
            carryOut(effect, at: node)
        }
    }

    mutating func finishStore(_ batch: Batch, at node: ValidatorIndex, life: Int) {
        guard nodes[node.rawValue].life == life else { return }
        nodes[node.rawValue].disk.sync(upTo: batch.reference)
        if batch.author == node, isHonest(node) { history.stored(batch.reference) }
        give(.stored(batch.reference), to: node)
    }

    mutating func finishSync(_ node: ValidatorIndex, life: Int) {
        guard nodes[node.rawValue].life == life else { return }
        nodes[node.rawValue].disk.log += nodes[node.rawValue].disk.unsynced
        nodes[node.rawValue].disk.unsynced = []
        nodes[node.rawValue].isSyncing = false
        carryOutWaiting(node)
    }

    private func syncTime() -> ClosedRange<UInt64> { plan.syncMicroseconds }

    private mutating func afterSync() -> Instant {
        now.advanced(by: .microseconds(UInt64.random(in: syncTime(), using: &random)))
    }

    private mutating func carryOut(_ effect: ReplicaEffect<P>, at node: ValidatorIndex) {
        let life = nodes[node.rawValue].life
        switch effect {
        case .persist(let record):
            nodes[node.rawValue].disk.unsynced.append(.consensus(record))
            nodes[node.rawValue].isSyncing = !mistakes.isVotingBeforeDurable
            events.add(.synced(node, life: life), at: afterSync())
        case .store(let batch):
            if !mistakes.isKeepingBatchesInMemory {
                nodes[node.rawValue].disk.unsynced.append(.batch(batch))
            }
            events.add(.stored(node, life: life, batch), at: afterSync())
        case .sign(let unsigned): sign(unsigned, at: node)
        case .send(let message, let peer): send(message, from: node, to: peer)
        case .broadcast(let message):
            for peer in validators.indices where peer != node {
                send(message, from: node, to: peer)
            }
        case .setTimer(let instant):
            nodes[node.rawValue].timer = instant
            events.add(.timer(node, life: life, at: instant), at: max(now, instant))
        case .execute(let block):
            // One executor, one block after the other.
            let start = max(now, nodes[node.rawValue].executorFreeAt)
            let end = start.advanced(
                by: .microseconds(
                    UInt64.random(in: plan.executionMicroseconds, using: &random)))
            nodes[node.rawValue].executorFreeAt = end
            events.add(.executed(node, life: life, block), at: end)
        case .readBlocks(let from, let peer): sendBlocks(from: from, to: peer, of: node)
        case .readBatches(let references, let peer):
            for reference in references { sendBatch(reference, to: peer, of: node) }
        case .accuse(let evidence):
            if isHonest(evidence.culprit) {
                violations.append("honest \(evidence.culprit) is accused by \(node)")
            }
            history.accused(evidence.culprit)
        case .diverged(let divergence):
            if isHonest(node), isHonest(divergence.proposer) {
                violations.append("\(node) computed another state than \(divergence.proposer)")
            }
        case .askApplication(let block, _):
            give(.applicationJudged(block.digest, isValid: true), to: node)
        case .readReady(let ticket): answerReads(upTo: ticket, at: node)
        case .displaced(let batch):
            if isHonest(node) { violations.append("\(node) displaced its batch \(batch.sequence)") }
        case .rejected(let rejection):
            if rejection == .malformedBlock, adversaries.allSatisfy({ $0 == nil }) {
                violations.append("\(node) refuses the proposal of an honest leader")
            }
        case .rejectedLedger, .committed: break
        }
    }

    // MARK: Execution and storage

    /// The application of this world: a chain of digests, which depends on every byte in order.
    mutating func execute(_ block: CommittedBlock, at node: ValidatorIndex) {
        let earlier = nodes[node.rawValue].state
        guard block.block.height == earlier.block.height.next else {
            violations.append(
                "\(node) executes \(block.block.height) after \(earlier.block.height)")
            return
        }
        var content = earlier.stateRoot.bytes + block.block.digest.bytes
        for batch in block.batches { content += batch.digest.bytes }
        let root = Digest.of(content, in: .stateRoot)
        let state = CommittedState(after: block, stateRoot: root)
        nodes[node.rawValue].state = state
        nodes[node.rawValue].disk.blocks.append((block, state))
        for reference in block.block.payload {
            nodes[node.rawValue].disk.batchHeights[reference] =
                nodes[node.rawValue].disk.blocks.count
        }
        note(root.word0)
        if isHonest(node) {
            if let violation = history.executed(block, root: root, at: node) {
                violations.append(violation)
            }
            checkCertificate(of: block, at: node)
        }
        give(.executed(block.block.height, stateRoot: root), to: node)
    }

    private mutating func checkCertificate(of block: CommittedBlock, at node: ValidatorIndex) {
        guard block.isCertifiedItself else { return }
        let certificate = block.certificate
        // Restated: more than two thirds of the power, each signature good, for this block.
        let power = certificate.signers.positions.reduce(UInt64(0)) { $0 + validators.powers[$1] }
        let committed = certificate.statement.committed
        if power * 3 <= validators.total * 2 || committed?.digest != block.block.digest
            || !certificate.claims.allSatisfy({ signatures.holds($0) })
        {
            violations.append("\(node) committed \(block.block.height) without a certificate")
        }
    }

    private mutating func sendBlocks(
        from height: Height, to peer: ValidatorIndex, of node: ValidatorIndex
    ) {
        let blocks = nodes[node.rawValue].disk.blocks
        let first = Int(clamping: height.rawValue) - 1
        guard first >= 0, first < blocks.count else { return }
        let window = blocks[first..<min(blocks.count, first + LedgerLimits.syncBlockLimit)]
        guard let last = window.lastIndex(where: { $0.block.isCertifiedItself }),
            let run = CommittedRun(
                blocks: blocks[first...last].map(\.block.block),
                certificate: blocks[last].block.certificate)
        else { return }
        send(.ledger(.syncResponse(run)), from: node, to: peer)
    }

    private mutating func sendBatch(
        _ reference: BatchReference, to peer: ValidatorIndex, of node: ValidatorIndex
    ) {
        let disk = nodes[node.rawValue].disk
        guard let height = disk.batchHeights[reference], height <= disk.blocks.count,
            let batch = disk.blocks[height - 1].block.batches.first(where: {
                $0.reference == reference
            })
        else { return }
        send(.ledger(.batch(batch)), from: node, to: peer)
    }
}
