public import BFTBase
public import BFTCore

/// One thing that happened in a world, for people to read.
public struct TraceEvent: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case sent
        case received
        case lost
        case signed
        /// A record or a batch became durable.
        case durable
        case timer
        /// The replica went to another view.
        case view
        case committed
        case executed
        case submitted
        case read
        case started
        case powerCut = "power cut"
        case crashed
        case paused
        /// Something else befell a machine: its disk, its clock, its speed.
        case fault
        /// A node does not start.
        case refused
        case split
        case healed
        case accused
        case rejected
        case violation
    }

    public let time: Instant
    public let kind: Kind
    /// The machine on which it happened, if it was one.
    public let node: Int?
    /// The other end, if it is about a message.
    public let peer: Int?
    /// When the message that was sent arrives, or the machine that was suspended goes on.
    public let end: Instant?
    /// What sort of message it is, such as `vote notarize`.
    public let sort: String
    /// What is to be said beside all that.
    public let text: String

    public init(
        _ kind: Kind, at time: Instant, node: Int? = nil, peer: Int? = nil, end: Instant? = nil,
        sort: String = "", text: String = ""
    ) {
        self.time = time
        self.kind = kind
        self.node = node
        self.peer = peer
        self.end = end
        self.sort = sort
        self.text = text
    }

    /// One line: the time in milliseconds, the machine, what happened.
    public var line: String {
        let whole = String(time.nanoseconds / 1_000_000)
        let fraction = String(1_000 + time.nanoseconds / 1_000 % 1_000).dropFirst()
        let indent = String(repeating: " ", count: max(0, 6 - whole.utf8.count))
        let machine = node.map { "v\($0)" } ?? "--"
        let gap = String(repeating: " ", count: max(1, 5 - machine.utf8.count))
        return "\(indent)\(whole).\(fraction) ms  \(machine)\(gap)\(what)"
    }

    /// What happened, without when and where.
    public var what: String {
        let content = [sort, text].filter { !$0.isEmpty }.joined(separator: " ")
        let other = peer.map { "v\($0)" } ?? ""
        return switch kind {
        case .sent: "-> \(other)  \(content)"
        case .received: "<- \(other)  \(content)"
        case .lost: "-x \(other)  \(content)"
        case .violation: "VIOLATION \(content)"
        default: content.isEmpty ? kind.rawValue : "\(kind.rawValue) \(content)"
        }
    }
}

/// Keeps what happened between two instants, up to a number of events.
public struct TraceRecorder: Sendable {
    public private(set) var events: [TraceEvent] = []
    /// How many events there were beyond the limit.
    public private(set) var omittedCount = 0
    public let window: ClosedRange<Instant>
    public let limit: Int
    /// What the protocol calls its votes.
    public var voteNames: [VoteKind: String] = [:]
    /// Is told of each event that is kept, at once: whoever waits for the end of a run may wait in
    /// vain.
    public var listener: (@Sendable (TraceEvent) -> Void)?

    /// - Parameters:
    ///   - window: what happens outside of it is not kept.
    ///   - limit: how many events are kept.
    public init(
        window: ClosedRange<Instant> = Instant(nanoseconds: 0)...Instant(nanoseconds: .max),
        limit: Int = 1_000_000
    ) {
        self.window = window
        self.limit = limit
    }

    mutating func note(_ event: TraceEvent) {
        guard window.contains(event.time) else { return }
        guard events.count < limit else {
            omittedCount += 1
            return
        }
        events.append(event)
        listener?(event)
    }
}
