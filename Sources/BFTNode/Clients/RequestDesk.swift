/// Requests of the embedding program and of HTTP clients that wait for a `Value`, by ticket.
///
/// A ticket has the highest bit set, so that it is never taken for a session: a slot would have
/// to be used two billion times for that.
struct RequestDesk<Value> {
    /// Told once what became of a request.
    typealias Completion = (Result<Value, RequestError>) -> Void

    private var completions: [UInt64: Completion] = [:]
    private var nextTicket: UInt64 = 0

    var hasUnanswered: Bool { !completions.isEmpty }
    var count: Int { completions.count }

    mutating func open(_ completion: @escaping Completion) -> UInt64 {
        nextTicket += 1
        let ticket = Tickets.bit | nextTicket
        completions[ticket] = completion
        return ticket
    }

    mutating func take(_ ticket: UInt64) -> Completion? { completions.removeValue(forKey: ticket) }

    mutating func failAll(_ error: RequestError) {
        let all = completions.sorted { $0.key < $1.key }
        completions.removeAll()
        for (_, completion) in all { completion(.failure(error)) }
    }
}

/// How tickets are told from sessions.
enum Tickets {
    static let bit: UInt64 = 1 << 63

    static func contain(_ origin: UInt64) -> Bool { origin & bit != 0 }
}
