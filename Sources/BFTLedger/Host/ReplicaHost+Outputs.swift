@_spi(Verification) import BFTBase
import BFTCore

// What a host does, one thing after another.
extension ReplicaHost {
    /// What is to be done next; `nil` until something else has happened.
    public mutating func next() -> HostOutput<P>? {
        guard isSpeaking else { return nil }
        if let record = records.next { return .append(record) }
        if let output = atOnce.popFirst() { return output }
        if let output = nextWaiting() { return output }
        return owed.popFirst().map { .give($0) }
    }

    /// The first effect that waits, unless it has to wait longer.
    private mutating func nextWaiting() -> HostOutput<P>? {
        guard let first = waiting.first, first.record <= records.durableNumber else { return nil }
        switch first.effect {
        case .output(let output):
            _ = waiting.popFirst()
            return released(output)
        case .block(let block):
            _ = waiting.popFirst()
            return execute(block)
        case .message(let ticket, let unsigned):
            guard let signature = signatures.removeValue(forKey: ticket) else { return nil }
            _ = waiting.popFirst()
            let message = ReplicaMessage<P>.consensus(unsigned.signed(by: replica.own, signature))
            // Nobody else holds the key, and what it passes on was checked when it came.
            owed.append(.received(Verified(message), from: replica.own))
            return .publish(unsigned, message)
        }
    }

    /// Executes `block` as soon as its batches, and those of the blocks before, are durable.
    private mutating func execute(_ block: CommittedBlock) -> HostOutput<P> {
        unexecuted.append(
            Unexecuted(record: records.lastRecord(of: block.block.payload), block: block))
        releaseBlocks()
        guard unexecuted.isEmpty, let output = atOnce.popFirst() else {
            records.hurry()
            return .hurry
        }
        return output
    }

    /// N3: lets blocks go whose batches are durable.
    mutating func releaseBlocks() {
        while let first = unexecuted.first,
            settings.holds(.durableBatches, first.record <= records.durableNumber)
        {
            _ = unexecuted.popFirst()
            let places = records.takePlaces(of: first.block.block.payload)
            atOnce.append(.execute(first.block, places: places))
        }
    }

    // MARK: What the replica asks for

    mutating func enqueue(_ effect: ReplicaEffect<P>) {
        switch effect {
        case .persist(let record):
            let number = records.add(.consensus(record))
            if !settings.skips(.durableRecord) { lastRecord = number }
        case .store(let copy):
            // Nothing waits for it here: what needs the batch waits for `stored`. A peer's batch
            // needs no sync before there is a vote that stands on it, and then both share one.
            records.add(.batch(copy), isUrgent: copy.batch.author == replica.own)
            if settings.skips(.storedBatch) { owed.append(.stored(copy.reference)) }
        case .signBatch(let reference, let statement):
            atOnce.append(
                .sign(SigningRequest(ticket: .batch(reference), content: .batch(statement))))
        case .checkAuthorship(let vote): atOnce.append(.checkAuthorship(vote))
        case .sign(let unsigned):
            lastTicket += 1
            // Signed while the record is being written; sent only when both are done.
            atOnce.append(
                .sign(SigningRequest(ticket: .message(lastTicket), content: .message(unsigned))))
            wait(.message(ticket: lastTicket, unsigned))
        case .execute(let block): wait(.block(block))
        case .send(let message, let peer): wait(for: .send(message, to: peer))
        case .broadcast(let message): wait(for: .broadcast(message))
        case .setTimer(let instant): wait(for: .setTimer(instant))
        case .readBlocks(let request, let peer): wait(for: .readBlocks(request, for: peer))
        case .readBatches(let references, let peer):
            wait(for: .readBatches(references, for: peer))
        case .readReady(let ticket): wait(for: .readReady(upTo: ticket))
        case .askApplication(let block, let batches): wait(for: .askApplication(block, batches))
        case .accuse(let evidence): wait(for: .accuse(evidence))
        case .diverged(let divergence): wait(for: .diverged(divergence))
        case .displaced(let batch): wait(for: .displaced(batch))
        case .rejected(let rejection): wait(for: .rejected(rejection))
        case .rejectedLedger(let rejection, let peer):
            wait(for: .rejectedLedger(rejection, from: peer))
        case .committed(let run): wait(for: .committed(run))
        }
    }

    private mutating func wait(_ effect: Waiting.Effect) {
        waiting.append(Waiting(record: lastRecord, effect: effect))
    }

    private mutating func wait(for output: HostOutput<P>) {
        guard !settings.skips(.turn) else { return atOnce.append(output) }
        if admit(output) { wait(.output(output)) }
    }

    // MARK: What peers bring about

    /// Whether `output` may wait for its turn, however many like it peers have brought about.
    private mutating func admit(_ output: HostOutput<P>) -> Bool {
        switch output {
        case .setTimer(let instant):
            // Every message may set one. The last one counts, and has the place of the first.
            defer { waitingTimer = instant }
            return settings.holds(.backlog, waitingTimer == nil)
        case .rejected:
            guard settings.holds(.backlog, waitingRefusalCount < settings.waitingPerPeer) else {
                return false
            }
            waitingRefusalCount += 1
            return true
        default:
            guard let load = output.load else { return true }
            return backlog.admit(load.byteCount, for: load.peer, within: settings)
        }
    }

    /// `output`, which does not wait any more, as it is by now.
    private mutating func released(_ output: HostOutput<P>) -> HostOutput<P> {
        switch output {
        case .setTimer(let instant):
            defer { waitingTimer = nil }
            return .setTimer(waitingTimer ?? instant)
        case .rejected: waitingRefusalCount -= 1
        default:
            if let load = output.load { backlog.release(load.byteCount, for: load.peer) }
        }
        return output
    }
}
