internal import BFTBase

/// The kinds of frames that a link exchanges. The high half of the number is the form, the low half
/// the lane. 0 is the session's own.
enum FrameKind: Equatable {
    /// A message: its kind, its bytes.
    case whole(Lane)
    /// The start of a message: its kind, its length in 32 bits, its first bytes.
    case first(Lane)
    /// More bytes of the message that the lane began.
    case next(Lane)
    /// "Are you there?", with a number of 32 bits that the answer repeats.
    case ping
    case pong

    var rawValue: UInt8 {
        switch self {
        case .whole(let lane): 0x10 | lane.rawValue
        case .first(let lane): 0x20 | lane.rawValue
        case .next(let lane): 0x30 | lane.rawValue
        case .ping: 0x40
        case .pong: 0x50
        }
    }

    init?(rawValue: UInt8) {
        let lane = Lane(rawValue: rawValue & 0x0F)
        switch (rawValue >> 4, lane) {
        case (1, let lane?): self = .whole(lane)
        case (2, let lane?): self = .first(lane)
        case (3, let lane?): self = .next(lane)
        case (4, .consensus): self = .ping
        case (5, .consensus): self = .pong
        default: return nil
        }
    }

    /// Whether a frame of this kind may have `byteCount` bytes. A fragment is never empty.
    func admits(_ byteCount: Int) -> Bool {
        switch self {
        case .whole: byteCount >= 1
        case .first: byteCount > 5
        case .next: byteCount > 0
        case .ping, .pong: byteCount == 4
        }
    }
}

extension RawSpan {
    /// The byte at `offset`, which the caller has checked.
    func byte(at offset: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The little-endian number of 32 bits at `offset`, which the caller has checked.
    func number(at offset: Int) -> UInt32 {
        unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian
    }
}

/// A message that arrives in fragments.
///
/// Grows as fragments come: the length that the peer names is a bound and allocates nothing.
struct Assembly {
    private var kind: UInt8 = 0
    private var total = 0
    private var bytes: [UInt8] = []
    private(set) var isActive = false

    /// Begins a message, or returns false if one is under way or this one is complete already.
    mutating func begin(_ kind: UInt8, total: Int, _ body: RawSpan) -> Bool {
        guard !isActive, body.byteCount < total else { return false }
        self.kind = kind
        self.total = total
        isActive = true
        extend(by: body)
        return true
    }

    /// Adds a fragment, or returns false if none is expected or it is too long.
    mutating func append(_ body: RawSpan) -> Bool {
        guard isActive, body.byteCount <= total - bytes.count else { return false }
        extend(by: body)
        return true
    }

    /// The message, if all of it is there. The next may begin then.
    mutating func takeComplete() -> (kind: UInt8, bytes: [UInt8])? {
        guard isActive, bytes.count == total else { return nil }
        isActive = false
        defer { bytes = [] }
        return (kind, bytes)
    }

    private mutating func extend(by body: RawSpan) {
        unsafe body.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
}

/// Signs of life, asked for and given.
struct PingState {
    private var counter: UInt32 = 0
    private var askedAt: Instant?
    private var isAskPending = false
    /// The last ping of the peer that was not answered. A flood of pings leaves one answer.
    private var pendingAnswer: UInt32?
    private(set) var roundTrip: Interval?

    var hasPending: Bool { isAskPending || pendingAnswer != nil }

    /// Asks, unless the last question is younger than `again`.
    mutating func ask(at now: Instant, again: Interval) {
        if let askedAt, now.since(askedAt) < again { return }
        askedAt = now
        counter &+= 1
        isAskPending = true
    }

    mutating func received(token: UInt32) { pendingAnswer = token }

    /// Takes an answer. One to an earlier question, or to none, says nothing about the time.
    mutating func returned(token: UInt32, at now: Instant) {
        guard token == counter, let asked = askedAt else { return }
        roundTrip = now.since(asked)
        askedAt = nil
    }

    /// The next frame to send, an answer before a question.
    mutating func nextFrame() -> (FrameKind, token: UInt32)? {
        if let token = pendingAnswer {
            pendingAnswer = nil
            return (.pong, token)
        }
        guard isAskPending else { return nil }
        isAskPending = false
        return (.ping, counter)
    }
}
