public import BFTBase
internal import BFTWire

/// The connection to one peer after the handshake, without its socket.
///
/// What is sent waits in lanes; `drain` seals it in the order of the lanes, large messages in
/// fragments, so that a vote waits for one fragment at most. What is received is opened in place
/// and handed on when it is complete. Everything that waits is bounded, and a peer that floods,
/// falls silent or leaves the format is cut: the error that ends a link is a `LinkViolation`.
///
/// The host calls `next` when bytes came, `drain` when its socket takes more, `tick` now and
/// then.
public struct PeerLink: ~Copyable {
    /// How much of a message goes into one frame.
    static let fragmentByteCount = 65_536
    /// Of the lower lanes, batches get this many fragments for each one of sync.
    static let batchesPerSync = 4

    private var session: Session
    private let limits: LinkLimits
    private var lanes: InlineArray<3, SendLane>
    private var assemblies: InlineArray<3, Assembly>
    private var bytesBucket: TokenBucket
    private var framesBucket: TokenBucket
    private var batchesInARow = 0
    private var ping = PingState()
    private var rekeyedAt: Instant
    private var isRekeyDue = false
    /// The bytes at the front of the input that belong to the message handed out last.
    private var handedOut = 0

    /// When the last frame of the peer came.
    public private(set) var lastHeard: Instant

    /// A link over `session`, which the handshake made.
    public init(_ session: consuming Session, limits: LinkLimits, at now: Instant) {
        self.session = session
        self.limits = limits
        lanes = [SendLane(limits.consensus), SendLane(limits.batches), SendLane(limits.sync)]
        assemblies = .init(repeating: Assembly())
        bytesBucket = TokenBucket(limits.receivedBytes, at: now)
        framesBucket = TokenBucket(limits.receivedFrames, at: now)
        lastHeard = now
        rekeyedAt = now
    }

    /// The time that the last ping took to come back, or `nil` before the first did.
    public var roundTrip: Interval? { ping.roundTrip }

    /// How often each side has replaced the key that it sends with.
    public var replacedKeys: KeyReplacements { session.replacedKeys }

    /// The bytes of messages that wait in `lane`.
    public func waitingByteCount(in lane: Lane) -> Int { lanes[Int(lane.rawValue)].byteCount }

    /// The messages that wait in `lane`.
    public func waitingMessageCount(in lane: Lane) -> Int {
        lanes[Int(lane.rawValue)].messageCount
    }

    /// Whether `drain` has something to seal.
    public var hasPending: Bool {
        !lanes[0].isEmpty || !lanes[1].isEmpty || !lanes[2].isEmpty || isRekeyDue
            || ping.hasPending
    }

    /// Queues a message, and says what became of it.
    public mutating func enqueue(_ lane: Lane, kind: UInt8, _ payload: [UInt8]) -> SendOutcome {
        lanes[Int(lane.rawValue)].enqueue(SendLane.Message(kind: kind, payload: payload))
    }
}

// MARK: Sending

extension PeerLink {
    /// Seals what waits, the most urgent first, until `output` holds `byteCount` bytes or more or
    /// nothing waits. Overshoots by one frame at most.
    ///
    /// A small `byteCount` keeps what is sealed, and so can't be overtaken, short.
    public mutating func drain(into output: inout ByteQueue, upTo byteCount: Int) {
        while output.count < byteCount, sealNext(into: &output) {}
    }

    private mutating func sealNext(into output: inout ByteQueue) -> Bool {
        if isRekeyDue {
            isRekeyDue = false
            session.rekey(into: &output)
        } else if let (kind, token) = ping.nextFrame() {
            var header = FrameHeader(kind.rawValue)
            header.append(token)
            session.seal(header, RawSpan(), into: &output)
        } else if let lane = nextLane() {
            sealFragment(of: lane, into: &output)
        } else {
            return false
        }
        return true
    }

    /// The lane whose turn it is: consensus whenever it has something, else batches, else sync; but
    /// a lasting stream of batches leaves every fifth turn to sync, so that replicas that lag
    /// behind are still served.
    private mutating func nextLane() -> Lane? {
        if !lanes[Int(Lane.consensus.rawValue)].isEmpty { return .consensus }
        let hasSync = !lanes[Int(Lane.sync.rawValue)].isEmpty
        let hasBatches = !lanes[Int(Lane.batches.rawValue)].isEmpty
        if hasBatches, !hasSync || batchesInARow < Self.batchesPerSync {
            batchesInARow = hasSync ? batchesInARow + 1 : 0
            return .batches
        }
        batchesInARow = 0
        return hasSync ? .sync : nil
    }

    private mutating func sealFragment(of lane: Lane, into output: inout ByteQueue) {
        let position = Int(lane.rawValue)
        guard let message = lanes[position].first else { return }
        let start = lanes[position].sentOfFirst
        let total = message.payload.count
        let end = min(start + Self.fragmentByteCount, total)
        let kind: FrameKind = start > 0 ? .next(lane) : end == total ? .whole(lane) : .first(lane)
        var header = FrameHeader(kind.rawValue)
        if start == 0 { header.append(message.kind) }
        if case .first = kind { header.append(UInt32(total)) }
        let payload = unsafe message.payload.span.bytes
        session.seal(header, payload.extracting(start..<end), into: &output)
        lanes[position].sent(end - start)
    }
}

