import BFTBase
import BFTCore
import BFTLedger

/// N1: what a replica says leaves in the order in which it was said, and nothing that was said
/// after a record leaves before that record is durable. What is said to one peer may be dropped.
struct EffectsInOrder<P: ConsensusProtocol>: Oracle {
    /// One life of a validator.
    private struct Life: Sendable {
        /// How many records the replica has asked for, and how many of those are durable.
        var recordCount = 0
        var durableCount = 0
        /// What was said and has not left, with the number of records before it.
        var unsaid = Deque<(effect: ReplicaEffect<P>, recordCount: Int)>()
    }

    private var lives: [Life]

    init(_ scene: Scene) { lives = scene.isHonest.map { _ in Life() } }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .powerCut(let node, _): lives[node.rawValue] = Life()
        case .durable(_, let node): lives[node.rawValue].durableCount += 1
        case .asked(let effects, let node):
            for effect in effects { note(effect, at: node.rawValue) }
        case .carriedOut(let effect, let node):
            if case .execute = effect { return nil }
            var next = lives[node.rawValue].unsaid.popFirst()
            while let dropped = next, case .send = dropped.effect, dropped.effect != effect {
                next = lives[node.rawValue].unsaid.popFirst()
            }
            guard let next, next.effect == effect else {
                return "\(node) says something out of turn: \(effect)"
            }
            if next.recordCount > lives[node.rawValue].durableCount {
                return "\(node) says what stands on a record that is not durable: \(effect)"
            }
        default: break
        }
        return nil
    }

    private mutating func note(_ effect: ReplicaEffect<P>, at node: Int) {
        switch effect {
        case .persist: lives[node].recordCount += 1
        case .sign, .send, .broadcast:
            lives[node].unsaid.append((effect, recordCount: lives[node].recordCount))
        default: break
        }
    }
}

/// N2: after its disk has failed, a node says nothing and tells no client anything.
struct SilentAfterFailure<P: ConsensusProtocol>: Oracle {
    private var hasFailed: [Bool]

    init(_ scene: Scene) { hasFailed = scene.isHonest.map { _ in false } }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .powerCut(let node, _): hasFailed[node.rawValue] = false
        case .diskFailed(let node): hasFailed[node.rawValue] = true
        case .carriedOut(let effect, let node) where hasFailed[node.rawValue]:
            return "\(node) goes on after its disk has failed: \(effect)"
        case .answered(_, _, let node) where hasFailed[node.rawValue]:
            return "\(node) answers a client after its disk has failed"
        default: break
        }
        return nil
    }
}

/// N3: whoever executes a block has its batches on disk, and can execute it again.
struct ExecutesWhatIsDurable<P: ConsensusProtocol>: Oracle {
    /// By validator: the batches that the log had when it was opened, or has made durable since.
    private var durable: [Set<BatchReference>]

    init(_ scene: Scene) { durable = scene.isHonest.map { _ in [] } }

    mutating func judge(_ observation: Observation<P>) -> String? {
        switch observation {
        case .powerCut(let node, _): durable[node.rawValue] = []
        case .batchDurable(let reference, let node): durable[node.rawValue].insert(reference)
        case .carriedOut(.execute(let block), let node):
            let missing = block.block.payload.first { !durable[node.rawValue].contains($0) }
            return missing.map { "\(node) executes batch \($0) before it is durable" }
        default: break
        }
        return nil
    }
}
