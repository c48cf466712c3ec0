import BFTBase
import BFTCore
import BFTLedger
import BFTWire

// What malicious validators of a world see, and what becomes of what they send.
extension World {
    private func vantage(of node: ValidatorIndex) -> Vantage<P> {
        Vantage(
            configuration: configuration(of: node), limits: limits,
            now: nodes[node.rawValue].clock.local(at: now),
            wallTime: nodes[node.rawValue].clock.wall(at: now),
            replica: nodes[node.rawValue].host?.replica, genesis: nodes[node.rawValue].genesis,
            random: random, coalition: coalition, signatures: signatures)
    }

    /// What the adversary at `node` sends where an honest replica would send `honest`.
    private mutating func ask(
        _ node: ValidatorIndex, insteadOf honest: [Dispatch<P>],
        _ question: (inout any Adversary<P>, inout Vantage<P>) -> [Dispatch<P>]
    ) {
        guard var adversary = adversaries[node.rawValue] else { return }
        if let silence = silences[node.rawValue], now >= silence {
            if !honest.isEmpty { deviationCounts[node.rawValue] += 1 }
            return
        }
        var vantage = vantage(of: node)
        var dispatches = question(&adversary, &vantage)
        adversaries[node.rawValue] = adversary
        random = vantage.random
        coalition = vantage.coalition
        if dispatches != honest {
            if mayLie(node) {
                deviationCounts[node.rawValue] += 1
            } else {
                dispatches = honest
            }
        }
        for dispatch in dispatches { send(dispatch, from: node) }
    }

    /// Whether `node` departs from what an honest validator sends, as it wants to.
    private mutating func mayLie(_ node: ValidatorIndex) -> Bool {
        nodes[node.rawValue].lieCount += 1
        return script.admits(
            Decision(.lie, at: node.rawValue, ordinal: nodes[node.rawValue].lieCount))
    }

    mutating func sendMaliciously(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, to target: ValidatorIndex
    ) {
        ask(sender, insteadOf: [Dispatch(message, to: [target])]) { adversary, vantage in
            adversary.instead(of: message, to: target, &vantage)
        }
    }

    mutating func signMaliciously(_ unsigned: P.Unsigned, at node: ValidatorIndex) {
        let peers = validators.indices.filter { $0 != node }
        let honest = Dispatch<P>(unsigned, to: unsigned.recipients(among: peers))
        ask(node, insteadOf: [honest]) { adversary, vantage in
            adversary.instead(of: unsigned, &vantage)
        }
    }

    /// Lets the adversary at `node` hear `message`. Says whether its own replica hears it, too.
    mutating func hearMaliciously(
        _ message: ReplicaMessage<P>, from sender: ValidatorIndex, at node: ValidatorIndex
    ) -> Bool {
        coalition.hear(message)
        ask(node, insteadOf: []) { adversary, vantage in
            adversary.hear(message, from: sender, &vantage)
        }
        guard let adversary = adversaries[node.rawValue],
            !adversary.passesOn(message, from: sender, vantage(of: node)), mayLie(node)
        else { return true }
        deviationCounts[node.rawValue] += 1
        return false
    }

    /// Lets an adversary say something of its own accord.
    mutating func speak(_ node: ValidatorIndex) {
        guard now < submitUntil else { return }
        let pause = UInt64.random(in: 5...60, using: &random)
        events.add(.speak(node), at: now.advanced(by: .milliseconds(pause)))
        guard nodes[node.rawValue].isUp else { return }
        ask(node, insteadOf: []) { adversary, vantage in adversary.speak(&vantage) }
    }

    /// Everything that an adversary sends goes through the wire encoding: bytes that are no
    /// message end here, as they do at the node that receives them.
    private mutating func send(_ dispatch: Dispatch<P>, from node: ValidatorIndex) {
        guard !areMaliciousSilent else { return }
        let bytes =
            switch dispatch.content {
            case .unsigned(let unsigned):
                ReplicaMessage<P>.consensus(
                    unsigned.signed(by: node, signatures.sign(unsigned.signingBytes, as: node))
                ).encoded
            case .message(let message): message.encoded
            case .bytes(let bytes): bytes
            }
        guard let message = try? ReplicaMessage<P>(decoding: bytes) else {
            malformedCount += dispatch.targets.count
            return
        }
        if message.encoded != bytes { violations.append("wire: one message has two encodings") }
        for target in dispatch.targets {
            if target != node {
                transmit(message, from: node, to: target)
            } else if case .ledger(.batch(let copy)) = message, copy.batch.author == node {
                give(.sealed(copy.batch), to: node)
            }
        }
    }
}
