/// Names one session of a host: the slot it stands in and which of that slot's sessions it is.
///
/// An answer that comes for a session that is gone names an older generation, and is dropped
/// instead of going to the client that has the slot now.
public struct SessionID: Hashable, Sendable, CustomStringConvertible {
    /// The generation in the upper, the slot in the lower half.
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public init(slot: UInt32, generation: UInt32) {
        rawValue = UInt64(generation) << 32 | UInt64(slot)
    }

    public var slot: Int { Int(rawValue & 0xFFFF_FFFF) }
    public var generation: UInt32 { UInt32(rawValue >> 32) }
    public var description: String { "s\(slot).\(generation)" }
}

/// What became of a command that a session passed on.
public enum Admission: Equatable, Sendable {
    /// It is on its way. One answer comes.
    case accepted
    /// There is no room now. The session keeps the command, and its host calls `receive` again
    /// when there is.
    case busy
    /// It is not taken. The text is the client's error reply, with a code in front:
    /// `CLUSTERDOWN this node does not vote`, `LOADING …`.
    case refused(String)
}

/// The way from a session to the replicated log.
///
/// Answers come later, through the session's `writeAnswered`, `readAnswered` and `failed`; never
/// from within a call of the gateway. The answers to the writes of one session come in the order
/// in which they were accepted, and so do those to its reads.
public protocol CommandGateway {
    /// Passes on one transaction of `session`: `write` appends at most `limit` bytes, a
    /// `CommandList`, to the buffer that it is given. It is not called unless the answer is
    /// `.accepted`.
    mutating func submit(
        _ session: SessionID, upTo limit: Int, _ write: (inout [UInt8]) -> Void
    ) -> Admission

    /// Asks for a read in the same way. `local`: the client is content with the state of this
    /// node, which may be old. Otherwise the answer is linearizable.
    mutating func read(
        _ session: SessionID, local: Bool, upTo limit: Int, _ write: (inout [UInt8]) -> Void
    ) -> Admission

    /// What `INFO` tells.
    var facts: ServerFacts { get }
}

/// What a node tells its clients about itself in `INFO`.
public struct ServerFacts: Equatable, Sendable {
    public var status: StatusReport
    public var connectedClients: Int
    public var port: UInt16

    public init(status: StatusReport, connectedClients: Int, port: UInt16) {
        self.status = status
        self.connectedClients = connectedClients
        self.port = port
    }
}
