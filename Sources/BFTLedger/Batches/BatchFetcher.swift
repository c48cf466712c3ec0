import BFTBase
import BFTCore

/// Batches that are needed and not here, and whom to ask for each, one peer after another.
///
/// A peer that has nothing, or lies, costs one timeout: what it sends is named by its digest, so
/// that a wrong batch answers nothing.
///
/// A proposal of a Byzantine leader may name batches that nobody has. Requests are few at a time,
/// and one that was not answered goes behind all others, so it holds nothing up for long.
struct BatchFetcher: Equatable, Sendable {
    private struct Wanted: Equatable, Sendable {
        let reference: BatchReference
        /// Asked first, then the author, then everybody in turn.
        let source: ValidatorIndex
        var attempts = 0
        /// When to ask, or when the answer is late.
        var dueAt: Instant
        var isAsked = false
    }

    private var wanted: [Wanted] = []
    /// The names in `wanted`. Never walked.
    private var names: Set<BatchReference> = []
    private let validatorCount: Int
    private let own: ValidatorIndex
    private let limits: LedgerLimits

    init(validatorCount: Int, own: ValidatorIndex, limits: LedgerLimits) {
        self.validatorCount = validatorCount
        self.own = own
        self.limits = limits
    }

    func isWanted(_ reference: BatchReference) -> Bool { names.contains(reference) }

    private var askedCount: Int { wanted.reduce(0) { $0 + ($1.isAsked ? 1 : 0) } }

    /// When the next request is due or late. What waits for room is due when an answer is late.
    var nextDeadline: Instant? {
        let hasRoom = askedCount < limits.batchRequestsInFlight
        return wanted.lazy.filter { hasRoom || $0.isAsked }.map(\.dueAt).min()
    }

    mutating func want(
        _ reference: BatchReference, from source: ValidatorIndex, at due: Instant
    ) {
        guard names.insert(reference).inserted else { return }
        wanted.append(Wanted(reference: reference, source: source, dueAt: due))
    }

    mutating func found(_ reference: BatchReference) {
        guard names.remove(reference) != nil else { return }
        wanted.removeAll { $0.reference == reference }
    }

    /// Forgets what is not needed any more.
    mutating func keep(only isNeeded: (BatchReference) -> Bool) {
        wanted.removeAll { entry in
            guard !isNeeded(entry.reference) else { return false }
            names.remove(entry.reference)
            return true
        }
    }

    /// The requests that are due, by peer.
    mutating func dueRequests(at now: Instant) -> [(peer: ValidatorIndex, [BatchReference])] {
        guard !wanted.isEmpty else { return [] }
        putLateOnesLast(at: now)
        var byPeer: [[BatchReference]] = Array(repeating: [], count: validatorCount)
        var room = limits.batchRequestsInFlight - askedCount
        for position in wanted.indices where !wanted[position].isAsked {
            guard room > 0 else { break }
            guard wanted[position].dueAt <= now else { continue }
            let peer = self.peer(for: wanted[position])
            wanted[position].attempts += 1
            wanted[position].dueAt = now.advanced(by: limits.answerTimeout)
            wanted[position].isAsked = true
            room -= 1
            if peer != own { byPeer[peer.rawValue].append(wanted[position].reference) }
        }
        return byPeer.enumerated().filter { !$0.element.isEmpty }
            .map { (ValidatorIndex($0.offset), $0.element) }
    }

    private mutating func putLateOnesLast(at now: Instant) {
        var late: [Wanted] = []
        wanted.removeAll { entry in
            guard entry.isAsked, entry.dueAt <= now else { return false }
            late.append(entry)
            return true
        }
        for var entry in late {
            entry.isAsked = false
            wanted.append(entry)
        }
    }

    private func peer(for wanted: Wanted) -> ValidatorIndex {
        var order = [wanted.source, wanted.reference.author].filter { $0 != own }
        if order.count == 2, order[0] == order[1] { order.removeLast() }
        if wanted.attempts < order.count { return order[wanted.attempts] }
        let turn = wanted.attempts - order.count + 1
        // Everybody but this replica, which is asked only where there is nobody else.
        let step = 1 + turn % max(1, validatorCount - 1)
        return ValidatorIndex((own.rawValue + step) % validatorCount)
    }
}