// MARK: Receiving

/// A complete message of the peer.
public struct ReceivedMessage: Sendable {
    public let lane: Lane
    public let kind: UInt8
    let content: Content

    enum Content {
        /// Came in one frame, and stands in the queue that it came from.
        case inPlace(Range<Int>)
        /// Came in fragments.
        case assembled([UInt8])
    }

    /// Lends the message's bytes. `input` is the queue that it came from, untouched since.
    public func withPayload<Result>(
        in input: borrowing ByteQueue, _ body: (RawSpan) -> Result
    )
        -> Result
    {
        switch content {
        case .inPlace(let range): input.withBytes { body($0.extracting(range)) }
        case .assembled(let bytes): body(unsafe bytes.span.bytes)
        }
    }
}

extension PeerLink {
    /// The next complete message in `input`, or `nil` when no complete frame is left there.
    ///
    /// `nil`, too, after a frame without a message when `isInTurn` says no: a peer that sends
    /// pings, new keys or fragments takes no more of a turn than one that sends messages.
    ///
    /// A message that came in one frame stays in `input` until the next call. After a violation the
    /// connection must be closed; nothing of the offending frame was handed out.
    public mutating func next(
        _ input: inout ByteQueue, at now: Instant, while isInTurn: () -> Bool = { true }
    ) throws(LinkViolation) -> ReceivedMessage? {
        input.consume(handedOut)
        handedOut = 0
        while let frame = try openFrame(&input) {
            lastHeard = max(lastHeard, now)
            guard bytesBucket.take(UInt64(frame.byteCount), at: now) else { throw .floodOfBytes }
            guard framesBucket.take(1, at: now) else { throw .floodOfFrames }
            let message = try input.withBytes { bytes throws(LinkViolation) in
                try handle(frame, bytes.extracting(frame.payload), at: now)
            }
            if case .inPlace = message?.content {
                handedOut = frame.byteCount
            } else {
                input.consume(frame.byteCount)
            }
            if let message { return message }
            guard isInTurn() else { return nil }
        }
        return nil
    }

    private mutating func openFrame(
        _ input: inout ByteQueue
    ) throws(LinkViolation) -> OpenedFrame? {
        do throws(SessionError) {
            return try session.open(&input)
        } catch {
            throw .session(error)
        }
    }

    private mutating func handle(
        _ frame: OpenedFrame, _ payload: RawSpan, at now: Instant
    ) throws(LinkViolation) -> ReceivedMessage? {
        guard frame.kind != Session.rekeyKind else { return nil }
        guard let kind = FrameKind(rawValue: frame.kind), kind.admits(payload.byteCount) else {
            throw .malformedFrame(kind: frame.kind)
        }
        switch kind {
        case .whole(let lane):
            try check(lane, total: payload.byteCount - 1)
            guard !assemblies[Int(lane.rawValue)].isActive else { throw .strayFragment(lane) }
            let range = frame.payload.lowerBound + 1..<frame.payload.upperBound
            return ReceivedMessage(lane: lane, kind: payload.byte(at: 0), content: .inPlace(range))
        case .first(let lane):
            let total = Int(payload.number(at: 1))
            try check(lane, total: total)
            let body = payload.extracting(droppingFirst: 5)
            let begun = assemblies[Int(lane.rawValue)].begin(
                payload.byte(at: 0), total: total, body)
            guard begun else { throw .strayFragment(lane) }
        case .next(let lane):
            let position = Int(lane.rawValue)
            guard assemblies[position].append(payload) else { throw .strayFragment(lane) }
            guard let (kind, bytes) = assemblies[position].takeComplete() else { return nil }
            return ReceivedMessage(lane: lane, kind: kind, content: .assembled(bytes))
        case .ping: ping.received(token: payload.number(at: 0))
        case .pong: ping.returned(token: payload.number(at: 0), at: now)
        }
        return nil
    }

    private func check(_ lane: Lane, total: Int) throws(LinkViolation) {
        let limit = limits[lane].messageByteCount
        guard total <= limit else { throw .messageTooLarge(lane, limit: limit, found: total) }
    }
}

// MARK: Time

extension PeerLink {
    /// Asks a quiet peer for a sign of life, cuts a silent one, and lets no key grow old. To be
    /// called a few times per ping interval.
    public mutating func tick(at now: Instant) throws(LinkViolation) {
        let silence = now.since(lastHeard)
        guard silence < limits.silenceLimit else { throw .silent(silence) }
        if silence >= limits.pingInterval { ping.ask(at: now, again: limits.pingInterval) }
        if now.since(rekeyedAt) >= limits.rekeyInterval {
            rekeyedAt = now
            isRekeyDue = true
        }
    }
}
