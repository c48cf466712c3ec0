import BFTBase
import BFTCore
import BFTStorage

// The faults that a schedule brings.
extension World {
    /// Begins `fault`, if the seed and the script say so, and sees to the next time.
    mutating func begin(_ fault: ScheduledFault, _ ordinal: UInt64) {
        guard isFaulty, let schedule = plan[fault] else { return }
        let decision = Decision(Decision.Kind(fault), ordinal: ordinal)
        var random = decision.random(seed: decisionSeed)
        let pause = UInt64.random(in: schedule.every, using: &random)
        events.add(
            .fault(fault, ordinal: ordinal + 1), at: now.advanced(by: .milliseconds(pause)))
        let duration = UInt64.random(in: schedule.lasting, using: &random)
        guard script.admits(decision) else { return }
        let end = min(now.advanced(by: .milliseconds(duration)), plan.healAt)
        switch fault {
        case .split, .isolation, .oneWay, .flapping: cut(fault, until: end, &random)
        case .pause, .slowNode, .slowDisk, .clockJump: hamper(fault, until: end, &random)
        case .fullDisk: fillDisk(until: end, &random)
        case .failedSync:
            let node = Int.random(in: nodes.indices, using: &random)
            nodes[node].faults.isSyncFailing = true
        case .corruption, .rollback: spoil(fault, until: end, &random)
        case .lostChain: loseChain(&random)
        }
    }

    // MARK: Network

    private mutating func cut(
        _ fault: ScheduledFault, until end: Instant, _ random: inout SplitMix64
    ) {
        // The malicious have the cut that they want.
        guard !links.isStraddled else { return }
        let first = Int.random(in: nodes.indices, using: &random)
        let step = Int.random(in: 1..<max(2, nodes.count), using: &random)
        let second = (first + step) % nodes.count
        let shape: Links.Cut.Shape
        switch fault {
        case .split:
            statistics[.splits] += 1
            let sides = nodes.indices.map { _ in Bool.random(using: &random) }
            shape = .split(straddled(sides, &random))
        case .isolation:
            statistics[.isolations] += 1
            shape = .split(straddled(nodes.indices.map { $0 == first }, &random))
        case .oneWay:
            statistics[.oneWayCuts] += 1
            shape = .oneWay(from: first, to: second)
        default:
            statistics[.flaps] += 1
            let period = UInt64.random(in: 2...60, using: &random)
            shape = .flapping(first, second, every: .milliseconds(period), since: now)
        }
        let number = links.cut(shape)
        let isLasting = links.isStraddled && Bool.random(using: &random)
        events.add(.mend(cut: number), at: isLasting ? plan.healAt : end)
        noteCuts()
    }

    /// Two times of three, whoever is malicious stands on both sides: the network is the
    /// adversary's, and keeps honest validators from one another rather than from it.
    private func straddled(_ sides: [Bool], _ random: inout SplitMix64) -> [Bool?] {
        let isMalicious = sides.indices.map { self.isMalicious(ValidatorIndex($0)) }
        guard isMalicious.contains(true), !random.oneIn(3) else { return sides }
        return Links.Cut.straddled(sides, by: isMalicious)
    }

    /// The malicious know who is cut off.
    mutating func noteCuts() {
        coalition.secluded = links.secluded
        traceCuts()
    }

    /// Ends a cut, and makes the links anew that were cut.
    mutating func mend(_ number: Int) {
        let before = links
        guard links.mend(number) else { return }
        noteCuts()
        for node in validators.indices {
            for peer in validators.indices where node < peer {
                let (first, second) = (node.rawValue, peer.rawValue)
                let wasCut =
                    before.isCut(from: first, to: second, at: now)
                    || before.isCut(from: second, to: first, at: now)
                if wasCut { connect(node, peer) }
            }
        }
    }

    // MARK: Machines

