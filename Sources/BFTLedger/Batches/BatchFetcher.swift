import BFTBase
import BFTCore

/// Batches that are needed and not here, and whom to ask for each, one peer after another.
///
/// A peer that has nothing, or lies, costs one timeout: what it sends is named by its digest, so
/// that a wrong batch answers nothing.
struct BatchFetcher: Equatable, Sendable {
    private struct Wanted: Equatable, Sendable {
        let reference: BatchReference
        /// Asked first, then the author, then everybody in turn.
        let source: ValidatorIndex
        var attempts = 0
        var dueAt: Instant
    }

    private var wanted: [Wanted] = []
    private let validatorCount: Int
    private let own: ValidatorIndex
    private let limits: LedgerLimits

    init(validatorCount: Int, own: ValidatorIndex, limits: LedgerLimits) {
        self.validatorCount = validatorCount
        self.own = own
        self.limits = limits
    }

    func isWanted(_ reference: BatchReference) -> Bool {
        wanted.contains { $0.reference == reference }
    }

    var nextDeadline: Instant? { wanted.map(\.dueAt).min() }

    mutating func want(
        _ reference: BatchReference, from source: ValidatorIndex, at due: Instant
    ) {
        guard !isWanted(reference) else { return }
        wanted.append(Wanted(reference: reference, source: source, dueAt: due))
    }

    mutating func found(_ reference: BatchReference) {
        wanted.removeAll { $0.reference == reference }
    }

    /// Forgets what is not needed any more.
    mutating func keep(only isNeeded: (BatchReference) -> Bool) {
        wanted.removeAll { !isNeeded($0.reference) }
    }

    /// The requests that are due, by peer.
    mutating func dueRequests(at now: Instant) -> [(peer: ValidatorIndex, [BatchReference])] {
        var byPeer: [[BatchReference]] = Array(repeating: [], count: validatorCount)
        for position in wanted.indices.prefix(limits.batchRequestsInFlight)
        where wanted[position].dueAt <= now {
            let peer = self.peer(for: wanted[position])
            wanted[position].attempts += 1
            wanted[position].dueAt = now.advanced(by: limits.answerTimeout)
            if peer != own, byPeer[peer.rawValue].count < LedgerLimits.batchRequestLimit {
                byPeer[peer.rawValue].append(wanted[position].reference)
            }
        }
        return byPeer.enumerated().filter { !$0.element.isEmpty }
            .map { (ValidatorIndex($0.offset), $0.element) }
    }

    private func peer(for wanted: Wanted) -> ValidatorIndex {
        var order = [wanted.source, wanted.reference.author].filter { $0 != own }
        if order.count == 2, order[0] == order[1] { order.removeLast() }
        if wanted.attempts < order.count { return order[wanted.attempts] }
        let turn = wanted.attempts - order.count + 1
        let peer = (own.rawValue + 1 + turn % max(1, validatorCount - 1)) % validatorCount
        return ValidatorIndex(peer == own.rawValue ? (peer + 1) % validatorCount : peer)
    }
}
