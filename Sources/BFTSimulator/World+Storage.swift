import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import BFTStorage
import BFTWire

// Disks, and what runs on them: the log, the executor, the store.
extension World {
    // MARK: The log

    /// Batches of this many bytes stay in the log. Far fewer than at a node, so that both ways are
    /// gone in every world.
    private static var largeBatchBytes: Int { 128 }

    /// Hands a record over to the log. Returns its number, if the machine is up.
    mutating func append(
        _ record: ReplicaRecord<P>, isRepeated: Bool = false, at node: ValidatorIndex
    ) -> UInt64? {
        guard let log = nodes[node.rawValue].storage?.log else { return nil }
        guard case .batch(let copy) = record else {
            return nodes[node.rawValue].storage?.records.append(
                type: RecordType.replica, parts: [record.encoded], to: log)
        }
        return nodes[node.rawValue].storage?.records.append(
            copy, largeFrom: Self.largeBatchBytes, isRepeated: isRepeated,
            isUrgent: isRepeated || copy.batch.author == node, to: log)
    }

    /// Hands what has gathered to the disk, unless that is busy.
    mutating func beginSync(_ node: ValidatorIndex) {
        guard let log = nodes[node.rawValue].storage?.log, log.beginGroup() else { return }
        events.add(
            .synced(node, life: nodes[node.rawValue].life), at: now.advanced(by: syncTime(of: node))
        )
    }

    private mutating func syncTime(of node: ValidatorIndex) -> Interval {
        let faults = nodes[node.rawValue].faults
        let time = UInt64.random(in: plan.syncMicroseconds, using: &nodes[node.rawValue].random)
        return .microseconds(time * (now < faults.slowDiskUntil ? faults.syncFactor : 1))
    }

    mutating func finishSync(_ node: ValidatorIndex, life: Int) {
        guard nodes[node.rawValue].life == life, let log = nodes[node.rawValue].storage?.log else {
            return
        }
        if mayStop(node) { return }
        if nodes[node.rawValue].faults.isSyncFailing { armFailingSync(node) }
        let position: LogPosition
        do throws(StorageError) {
            position = try log.finishGroup()
        } catch {
            return fail(node, error)
        }
        let stored = nodes[node.rawValue].storage?.records.becameDurable(position) ?? []
        observeDurable(node)
        executeDurable(node)
        for reference in stored {
            noteStored(reference, at: node)
            give(.stored(reference), to: node)
            guard nodes[node.rawValue].life == life else { return }
        }
        pump(node)
        if nodes[node.rawValue].life == life { continueTruncation(node) }
    }

    private mutating func observeDurable(_ node: ValidatorIndex) {
        while let storage = nodes[node.rawValue].storage, let next = storage.undurable.first,
            next.number <= storage.records.durableNumber
        {
            _ = nodes[node.rawValue].storage?.undurable.popFirst()
            observe(.durable(next.record, at: node), at: node)
        }
    }

    mutating func finishStore(_ batch: Batch, at node: ValidatorIndex, life: Int) {
        guard nodes[node.rawValue].life == life else { return }
        noteStored(batch.reference, at: node)
        give(.stored(batch.reference), to: node)
    }

    /// The signature of an own batch is made.
    mutating func finishSigning(
        _ reference: BatchReference, _ signature: [UInt8], at node: ValidatorIndex, life: Int
    ) {
        guard nodes[node.rawValue].life == life else { return }
        give(.batchSigned(reference, signature: signature), to: node)
    }

    /// An author's signature is checked.
    mutating func finishChecking(_ vote: Vote, at node: ValidatorIndex, life: Int) {
        guard nodes[node.rawValue].life == life else { return }
        let isGenuine = vote.claims.allSatisfy { signatures.holds($0) }
        give(.authorshipChecked(vote, isGenuine: isGenuine), to: node)
    }

    private mutating func noteStored(_ reference: BatchReference, at node: ValidatorIndex) {
        if reference.author == node { observe(.stored(reference, at: node), at: node) }
    }

    /// The disk has failed: the node falls silent, as the product does, and its operator starts it
    /// again.
    mutating func fail(_ node: ValidatorIndex, _ error: StorageError) {
        if case .diskFull = error {
            statistics[.stoppedByFullDisk] += 1
        } else {
            statistics[.stoppedByFailedSync] += 1
        }
        if isHonest(node), !isFaulty { violations.append("host: \(node) has stopped: \(error)") }
        var random = SplitMix64(seed: nodes[node.rawValue].random.next())
        crash(node, isFault: false, &random)
    }

    // MARK: Execution

    /// Executes `block` as soon as its batches, and those of the blocks before, are durable.
    mutating func enqueueExecution(of block: CommittedBlock, at node: ValidatorIndex) {
        guard let record = nodes[node.rawValue].storage?.records.lastRecord(of: block.block.payload)
        else { return }
        nodes[node.rawValue].storage?.unexecuted.append((record, block))
        executeDurable(node)
        guard nodes[node.rawValue].storage?.unexecuted.isEmpty == false else { return }
        nodes[node.rawValue].storage?.log.hurry()
        beginSync(node)
    }

    private mutating func executeDurable(_ node: ValidatorIndex) {
        while let storage = nodes[node.rawValue].storage, let next = storage.unexecuted.first,
            next.record <= storage.records.durableNumber
        {
            _ = nodes[node.rawValue].storage?.unexecuted.popFirst()
            // One executor, one block after the other.
            let start = max(now, nodes[node.rawValue].executorFreeAt)
            let time = UInt64.random(
                in: plan.executionMicroseconds, using: &nodes[node.rawValue].random)
            if time >= 1_000 { statistics[.slowExecutions] += 1 }
            let end = start.advanced(by: .microseconds(time))
            nodes[node.rawValue].executorFreeAt = end
            events.add(
                .executed(node, life: nodes[node.rawValue].life, next.block), at: end)
        }
    }

