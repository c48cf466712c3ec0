internal import BFTBase

/// What a message is worth when not everything can be sent at once.
public enum Lane: UInt8, Sendable, CaseIterable {
    /// Votes, proposals, certificates: always first.
    case consensus = 0
    /// Batches of client transactions.
    case batches = 1
    /// Blocks and snapshots for replicas that lag behind.
    case sync = 2
}

/// What happens when a lane has no room for one more message.
public enum LaneOverflow: Sendable, Hashable {
    /// The oldest messages that are not on their way yet make room: newer ones supersede them, or
    /// the peer asks again.
    case dropOldest
    /// The new message is refused: its sender waits until there is room.
    case refuseNewest
}

/// The bounds of one lane, in each direction.
public struct LaneLimits: Sendable, Hashable {
    /// The most messages that wait to be sent.
    public var messageCount: Int
    /// The most bytes of messages that wait to be sent.
    public var byteCount: Int
    /// The largest message, sent or received.
    public var messageByteCount: Int
    public var overflow: LaneOverflow

    public init(
        messageCount: Int, byteCount: Int, messageByteCount: Int, overflow: LaneOverflow
    ) {
        self.messageCount = messageCount
        self.byteCount = byteCount
        self.messageByteCount = messageByteCount
        self.overflow = overflow
    }
}

/// Why a message was not queued.
public enum SendRefusal: Hashable, Sendable {
    case notConnected
    /// Larger than a message of its lane may be.
    case tooLarge(limit: Int)
    case laneFull
}

/// What became of a message that was to be sent.
public enum SendOutcome: Hashable, Sendable {
    case queued
    /// Queued, in place of older messages of these kinds that were dropped.
    case displaced(kinds: [UInt8])
    case refused(SendRefusal)
}

/// The messages of one lane that wait to be sent to one peer.
struct SendLane {
    struct Message {
        let kind: UInt8
        let payload: [UInt8]
    }

    let limits: LaneLimits
    private var messages = Deque<Message>()
    /// The bytes of all messages that wait, those sent of the first included.
    private(set) var byteCount = 0
    /// How much of the first message was sent. Above zero, it can't be dropped.
    private(set) var sentOfFirst = 0

    init(_ limits: LaneLimits) { self.limits = limits }

    var isEmpty: Bool { messages.isEmpty }
    var messageCount: Int { messages.count }
    var first: Message? { messages.first }

    mutating func enqueue(_ message: Message) -> SendOutcome {
        guard message.payload.count <= limits.messageByteCount else {
            return .refused(.tooLarge(limit: limits.messageByteCount))
        }
        var dropped: [UInt8] = []
        while !hasRoom(for: message) {
            guard limits.overflow == .dropOldest, let kind = dropOldest() else {
                return .refused(.laneFull)
            }
            dropped.append(kind)
        }
        messages.append(message)
        byteCount += message.payload.count
        return dropped.isEmpty ? .queued : .displaced(kinds: dropped)
    }

    private func hasRoom(for message: Message) -> Bool {
        messages.count < limits.messageCount
            && byteCount + message.payload.count <= limits.byteCount
    }

    /// Drops the oldest message of which nothing was sent, and returns its kind.
    private mutating func dropOldest() -> UInt8? {
        let begun = sentOfFirst > 0 ? messages.popFirst() : nil
        let dropped = messages.popFirst()
        if let begun { messages.prepend(begun) }
        guard let dropped else { return nil }
        byteCount -= dropped.payload.count
        return dropped.kind
    }

    /// Notes that `count` more bytes of the first message were sent, and lets go of it if these
    /// were all.
    mutating func sent(_ count: Int) {
        guard let first = messages.first else { return }
        sentOfFirst += count
        guard sentOfFirst == first.payload.count else { return }
        _ = messages.popFirst()
        byteCount -= first.payload.count
        sentOfFirst = 0
    }
}
