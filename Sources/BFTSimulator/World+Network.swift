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
        let messages = adversary.messages(insteadOf: message, to: target, random: &random)
        adversaries[sender.rawValue] = adversary
        for message in messages { transmit(message, from: sender, to: target) }
    }

    private mutating func transmit(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, to target: ValidatorIndex
    ) {
        var copies = 1
        if isFaulty {
            guard sides[sender.rawValue] == sides[target.rawValue], !chance(plan.lossPerMille)
            else { return }
            if chance(plan.duplicationPerMille) { copies = 2 }
        }
        for _ in 0..<copies {
            var delay = Interval.microseconds(
                UInt64.random(in: plan.delayMicroseconds, using: &random))
            if isFaulty, chance(plan.stragglerPerMille) { delay = delay.scaled(by: 100) }
            events.add(
                .deliver(message, from: sender, to: target), at: now.advanced(by: delay))
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
        let peers = validators.indices.filter {
            $0 != node && $0 == unsigned.recipient ?? $0
        }
        var sent: [(P.Unsigned, to: [ValidatorIndex])] = [(unsigned, to: peers)]
        if var adversary = adversaries[node.rawValue] {
            sent = adversary.messages(insteadOf: unsigned, peers: peers, random: &random)
            adversaries[node.rawValue] = adversary
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

    /// Lets an adversary say something of its own accord.
    mutating func speak(_ node: ValidatorIndex) {
        guard now < submitUntil else { return }
        events.add(.speak(node), at: now.advanced(by: milliseconds(5...60)))
        guard var adversary = adversaries[node.rawValue], nodes[node.rawValue].isUp else { return }
        let messages = adversary.speak(random: &random)
        adversaries[node.rawValue] = adversary
        for message in messages {
            for peer in validators.indices where peer != node {
                transmit(message, from: node, to: peer)
            }
        }
    }

    // MARK: Splits

    /// Splits the network in two, cuts one replica off, or makes it whole.
    mutating func split() {
        guard isFaulty else { return }
        events.add(.partition, at: now.advanced(by: milliseconds(100...900)))
        switch Int.random(in: 0..<3, using: &random) {
        case 0: sides = sides.map { _ in Int.random(in: 0...1, using: &random) }
        case 1:
            let alone = Int.random(in: sides.indices, using: &random)
            sides = sides.indices.map { $0 == alone ? 1 : 0 }
        default:
            sides = sides.map { _ in 0 }
            reconnect()
        }
    }

    mutating func heal() {
        sides = sides.map { _ in 0 }
        if plan.hasMassPowerCut {
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