    mutating func execute(_ block: CommittedBlock, at node: ValidatorIndex) {
        if mayStop(node) { return }
        let earlier = nodes[node.rawValue].state
        guard block.block.height == earlier.block.height.next else {
            violations.append("host: \(node) executes \(block.block.height) out of order")
            return
        }
        let places = nodes[node.rawValue].storage?.records.takePlaces(of: block.block.payload)
        guard
            let executed = nodes[node.rawValue].storage?.executor.execute(block, at: places ?? [])
        else { return }
        let root = executed.stateRoot
        nodes[node.rawValue].state = CommittedState(after: block, stateRoot: root)
        note(root.word0)
        observe(.executed(block, root: root, at: node), at: node)
        adversaries[node.rawValue]?.executed(block, root: root)
        answerWrites(executed.results, at: node)
        let life = nodes[node.rawValue].life
        give(.executed(block.block.height, stateRoot: root), to: node)
        guard nodes[node.rawValue].life == life else { return }
        // Some blocks wait for the next: a crash takes them, after what they answer was told.
        if !block.block.height.rawValue.isMultiple(of: Self.keptHeights) || keep(node) {
            continueTruncation(node)
        }
    }

    /// How many blocks are kept with one write, unless somebody wants to read them earlier.
    private static var keptHeights: UInt64 { 3 }

    /// Keeps the blocks that were executed. Says whether the node goes on.
    @discardableResult
    private mutating func keep(_ node: ValidatorIndex) -> Bool {
        do throws(StorageError) {
            try nodes[node.rawValue].storage?.executor.keep()
        } catch {
            fail(node, error)
            return false
        }
        if let save = nodes[node.rawValue].storage?.executor.takeSave() {
            events.add(
                .stateSaved(node, life: nodes[node.rawValue].life, save),
                at: now.advanced(by: syncTime(of: node)))
        }
        return true
    }

    mutating func write(_ save: StateSave, at node: ValidatorIndex, life: Int) {
        guard nodes[node.rawValue].life == life, !mayStop(node) else { return }
        do throws(StorageError) {
            try nodes[node.rawValue].storage?.store.write(save)
            nodes[node.rawValue].storage?.executor.noteSaved()
        } catch {
            fail(node, error)
        }
    }

    // MARK: Giving old records up

    /// Begins to give old segments of the log up, unless that is under way.
    mutating func truncate(_ node: ValidatorIndex) {
        guard now < submitUntil else { return }
        let pause = UInt64.random(
            in: plan.truncationMilliseconds, using: &nodes[node.rawValue].random)
        events.add(.truncate(node), at: now.advanced(by: .milliseconds(pause)))
        measure(node)
        guard let storage = nodes[node.rawValue].storage, case .idle = storage.truncation.step,
            let replica = nodes[node.rawValue].replica
        else { return }
        var last = storage.records.durableNumber
        let upTo = storage.records.durablePosition
        for record in replica.liveRecords {
            last = append(record, isRepeated: true, at: node) ?? last
        }
        nodes[node.rawValue].storage?.truncation.step = .rewriting(
            lastRecord: last, height: replica.committedHeight, upTo: upTo)
        beginSync(node)
        continueTruncation(node)
    }

    private mutating func continueTruncation(_ node: ValidatorIndex) {
        guard let storage = nodes[node.rawValue].storage,
            case .rewriting(let last, let height, let upTo) = storage.truncation.step,
            storage.records.durableNumber >= last,
            nodes[node.rawValue].state.block.height >= height
        else { return }
        nodes[node.rawValue].storage?.records.forgetPlaces(upTo: upTo)
        nodes[node.rawValue].storage?.truncation.step = .syncing(upTo: upTo)
        let start = max(now, nodes[node.rawValue].executorFreeAt)
        let end = start.advanced(by: syncTime(of: node))
        nodes[node.rawValue].executorFreeAt = end
        events.add(.storeSynced(node, life: nodes[node.rawValue].life), at: end)
    }

    /// The store is durable, so the segments that say nothing else can go.
    mutating func finishTruncation(_ node: ValidatorIndex, life: Int) {
        guard nodes[node.rawValue].life == life, let storage = nodes[node.rawValue].storage,
            case .syncing(let upTo) = storage.truncation.step
        else { return }
        if mayStop(node) { return }
        nodes[node.rawValue].storage?.truncation.step = .idle
        do throws(StorageError) {
            guard keep(node) else { return }
            if !mistakes.isRetiringBeforeSync { try storage.store.sync() }
            let before = storage.log.segmentCount
            try storage.log.retire(upTo: upTo)
            statistics[.retiredSegments] += before - storage.log.segmentCount
        } catch {
            fail(node, error)
        }
    }

    // MARK: Serving peers

    mutating func sendBlocks(
        _ request: SyncRequest, to peer: ValidatorIndex, of node: ValidatorIndex
    ) {
        guard keep(node),
            let answer = try? nodes[node.rawValue].storage?.store.answer(
                request, within: limits)
        else { return }
        send(.ledger(answer), from: node, to: peer)
    }

    mutating func sendBatch(
        _ reference: BatchReference, to peer: ValidatorIndex, of node: ValidatorIndex
    ) {
        guard keep(node), let batch = try? nodes[node.rawValue].storage?.store.batch(reference)
        else { return }
        send(.ledger(.batch(BatchCopy(batch))), from: node, to: peer)
    }
}
