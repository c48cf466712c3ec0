import BFTBase
import BFTCore
import BFTLedger

/// What the clients of honest nodes do and are told is linearizable, key by key.
///
/// Once a run is at rest, it is known of each write whether it is in the chain. One that is took
/// effect before anybody honest had executed it, also if its client was never told; one that is not
/// never did. One that was refused because its batch was displaced is in no block, and a key whose
/// history can't be followed is counted as undecided. Keys that expire are left out.
struct LinearizableHistory<P: ConsensusProtocol>: Oracle {
    private struct Entry: Sendable {
        let key: Int
        let action: RegisterOperation.Action
        let isRead: Bool
        let invokedAt: Int
        var answeredAt: Int?
        var result: UInt64?
        /// When the first honest validator executed it.
        var executedAt: Int?
        /// The client was told that it never will be.
        var isRefused = false
    }

    private var entries: [Entry] = []
    /// The entry of each operation of a client, by its number.
    private var positions: [Int: Int] = [:]
    /// The entries of each batch of an honest node.
    private var writes: [BatchReference: [Int]] = [:]
    private var executedHeight = 0
    private var time = 0
    private(set) var undecidedCount = 0

    mutating func judge(_ observation: Observation<P>) -> String? {
        time += 1
        switch observation {
        case .invoked(let number, let action, let batch, _): invoke(number, action, batch)
        case .answered(let number, let answer, _): return finish(number, answer)
        case .executed(let block, _, _): return execute(block)
        case .displaced(let batch, _):
            for position in writes[batch.reference] ?? [] { entries[position].isRefused = true }
        case .rested(unfinished: nil): return judgeKeys()
        default: break
        }
        return nil
    }

    private mutating func invoke(
        _ number: Int, _ action: ClientOperation.Action, _ batch: BatchReference?
    ) {
        guard let (key, register) = action.onRegister else { return }
        positions[number] = entries.count
        if let batch { writes[batch, default: []].append(entries.count) }
        entries.append(
            Entry(key: key, action: register, isRead: action.isRead, invokedAt: time))
    }

    private mutating func finish(_ number: Int, _ answer: ClientOperation.Answer) -> String? {
        guard let position = positions[number] else { return nil }
        entries[position].answeredAt = time
        switch answer {
        case .ok: break
        case .missing: entries[position].result = 0
        case .integer(let value), .value(let value):
            entries[position].result = UInt64(bitPattern: value)
        case .error(let text): return "operation \(number) was answered \(text)"
        }
        if !entries[position].isRead, entries[position].executedAt == nil {
            return "operation \(number) was answered and is in no block"
        }
        return nil
    }

    private mutating func execute(_ block: CommittedBlock) -> String? {
        let height = Int(block.block.height.rawValue)
        guard height > executedHeight else { return nil }
        executedHeight = height
        for batch in block.batches {
            guard let written = writes[batch.reference] else {
                executeForeign(batch)
                continue
            }
            for position in written {
                entries[position].executedAt = time
                if entries[position].isRefused {
                    return "batch \(batch.sequence) of \(batch.author) was refused and is executed"
                }
            }
        }
        return nil
    }

    /// What malicious validators order comes from nobody: it happens when it is first executed.
    private mutating func executeForeign(_ batch: Batch) {
        batch.forEachTransaction { transaction in
            guard let (key, action) = ClientOperation.Action(transaction)?.onRegister else {
                return
            }
            entries.append(
                Entry(key: key, action: action, isRead: false, invokedAt: time, executedAt: time))
        }
    }

    private mutating func judgeKeys() -> String? {
        for key in Set(entries.map(\.key)).sorted() {
            let history = entries.filter { $0.key == key }.compactMap { entry in
                (entry.answeredAt ?? entry.executedAt).map {
                    RegisterOperation(
                        entry.action, from: entry.invokedAt, to: $0, result: entry.result)
                }
            }
            switch LinearizabilityCheck.outcome(of: history) {
            case .linearizable: break
            case .undecided: undecidedCount += 1
            case .notLinearizable(let position):
                return "no order explains \(history[position]) on key \(key)"
            }
        }
        return nil
    }
}

extension ClientOperation.Action {
    /// The register that the operation is on, and what it does there.
    fileprivate var onRegister: (key: Int, action: RegisterOperation.Action)? {
        switch self {
        case .get(let key): (key, .read)
        case .set(let key, let value): (key, .write(UInt64(bitPattern: value)))
        case .setIfAbsent(let key, let value):
            (key, .writeIfAbsent(UInt64(bitPattern: value)))
        case .exchange(let key, let value): (key, .exchange(UInt64(bitPattern: value)))
        case .add(let key, let value): (key, .add(UInt64(bitPattern: value)))
        case .delete(let key): (key, .remove)
        case .setExpiring: nil
        }
    }
}
