@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger
import BFTWire

// The network of a world: delays, losses, and what adversaries send.
extension World {
    /// Sends what `sender` has to send to `target`: the message, or what an adversary makes of it.
    mutating func send(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, to target: ValidatorIndex
    ) {
        guard !isMalicious(sender) else {
            return sendMaliciously(message, from: sender, to: target)
        }
        if case .ledger(.batch(let copy)) = message, copy.batch.author == sender,
            copy.authorship != nil
        {
            observe(.authored(copy.reference, at: sender), at: sender)
        }
        transmit(message, from: sender, to: target)
    }

    mutating func transmit(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, to target: ValidatorIndex
    ) {
        statistics[.sent] += 1
        let bytes = plan.encodesMessages ? message.encoded : nil
        let event: Event =
            bytes.map { .deliverBytes($0, from: sender, to: target) }
            ?? .deliver(message, from: sender, to: target)
        let ordinal = links.nextMessage(from: sender.rawValue, to: target.rawValue)
        let name = Decision(.loss, at: sender.rawValue, to: target.rawValue, ordinal: ordinal)
        let departure = departure(from: sender, to: target) {
            bytes?.count ?? message.encoded.count
        }
        guard let departure else {
            return traceLoss(message, from: sender, to: target, because: "cut off")
        }
        var random = name.random(seed: decisionSeed)
        let delays = delays(name, &random)
        if delays.isEmpty { traceLoss(message, from: sender, to: target, because: "lost") }
        for delay in delays {
            let arrival = departure.advanced(by: delay)
            traceSending(message, from: sender, to: target, arriving: arrival)
            events.add(event, at: arrival)
        }
    }

    /// When a message leaves: at once, unless the link is cut or has no room.
    private mutating func departure(
        from sender: ValidatorIndex, to target: ValidatorIndex, byteCount: () -> Int
    ) -> Instant? {
        let (from, to) = (sender.rawValue, target.rawValue)
        // A lull may outlast the faults.
        guard !links.isCut(from: from, to: to, at: now) else {
            statistics[.cutOff] += 1
            return nil
        }
        guard isFaulty, plan.bytesPerMillisecond > 0 else { return now }
        let departure = links.send(
            byteCount(), from: from, to: to, at: now, rate: plan.bytesPerMillisecond,
            limit: .milliseconds(500))
        if departure == nil {
            statistics[.overflowed] += 1
        } else {
            statistics[.queued] += 1
        }
        return departure
    }

    /// How long a message takes: no delay if it is lost, two if it comes twice.
    private mutating func delays(
        _ name: Decision, _ random: inout SplitMix64
    ) -> [Interval] {
        func named(_ kind: Decision.Kind) -> Decision {
            Decision(kind, at: name.place, to: name.target, ordinal: name.ordinal)
        }
        var copies = 1
        if isFaulty {
            if random.chance(plan.lossPerMille), script.admits(name) {
                statistics[.lost] += 1
                return []
            }
            if random.chance(plan.duplicationPerMille), script.admits(named(.duplication)) {
                statistics[.duplicated] += 1
                copies = 2
            }
        }
        var delays: [Interval] = []
        for _ in 0..<copies {
            var time = UInt64.random(in: plan.delayMicroseconds, using: &random)
            if plan.isWide {
                let way = Regions.microseconds(from: name.place, to: name.target)
                if way > 0 { statistics[.crossed] += 1 }
                time += way
            }
            if isFaulty { time = stretched(time, &random) }
            var delay = Interval.microseconds(time)
            if isFaulty, random.chance(plan.stragglerPerMille), script.admits(named(.straggler)) {
                statistics[.delayed] += 1
                delay = delay.scaled(by: 100)
            }
            delays.append(delay)
        }
        return delays
    }

    /// A heavy tail: doubled while chance says so, at most ten times.
    private mutating func stretched(_ time: UInt64, _ random: inout SplitMix64) -> UInt64 {
        var doublings: UInt64 = 0
        while doublings < 10, random.chance(plan.tailPerMille) { doublings += 1 }
        if doublings > 0 { statistics[.tailed] += 1 }
        return time << doublings
    }

    // MARK: Arriving

    /// A message lies at `target`. A slow machine comes to it later.
    mutating func arrive(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, at target: ValidatorIndex
    ) {
        let faults = nodes[target.rawValue].faults
        guard now < faults.slowUntil, sender != target else {
            return deliver(message, from: sender, to: target)
        }
        let end = max(now, faults.cpuFreeAt)
            .advanced(by: .microseconds(faults.messageMicroseconds))
        // As on a link, what waits too long is dropped.
        guard end.since(now) < .seconds(1) else { return statistics[.overflowed] += 1 }
        nodes[target.rawValue].faults.cpuFreeAt = end
        events.add(
            .process(
                message, from: sender, to: target, life: nodes[target.rawValue].life), at: end)
    }

    mutating func arrive(
        _ bytes: [UInt8], from sender: ValidatorIndex, at target: ValidatorIndex
    ) {
        do throws(WireError) {
            let message = try ReplicaMessage<P>(decoding: bytes)
            statistics[.decoded] += 1
            arrive(message, from: sender, at: target)
        } catch {
            statistics[.undecodable] += 1
            if isHonest(sender) {
                violations.append("wire: \(target) can't decode what \(sender) sent: \(error)")
            }
        }
    }

    mutating func deliver(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, to target: ValidatorIndex
    ) {
        if isMalicious(target), !hearMaliciously(message, from: sender, at: target) { return }
        guard let replica = nodes[target.rawValue].host?.replica else { return }
        let isUseful = replica.isUseful(message, from: sender)
        let trusted = replica.trusted(message, from: sender)
        guard
            !isUseful || trusted != nil || mistakes.isSkippingVerification
                || signatures.holds(message)
        else {
            if isHonest(sender) {
                violations.append("wire: \(target) has a false signature from \(sender)")
            }
            return
        }
        observe(message, from: sender, at: target, isUseful: isUseful)
        guard isUseful else { return }
        give(.received(trusted ?? Verified(message), from: sender), to: target)
    }

    /// A message of `node` itself leaves: as it is, or what an adversary makes of it.
    mutating func publish(
        _ unsigned: P.Unsigned, _ message: ReplicaMessage<P>, from node: ValidatorIndex
    ) {
        observe(.signed(unsigned, by: node), at: node)
        guard !isMalicious(node) else { return signMaliciously(unsigned, at: node) }
        let peers = validators.indices.filter { $0 != node }
        for peer in unsigned.recipients(among: peers) { transmit(message, from: node, to: peer) }
    }

    /// A replica hears itself say what it meant to say, if its adversary lets it.
    mutating func hearsItself(_ message: ReplicaMessage<P>, at node: ValidatorIndex) -> Bool {
        if isMalicious(node), !hearMaliciously(message, from: node, at: node) { return false }
        let isUseful = nodes[node.rawValue].host?.replica.isUseful(message, from: node) == true
        observe(message, from: node, at: node, isUseful: isUseful)
        return true
    }
}
