import BFTBase

/// Queries on their way to the executor: gathered per turn, held until they may be answered.
struct QueryDesk {
    /// Content with this node's state, however old.
    private var local = QueryBatch()
    /// Gathered in this turn.
    private var open = QueryBatch()
    private var held = Deque<(ticket: UInt64, QueryBatch)>()
    private var lastTicket: UInt64 = 0
    /// What is not answered yet, wherever it is.
    private var unansweredCount = 0
    private var unansweredByteCount = 0

    /// The most queries that may be unanswered, and about the most bytes of them.
    static let limit = 65_536
    static let byteLimit = 64 << 20

    var hasRoom: Bool {
        unansweredCount < Self.limit && unansweredByteCount < Self.byteLimit
    }

    var hasUnanswered: Bool { unansweredCount > 0 }

    mutating func append(_ origin: UInt64, isLocal: Bool, _ write: (inout [UInt8]) -> Void) {
        unansweredByteCount +=
            isLocal ? local.append(origin, write) : open.append(origin, write)
        unansweredCount += 1
    }

    /// The local queries of this turn, to be answered now.
    mutating func takeLocal() -> QueryBatch? {
        guard !local.isEmpty else { return nil }
        defer { local = QueryBatch() }
        return local
    }

    /// The ticket under which the other queries of this turn wait.
    mutating func hold() -> UInt64? {
        guard !open.isEmpty else { return nil }
        lastTicket += 1
        held.append((lastTicket, open))
        open = QueryBatch()
        return lastTicket
    }

    /// The queries that may be answered from the state as it is now.
    mutating func release(upTo ticket: UInt64) -> [QueryBatch] {
        var released: [QueryBatch] = []
        while let first = held.first, first.ticket <= ticket {
            _ = held.popFirst()
            released.append(first.1)
        }
        return released
    }

    /// Notes that so many queries, of so many bytes together, are answered.
    mutating func answered(count: Int, byteCount: Int) {
        unansweredCount -= count
        unansweredByteCount -= byteCount
    }
}
