import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import BFTStorage
import BFTWire

// Disks, and what runs on them: the log, the executor, the store.
extension World {
    // MARK: The log

    /// What a host is told of its log. Batches stay in it that are far smaller than at a node, and
    /// it is cut sooner, so that all ways are gone in every world. Records are counted there, not
    /// bytes: a run is the same whatever signatures weigh.
    var hostSettings: HostSettings {
        var settings = HostSettings()
        settings.largeBatchBytes = 128
        settings.truncationBytes = 200
        settings.recordByteLimit = storage.log.payloadByteLimit
        settings.skippedCheck = mistakes.skippedCheck
        return settings
    }

    /// Hands a record over to the log, if that has room.
    mutating func append(_ record: HostRecord<P>, at node: ValidatorIndex) {
        guard let log = nodes[node.rawValue].storage?.log else { return }
        var (type, parts) = (record.type, record.parts)
        let isLost = mistakes.isKeepingBatchesInMemory && type != RecordType.replica
        if isLost {
            // Something is written, and it says nothing.
            (type, parts) = (RecordType.replica, [ReplicaRecord<P>.floor(.ground).encoded])
        }
        guard let position = log.append(type: type, parts: parts, isUrgent: record.isUrgent)
        else {
            statistics[.refusedRecords] += 1
            nodes[node.rawValue].host?.logIsFull()
            return
        }
        nodes[node.rawValue].host?.appended(at: position, byteCount: 1)
        if !record.isRepeated, !isLost {
            nodes[node.rawValue].storage?.pendingRecords.append((position, record.content))
        }
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
        guard isWorking(node, life: life), let log = nodes[node.rawValue].storage?.log,
            !mayStop(node)
        else { return }
        if nodes[node.rawValue].faults.isSyncFailing { armFailingSync(node) }
        let position: LogPosition
        do throws(StorageError) {
            position = try log.finishGroup()
        } catch {
            return fail(node, error)
        }
        observeDurable(upTo: position, at: node)
        nodes[node.rawValue].host?.durable(upTo: position)
        pump(node)
    }

    private mutating func observeDurable(upTo position: LogPosition, at node: ValidatorIndex) {
        while let next = nodes[node.rawValue].storage?.pendingRecords.first,
            next.position <= position
        {
            _ = nodes[node.rawValue].storage?.pendingRecords.popFirst()
            switch next.record {
            case .consensus(let record): observe(.durable(record, at: node), at: node)
            case .batch(let copy): observe(.batchDurable(copy.reference, at: node), at: node)
            case .committed, .blocks, .floor: break
            }
        }
    }

    // MARK: Failures

    /// The disk has failed: the node falls silent, as the product does, and its operator starts it
    /// again.
    mutating func fail(_ node: ValidatorIndex, _ error: StorageError) {
        guard nodes[node.rawValue].isServing else { return }
        if case .diskFull = error {
            statistics[.stoppedByFullDisk] += 1
        } else {
            statistics[.stoppedByFailedSync] += 1
        }
        if isHonest(node), !isFaulty { violations.append("host: \(node) has stopped: \(error)") }
        nodes[node.rawValue].host?.fail()
        observe(.diskFailed(at: node), at: node)
        abandonClients(of: node)
        let time = UInt64.random(in: 1...50, using: &nodes[node.rawValue].random)
        events.add(
            .stopFailed(node, life: nodes[node.rawValue].life),
            at: now.advanced(by: .milliseconds(time)))
    }

    mutating func stopFailed(_ node: ValidatorIndex, life: Int) {
        guard nodes[node.rawValue].life == life else { return }
        var random = SplitMix64(seed: nodes[node.rawValue].random.next())
        crash(node, isFault: false, &random)
    }

    /// Whether the disk and the executor of that life of `node` are at work.
    private func isWorking(_ node: ValidatorIndex, life: Int) -> Bool {
        nodes[node.rawValue].life == life && nodes[node.rawValue].isServing
    }

    // MARK: Execution

    /// One executor, one block after the other.
    mutating func enqueueExecution(
        of block: CommittedBlock, _ places: [LogPosition?], at node: ValidatorIndex
    ) {
        let start = max(now, nodes[node.rawValue].executorFreeAt)
        let time = UInt64.random(
            in: plan.executionMicroseconds, using: &nodes[node.rawValue].random)
        if time >= 1_000 { statistics[.slowExecutions] += 1 }
        let end = start.advanced(by: .microseconds(time))
        nodes[node.rawValue].executorFreeAt = end
        events.add(
            .executed(node, life: nodes[node.rawValue].life, block, places: places), at: end)
    }

    mutating func execute(
        _ block: CommittedBlock, at places: [LogPosition?], by node: ValidatorIndex, life: Int
    ) {
        guard isWorking(node, life: life), !mayStop(node) else { return }
        let earlier = nodes[node.rawValue].state
        guard block.block.height == earlier.block.height.next else {
            violations.append("host: \(node) executes \(block.block.height) out of order")
            return
        }
        guard let executed = nodes[node.rawValue].storage?.executor.execute(block, at: places)
        else { return }
        let root = executed.stateRoot
        nodes[node.rawValue].state = CommittedState(after: block, stateRoot: root)
        note(root.word0)
        observe(.executed(block, root: root, at: node), at: node)
        adversaries[node.rawValue]?.executed(block, root: root)
        answerWrites(executed.results, at: node)
        give(.executed(block.block.height, stateRoot: root), to: node)
        // Some blocks wait for the next: a crash takes them, after what they answer was told.
        guard isWorking(node, life: life),
            block.block.height.rawValue.isMultiple(of: Self.keptHeights)
        else { return }
        keep(node)
    }

    /// How many blocks are kept with one write, unless somebody wants to read them earlier.
    private static var keptHeights: UInt64 { 3 }

    /// Keeps the blocks that were executed. Says whether the node goes on.
    @discardableResult
    private mutating func keep(_ node: ValidatorIndex) -> Bool {
        do throws(StorageError) {
            try nodes[node.rawValue].storage?.executor.flush()
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
        guard isWorking(node, life: life), !mayStop(node) else { return }
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
        nodes[node.rawValue].host?.truncate()
        pump(node)
    }

    /// The executor syncs the store, when it has executed what it was given before.
    mutating func beginStoreSync(_ node: ValidatorIndex) {
        let start = max(now, nodes[node.rawValue].executorFreeAt)
        let end = start.advanced(by: syncTime(of: node))
        nodes[node.rawValue].executorFreeAt = end
        events.add(.storeSynced(node, life: nodes[node.rawValue].life), at: end)
    }

    mutating func finishStoreSync(_ node: ValidatorIndex, life: Int) {
        guard isWorking(node, life: life), !mayStop(node), keep(node) else { return }
        do throws(StorageError) {
            try nodes[node.rawValue].storage?.store.sync()
        } catch {
            return fail(node, error)
        }
        nodes[node.rawValue].host?.storeSynced()
        pump(node)
    }

    mutating func truncate(upTo position: LogPosition, at node: ValidatorIndex) {
        guard let log = nodes[node.rawValue].storage?.log else { return }
        let before = log.segmentCount
        do throws(StorageError) {
            try log.truncate(upTo: position)
        } catch {
            return fail(node, error)
        }
        statistics[.retiredSegments] += before - log.segmentCount
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
