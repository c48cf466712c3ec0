import BFTBase

/// Queries on their way to the executor: gathered per turn, held until they may be answered.
struct QueryDesk {
    /// Content with this node's state, however old.
    private var local = QueryBatch()
    /// Gathered in this turn.
    private var open = QueryBatch()
    private var held = Deque<(ticket: UInt64, QueryBatch)>()
    private var lastTicket: UInt64 = 0
    private var waitingCount = 0

    /// The most queries that may wait.
    static let limit = 65_536

    var hasRoom: Bool { waitingCount < Self.limit }

    mutating func append(_ origin: UInt64, isLocal: Bool, _ write: (inout [UInt8]) -> Void) {
        if isLocal { local.append(origin, write) } else { open.append(origin, write) }
        waitingCount += 1
    }

    /// The local queries of this turn, to be answered now.
    mutating func takeLocal() -> QueryBatch? {
        guard !local.isEmpty else { return nil }
        defer { local = QueryBatch() }
        waitingCount -= local.origins.count
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
            waitingCount -= first.1.origins.count
            released.append(first.1)
        }
        return released
    }
}
