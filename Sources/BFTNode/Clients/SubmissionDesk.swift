import BFTBase
import BFTCore
import BFTLedger

/// What became of a transaction or a query that did not come from a session.
typealias Completion = (Result<Receipt, NodeError>) -> Void

/// Transactions and queries of the embedding program and of HTTP clients, by ticket.
///
/// A ticket has the highest bit set, so that it is never taken for a session: a slot would have
/// to be used two billion times for that.
struct SubmissionDesk {
    private var completions: [UInt64: Completion] = [:]
    private var nextTicket: UInt64 = 0

    static let ticketBit: UInt64 = 1 << 63

    var hasUnanswered: Bool { !completions.isEmpty }
    var count: Int { completions.count }

    mutating func open(_ completion: @escaping Completion) -> UInt64 {
        nextTicket += 1
        let ticket = Self.ticketBit | nextTicket
        completions[ticket] = completion
        return ticket
    }

    mutating func take(_ ticket: UInt64) -> Completion? { completions.removeValue(forKey: ticket) }

    mutating func failAll(_ error: NodeError) {
        let all = completions.sorted { $0.key < $1.key }
        completions.removeAll()
        for (_, completion) in all { completion(.failure(error)) }
    }
}