    private mutating func hamper(
        _ fault: ScheduledFault, until end: Instant, _ random: inout SplitMix64
    ) {
        let node = Int.random(in: nodes.indices, using: &random)
        // One wrong clock at a time: a quorum of clocks that are ahead commits a block from the
        // future, and nobody may build on that until the others' clocks have come there.
        if fault == .clockJump, nodes.contains(where: { now < $0.faults.jumpEnd }) { return }
        traceFault(
            fault == .pause ? .paused : .fault, of: ValidatorIndex(node), until: end,
            "\(fault.rawValue) for \(end.since(now))")
        switch fault {
        case .pause:
            statistics[.pauses] += 1
            nodes[node].faults.pausedUntil = max(end, nodes[node].faults.pausedUntil ?? end)
            events.add(.resume(ValidatorIndex(node)), at: end)
        case .slowNode:
            statistics[.slowNodes] += 1
            nodes[node].faults.messageMicroseconds = UInt64.random(in: 100...5_000, using: &random)
            nodes[node].faults.slowUntil = end
        case .slowDisk:
            statistics[.slowDisks] += 1
            nodes[node].faults.syncFactor = UInt64.random(in: 10...300, using: &random)
            nodes[node].faults.slowDiskUntil = end
        default:
            statistics[.clockJumps] += 1
            nodes[node].faults.jumpMilliseconds = Int.random(in: -60_000...60_000, using: &random)
            nodes[node].faults.jumpEnd = end
        }
    }

    // MARK: Disks

    private mutating func fillDisk(until end: Instant, _ random: inout SplitMix64) {
        let node = Int.random(in: nodes.indices, using: &random)
        guard !nodes[node].faults.isDiskFull else { return }
        statistics[.fullDisks] += 1
        traceFault(.fault, of: ValidatorIndex(node), until: end, "the disk is full")
        nodes[node].fillDisk(slack: Int.random(in: 0...8_000, using: &random))
        events.add(.diskHasRoom(ValidatorIndex(node)), at: end)
    }

    /// There is room again, and the node is started if it had stopped.
    mutating func makeRoom(_ node: ValidatorIndex) {
        guard nodes[node.rawValue].faults.isDiskFull else { return }
        nodes[node.rawValue].emptyDisk()
        restart(node)
    }

    /// The next sync of the log fails, if the group takes no new segment.
    mutating func armFailingSync(_ node: ValidatorIndex) {
        nodes[node.rawValue].faults.isSyncFailing = false
        let log = nodes[node.rawValue].disk.log
        let count = log.operationCount
        // A group is a write and a sync.
        log.setFaults { $0.failingSyncAt = count + 2 }
    }

    /// An operator stops a node, moves its chain aside and starts it on its log. Always the same
    /// node, and none without which there is no quorum: what is committed is on other disks, too.
    private mutating func loseChain(_ random: inout SplitMix64) {
        let candidates = validators.indices.filter { node in
            !validators.isWeakQuorum(validators.powers[node.rawValue]) && isHonest(node)
        }
        guard let node = chainLoser ?? candidates.randomElement(using: &random),
            nodes[node.rawValue].isUp
        else { return }
        chainLoser = node
        statistics[.lostChains] += 1
        traceFault(.fault, of: node, "the chain is moved aside")
        crash(node, isFault: false, &random)
        nodes[node.rawValue].loseChain()
    }

    /// Damages a bad disk while its machine is down, or puts an earlier image in its place.
    private mutating func spoil(
        _ fault: ScheduledFault, until end: Instant, _ random: inout SplitMix64
    ) {
        guard let node = nodes.indices.filter({ hasBadDisk[$0] }).randomElement(using: &random),
            nodes[node].isUp
        else { return }
        traceFault(.fault, of: ValidatorIndex(node), "\(fault.rawValue)")
        if fault == .rollback, let image = nodes[node].image {
            statistics[.rollbacks] += 1
            cutPower(ValidatorIndex(node), &random)
            nodes[node].replaceDisk(by: image)
            return
        }
        // Now, and the disk as it is: an image to come back to.
        nodes[node].image = nodes[node].disk.image
        guard fault == .corruption else { return }
        cutPower(ValidatorIndex(node), &random)
        if Bool.random(using: &random) {
            statistics[.bitRot] += 1
            nodes[node].disk.rot(&random)
        } else {
            statistics[.misdirectedWrites] += 1
            nodes[node].disk.misdirect(&random)
        }
    }
}
