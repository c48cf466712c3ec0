/// The open sessions of a host, found by their identifiers in constant time.
public struct SessionSlots<Session> {
    fileprivate struct Slot {
        var generation: UInt32 = 0
        var session: Session?
    }

    public let limit: Int
    public private(set) var count = 0
    private var slots: [Slot] = []
    private var free: [UInt32] = []

    /// - Precondition: `limit` is at least 1.
    public init(limit: Int) {
        precondition(limit > 0, "a host takes at least one session")
        self.limit = limit
    }

    /// Opens a session, or returns `nil` if there are as many as there may be.
    public mutating func open(_ make: (SessionID) -> Session) -> SessionID? {
        guard count < limit else { return nil }
        if free.isEmpty {
            free.append(UInt32(slots.count))
            slots.append(Slot())
        }
        let position = free.removeLast()
        let id = SessionID(slot: position, generation: slots[Int(position)].generation)
        slots[Int(position)].session = make(id)
        count += 1
        return id
    }

    /// Closes a session: from now on its identifier names nothing.
    @discardableResult
    public mutating func close(_ id: SessionID) -> Session? {
        guard let session = self[id] else { return nil }
        slots[id.slot].session = nil
        slots[id.slot].generation &+= 1
        free.append(UInt32(id.slot))
        count -= 1
        return session
    }

    /// Calls `body` with the session in place. Returns `nil` if it is gone.
    public mutating func update<Result>(
        _ id: SessionID, _ body: (inout Session) throws -> Result
    ) rethrows -> Result? {
        guard self[id] != nil else { return nil }
        return try body(&slots[id.slot].session!)
    }

    public subscript(id: SessionID) -> Session? {
        guard id.slot < slots.count, slots[id.slot].generation == id.generation else {
            return nil
        }
        return slots[id.slot].session
    }

    /// The identifiers of the open sessions, by slot.
    public var ids: [SessionID] {
        slots.indices.compactMap { position in
            slots[position].session == nil
                ? nil
                : SessionID(slot: UInt32(position), generation: slots[position].generation)
        }
    }
}

extension SessionSlots.Slot: Sendable where Session: Sendable {}
extension SessionSlots: Sendable where Session: Sendable {}
