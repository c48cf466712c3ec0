@_spi(Verification) import BFTBase
import BFTCore
import BFTLedger
import BFTWire

// The network of a world: delays, losses, splits, and what adversaries send.
extension World {
    /// Sends what `sender` has to send to `target`: the message, or what an adversary makes of it.
    mutating func send(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, to target: ValidatorIndex
    ) {
        guard var adversary = adversaries[sender.rawValue] else {
            return transmit(message, from: sender, to: target)
        }
        var messages = adversary.messages(insteadOf: message, to: target, random: &random)
        adversaries[sender.rawValue] = adversary
        if messages != [message], !mayLie(sender) { messages = [message] }
        for message in messages { transmit(message, from: sender, to: target) }
    }

    private mutating func transmit(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, to target: ValidatorIndex
    ) {
        let (from, to) = (sender.rawValue, target.rawValue)
        messageCounts[from * nodes.count + to] += 1
        let ordinal = messageCounts[from * nodes.count + to]
        func name(_ kind: Decision.Kind) -> Decision {
            Decision(kind, at: from, to: to, ordinal: ordinal)
        }
        var random = name(.loss).random(seed: decisionSeed)
        var copies = 1
        if isFaulty {
            guard sides[from] == sides[to] else {
                return traceLoss(message, from: sender, to: target, because: "cut off")
            }
            if random.chance(plan.lossPerMille), script.admits(name(.loss)) {
                return traceLoss(message, from: sender, to: target, because: "lost")
            }
            if random.chance(plan.duplicationPerMille), script.admits(name(.duplication)) {
                copies = 2
            }
        }
        for _ in 0..<copies {
            var delay = Interval.microseconds(
                UInt64.random(in: plan.delayMicroseconds, using: &random))
            if isFaulty, random.chance(plan.stragglerPerMille), script.admits(name(.straggler)) {
                delay = delay.scaled(by: 100)
            }
            let arrival = now.advanced(by: delay)
            traceSending(message, from: sender, to: target, arriving: arrival)
            events.add(.deliver(message, from: sender, to: target), at: arrival)
        }
    }

    mutating func deliver(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, to target: ValidatorIndex
    ) {
        adversaries[target.rawValue]?.hear(message, from: sender)
        guard let replica = nodes[target.rawValue].replica, replica.isUseful(message),
            mistakes.isSkippingVerification
                || message.claims.allSatisfy({ signatures.holds($0) })
        else { return }
        give(.received(Verified(message), from: sender), to: target)
    }

    mutating func sign(_ unsigned: P.Unsigned, at node: ValidatorIndex) {
        let peers = validators.indices.filter { $0 != node }
        var sent: [(P.Unsigned, to: [ValidatorIndex])] = [(unsigned, to: peers)]
        if var adversary = adversaries[node.rawValue] {
            let changed = adversary.messages(insteadOf: unsigned, peers: peers, random: &random)
            adversaries[node.rawValue] = adversary
            let isHonest =
                changed.count == 1 && changed[0].0 == unsigned && changed[0].to == peers
            if !isHonest, mayLie(node) { sent = changed }
        }
        for (message, targets) in sent {
            let signed = message.signed(
                by: node, signatures.sign(message.signingBytes, as: node))
            for target in targets { transmit(.consensus(signed), from: node, to: target) }
        }
        // A replica hears itself say what it meant to say.
        let own = unsigned.signed(by: node, signatures.sign(unsigned.signingBytes, as: node))
        events.add(.deliver(.consensus(own), from: node, to: node), at: now)
    }

    /// Whether `node` departs from what an honest validator sends, as it wants to.
    private mutating func mayLie(_ node: ValidatorIndex) -> Bool {
        nodes[node.rawValue].lieCount += 1
        return script.admits(
            Decision(.lie, at: node.rawValue, ordinal: nodes[node.rawValue].lieCount))
    }

    /// Lets an adversary say something of its own accord.
    mutating func speak(_ node: ValidatorIndex) {
        guard now < submitUntil else { return }
        events.add(.speak(node), at: now.advanced(by: milliseconds(5...60)))
        guard var adversary = adversaries[node.rawValue], nodes[node.rawValue].isUp else { return }
        let messages = adversary.speak(random: &random)
        adversaries[node.rawValue] = adversary
        guard !messages.isEmpty, mayLie(node) else { return }
        for message in messages {
            for peer in validators.indices where peer != node {
                transmit(message, from: node, to: peer)
            }
        }
    }

    // MARK: Splits

    /// Splits the network in two, cuts one replica off, or makes it whole.
    mutating func split(_ ordinal: UInt64) {
        guard isFaulty else { return }
        let decision = Decision(.partition, ordinal: ordinal)
        var random = decision.random(seed: decisionSeed)
        let pause = Interval.milliseconds(UInt64.random(in: 100...900, using: &random))
        events.add(.partition(ordinal: ordinal + 1), at: now.advanced(by: pause))
        guard script.admits(decision) else { return }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: sides = sides.map { _ in Int.random(in: 0...1, using: &random) }
        case 1:
            let alone = Int.random(in: sides.indices, using: &random)
            sides = sides.indices.map { $0 == alone ? 1 : 0 }
        default:
            sides = sides.map { _ in 0 }
            reconnect()
        }
        traceSides()
    }

    mutating func heal() {
        sides = sides.map { _ in 0 }
        traceSides()
        if plan.hasMassPowerCut, script.admits(Decision(.massPowerCut, ordinal: 1)) {
            for node in validators.indices where nodes[node.rawValue].isUp { cutPower(node) }
        }
        reconnect()
    }

    private mutating func reconnect() {
        for node in validators.indices where nodes[node.rawValue].isUp {
            for peer in validators.indices where peer != node && nodes[peer.rawValue].isUp {
                give(.connected(peer), to: node)
            }
        }
    }
}
