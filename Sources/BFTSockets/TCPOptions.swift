/// What a connection may hold, and when it says so.
public struct TCPOptions: Sendable {
    /// The most bytes that may wait to be consumed: at least the largest message that may arrive.
    public var inputLimit = 1 << 20
    /// The most bytes that may wait to be sent. A peer that reads too slowly for it is dropped.
    public var outputLimit = 64 << 20
    /// `onWritable` is called when the bytes that wait to be sent fall to this number.
    public var lowWater = 64 << 10
    /// The most bytes that the system takes and has not put on the wire yet, or `nil` for as many
    /// as its send buffer holds. What it took can't be overtaken by anything more urgent.
    public var unsentLimit: Int32?

    public init() {}
}

/// Why a connection is closed.
public enum CloseReason: Equatable, Sendable {
    /// The peer ended the stream, and everything written was handed to the system.
    case closedByPeer
    /// `close()` was called, and everything written was handed to the system.
    case closed
    /// `close()` was called, and the peer did not take the rest in time.
    case closeTimedOut
    /// `abort()` was called.
    case aborted
    /// The input limit was reached and the reader consumed nothing.
    case inputLimit
    /// More was written than the output limit allows: a slow reader.
    case outputLimit
    /// The loop ended.
    case loopEnded
    case failed(SocketError)
}
