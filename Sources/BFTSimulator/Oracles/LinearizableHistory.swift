import BFTBase
import BFTCore
import BFTLedger
import BFTWire

/// What the clients of honest nodes do and are told is linearizable, key by key.
///
/// Clients work on a few registers: each transaction of eight bytes is a write or an addition, and
/// reads are reads. What a client is told comes from the blocks that its own node has executed.
/// A client whose node loses power never learns what became of its operation: that stays open.
struct LinearizableHistory<P: ConsensusProtocol>: Oracle {
    static var keyCount: Int { 4 }

    /// An operation that waits for its answer.
    private struct Waiting: Sendable {
        enum Cause: Equatable, Sendable {
            case transaction(Digest, Int)
            case read(UInt64)
        }
        let node: ValidatorIndex
        let cause: Cause
        let key: Int
        let position: Int
    }

    private var histories: [[RegisterOperation]] = Array(repeating: [], count: Self.keyCount)
    private var waiting: [Waiting] = []
    /// Each node's registers, by height.
    private var registers: [ValidatorIndex: [[UInt64]]] = [:]
    private var invoked: Set<Digest> = []
    private var time = 0

    mutating func judge(_ observation: Observation<P>) -> String? {
        time += 1
        switch observation {
        case .submitted(let batch, let node): invoke(batch, at: node)
        case .executed(let block, _, let node):
            // What malicious validators order comes from nobody: it begins when it is first seen.
            for batch in block.batches { invoke(batch, at: nil) }
            execute(block, at: node)
        case .powerCut(let node, let keeping):
            waiting.removeAll { $0.node == node }
            let count = registers[node]?.count ?? 1
            registers[node]?.removeLast(max(0, count - 1 - keeping))
        case .readRequested(let ticket, let node):
            let key = Int(ticket % UInt64(Self.keyCount))
            wait(.read(ticket), key, at: node)
            histories[key].append(RegisterOperation(.read, from: time, to: nil))
        case .readsAnswered(let last, _, let node): answerReads(upTo: last, at: node)
        case .rested: return flaw
        default: break
        }
        return nil
    }

    private var flaw: String? {
        for (key, history) in histories.enumerated() {
            if case .notLinearizable(let position) = LinearizabilityCheck.outcome(of: history) {
                return "no order explains \(history[position]) on key \(key)"
            }
        }
        return nil
    }

    private mutating func wait(_ cause: Waiting.Cause, _ key: Int, at node: ValidatorIndex) {
        waiting.append(
            Waiting(node: node, cause: cause, key: key, position: histories[key].count))
    }

    private mutating func invoke(_ batch: Batch, at node: ValidatorIndex?) {
        guard invoked.insert(batch.digest).inserted else { return }
        for (index, (key, action)) in Self.actions(of: batch).enumerated() {
            if let node { wait(.transaction(batch.digest, index), key, at: node) }
            histories[key].append(RegisterOperation(action, from: time, to: nil))
        }
    }

    private mutating func execute(_ block: CommittedBlock, at node: ValidatorIndex) {
        var states = registers[node] ?? [Array(repeating: 0, count: Self.keyCount)]
        var state = states[states.count - 1]
        for batch in block.batches {
            for (index, (key, action)) in Self.actions(of: batch).enumerated() {
                state[key] =
                    RegisterOperation(action, from: 0, to: nil).applied(to: state[key])
                    ?? state[key]
                answer(.transaction(batch.digest, index), state[key], at: node)
            }
        }
        states.append(state)
        registers[node] = states
    }

    private mutating func answerReads(upTo last: UInt64, at node: ValidatorIndex) {
        for read in waiting where read.node == node {
            guard case .read(let ticket) = read.cause, ticket <= last else { continue }
            answer(read.cause, registers[node]?.last?[read.key] ?? 0, at: node)
        }
    }

    private mutating func answer(_ cause: Waiting.Cause, _ value: UInt64, at node: ValidatorIndex) {
        guard let index = waiting.firstIndex(where: { $0.node == node && $0.cause == cause })
        else { return }
        let answered = waiting.remove(at: index)
        histories[answered.key][answered.position].completedAt = time
        histories[answered.key][answered.position].result = value
    }

    /// What the transactions of a batch do. Those of another length than eight do nothing.
    static func actions(of batch: Batch) -> [(key: Int, action: RegisterOperation.Action)] {
        var actions: [(key: Int, action: RegisterOperation.Action)] = []
        batch.forEachTransaction { transaction in
            var reader = Reader(transaction)
            guard transaction.byteCount == 8, let word = try? reader.uint64() else { return }
            let amount = word >> 16
            actions.append(
                (
                    Int(word % UInt64(keyCount)),
                    word >> 8 & 1 == 0 ? .write(amount) : .add(amount)
                ))
        }
        return actions
    }
}
