@_spi(Verification) import BFTBase
import BFTChain
import BFTCore
import BFTLedger
import BFTStorage

// Machines of a world: starts, power cuts, ends of processes.
extension World {
    mutating func restart(_ node: ValidatorIndex) {
        guard !nodes[node.rawValue].isUp, nodes[node.rawValue].refusal == nil else { return }
        let found: SimulatedNode<P>.Start
        do throws(ChainError) {
            found = try nodes[node.rawValue].start(
                configuration: configuration(of: node), limits: limits, options: storage,
                settings: hostSettings, forgetting: mistakes.forgets)
        } catch {
            return refuse(node, error)
        }
        statistics[.starts] += 1
        statistics[.replayed] += found.replayedCount
        if found.cutByteCount > 0 { statistics[.cutTails] += 1 }
        for case .consensus(let record) in found.records {
            observe(.durable(record, at: node), at: node)
        }
        observe(.powerCut(at: node, keeping: executedCount(of: node)), at: node)
        for case .batch(let copy) in found.records {
            observe(.batchDurable(copy.reference, at: node), at: node)
        }
        if let floor = found.floor {
            observe(.beganBelow(floor, at: node), at: node)
        }
        pump(node)
        for peer in validators.indices where peer != node { connect(node, peer) }
    }

    /// A node that can't start says why. A full disk is waited for; anything else ends it.
    private mutating func refuse(_ node: ValidatorIndex, _ error: ChainError) {
        if case .storage(.diskFull) = error {
            statistics[.stoppedByFullDisk] += 1
            return
        }
        statistics[.refusedStarts] += 1
        nodes[node.rawValue].refusal = "\(error)"
        traceFault(.refused, of: node, "\(error)")
        if isHonest(node) { violations.append("host: \(node) can't start: \(error)") }
    }

    private func executedCount(of node: ValidatorIndex) -> Int {
        Int(nodes[node.rawValue].state.block.height.rawValue)
    }

    /// Makes the link between two nodes anew, if both are up and it is not cut.
    mutating func connect(_ first: ValidatorIndex, _ second: ValidatorIndex) {
        guard nodes[first.rawValue].isUp, nodes[second.rawValue].isUp else { return }
        if !links.isCut(from: second.rawValue, to: first.rawValue, at: now) {
            give(.connected(second), to: first)
        }
        if !links.isCut(from: first.rawValue, to: second.rawValue, at: now) {
            give(.connected(first), to: second)
        }
    }

    /// The system of a machine whose process has ended tells its peers. One without power does not.
    private mutating func disconnect(_ peer: ValidatorIndex, from node: ValidatorIndex) {
        guard nodes[peer.rawValue].isUp,
            !links.isCut(from: node.rawValue, to: peer.rawValue, at: now)
        else { return }
        give(.disconnected(node), to: peer)
    }

    /// What survives, and for how long the machine is down, is drawn from `random`.
    mutating func cutPower(_ node: ValidatorIndex, _ random: inout SplitMix64) {
        statistics[.powerCuts] += 1
        noteTearing(node)
        nodes[node.rawValue].cutPower(&random)
        traceStop(of: node, .powerCut)
        comeBack(node, &random)
    }

    /// Ends the process of `node`. Another one is started later.
    mutating func crash(
        _ node: ValidatorIndex, isFault: Bool = true, _ random: inout SplitMix64
    ) {
        if isFault { statistics[.crashes] += 1 }
        noteTearing(node)
        nodes[node.rawValue].crash(&random)
        traceStop(of: node, .crashed)
        for peer in validators.indices where peer != node { disconnect(peer, from: node) }
        comeBack(node, &random)
    }

    private mutating func noteTearing(_ node: ValidatorIndex) {
        if nodes[node.rawValue].storage?.log.isBusy == true { statistics[.tornWrites] += 1 }
    }

    private mutating func comeBack(_ node: ValidatorIndex, _ random: inout SplitMix64) {
        abandonClients(of: node)
        observe(.powerCut(at: node, keeping: executedCount(of: node)), at: node)
        let pause = UInt64.random(in: 10...500, using: &random)
        events.add(.restart(node), at: now.advanced(by: .milliseconds(pause)))
    }

    /// All faults are over: links are whole, disks have room, clocks are right.
    mutating func heal() {
        links.mendAll()
        noteCuts()
        let mass = Decision(.massPowerCut, ordinal: 1)
        if plan.hasMassPowerCut, script.admits(mass) {
            var random = mass.random(seed: decisionSeed)
            for node in validators.indices where nodes[node.rawValue].isUp {
                cutPower(node, &random)
            }
        }
        for node in validators.indices { relieve(node) }
        for node in validators.indices {
            for peer in validators.indices where node < peer { connect(node, peer) }
        }
    }

    private mutating func relieve(_ node: ValidatorIndex) {
        let pausedUntil = nodes[node.rawValue].faults.pausedUntil
        makeRoom(node)
        nodes[node.rawValue].faults = MachineFaults(pausedUntil: pausedUntil)
    }
}
