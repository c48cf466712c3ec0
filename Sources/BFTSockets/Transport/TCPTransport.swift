public import BFTBase
public import BFTCrypto
public import BFTTransport

/// A `NetworkTransport` over TCP: listens, dials, keeps one authenticated, encrypted connection to
/// each validator, and cuts whoever misbehaves without harm to the others.
///
/// Confined to its loop's thread. Messages wait in lanes until the socket takes them, so a peer
/// that reads slowly fills its own lanes and nobody else's; what a turn of the loop queued leaves
/// at its end. A frame is encrypted into the memory that the socket writes from and decrypted in
/// the memory that it reads to.
///
/// Only signing and checking in handshakes leave the loop, for the crypto pool, when they are slow.
public final class TCPTransport: NetworkTransport {
    public weak var delegate: (any NetworkTransportDelegate)?
    /// Called with what the log should say, never from within `send`. Strangers can cause notices,
    /// as fast as inbound handshakes may begin.
    public var onNotice: ((TransportNotice) -> Void)?
    public internal(set) var counters = TransportCounters()
    public let options: TCPTransportOptions
    /// This node's place in the validator set.
    public let ownIndex: ValidatorIndex
    public private(set) var connectedPeers: [ValidatorIndex] = []

    let loop: EventLoop
    let pool: CryptoPool
    let wallClock: () -> Timestamp
    /// By index; `nil` at the own.
    let entries: [PeerEntry?]
    var channels: [PeerChannel] = []
    /// Inbound connections in their handshakes, the oldest first.
    var halfOpen: [PeerChannel] = []
    var handshakes: TokenBucket
    private(set) var isStopped = false
    private var listener: TCPListener?
    private var ticker: LoopTimer?
    private var lastTick: Instant
    private var events = Deque<Event>()
    private var isTelling = false

    enum Event {
        case connected(PeerIdentity)
        case disconnected(PeerIdentity, DisconnectReason)
    }

    /// Listens, and begins to dial on the next turn. `wallClock` says the time of day, which two
    /// nodes compare when they meet.
    ///
    /// - Precondition: called on the loop.
    public init(
        loop: EventLoop, _ options: TCPTransportOptions, pool: CryptoPool,
        wallClock: @escaping () -> Timestamp
    ) throws(SocketError) {
        loop.preconditionOnLoop()
        guard
            let own = options.parameters.validators.index(
                of: options.parameters.ownKey.fingerprint)
        else { preconditionFailure("the own key is no validator's") }
        self.loop = loop
        self.options = options
        self.pool = pool
        self.wallClock = wallClock
        ownIndex = own
        lastTick = loop.now
        handshakes = TokenBucket(options.inboundHandshakes, at: loop.now)
        entries = Self.makeEntries(options, own: own)
        listener = try TCPListener(
            loop: loop, host: options.listen.host, port: options.listen.port,
            options: Self.socketOptions(options)
        ) { [weak self] socket in
            if let self { accept(socket) } else { socket.abort() }
        }
        listener?.onFailure = { [weak self] error in self?.onNotice?(.acceptFailed(error)) }
        let ticker = LoopTimer(loop: loop) { [weak self] in self?.tick() }
        ticker.schedule(every: options.tickInterval)
        self.ticker = ticker
        for case let entry? in entries { dialLater(entry, isFirst: true) }
    }

    deinit {
        for channel in channels { channel.end(inOrder: false) }
        for case let entry? in entries { entry.stopDialling() }
    }

    private static func makeEntries(
        _ options: TCPTransportOptions, own: ValidatorIndex
    ) -> [PeerEntry?] {
        let validators = options.parameters.validators
        let ownFingerprint = options.parameters.ownKey.fingerprint
        var random = SplitMix64(seed: options.seed)
        return (0..<validators.count).map { position in
            let index = ValidatorIndex(position)
            guard index != own, let key = validators[index] else { return nil }
            return PeerEntry(
                index, address: options.peers[index],
                rule: ConnectionRule(own: ownFingerprint, peer: key.fingerprint),
                backoff: ReconnectBackoff(
                    shortest: options.shortestWait, longest: options.longestWait,
                    seed: random.next()))
        }
    }

    static func socketOptions(_ options: TCPTransportOptions) -> TCPOptions {
        var socket = TCPOptions()
        socket.unsentLimit = options.unsentLimit
        return socket
    }

    /// The port that is listened on.
    public var boundPort: UInt16 { listener?.boundPort ?? options.listen.port }

    /// Closes everything in good order: what was queued and fits one write still leaves, each
    /// connected peer is reported as disconnected on the next turn, and then nothing more happens.
    public func stop() {
        loop.preconditionOnLoop()
        guard !isStopped else { return }
        isStopped = true
        listener?.close()
        ticker = nil
        for case let entry? in entries { entry.stopDialling() }
        for channel in channels { cut(channel, .peer(.local)) }
    }

    // MARK: Sending

    public func send(
        _ kind: UInt8, _ payload: [UInt8], lane: Lane, to peer: ValidatorIndex
    ) -> SendOutcome {
        let outcome =
            entry(peer)?.channel?.enqueue(lane, kind: kind, payload) ?? .refused(.notConnected)
        counters.count(outcome, in: lane)
        return outcome
    }

    public func broadcast(
        _ kind: UInt8, _ payload: [UInt8], lane: Lane
    ) -> [(peer: ValidatorIndex, outcome: SendOutcome)] {
        var exceptions: [(peer: ValidatorIndex, outcome: SendOutcome)] = []
        for peer in connectedPeers {
            let outcome = send(kind, payload, lane: lane, to: peer)
            if outcome != .queued { exceptions.append((peer, outcome)) }
        }
        return exceptions
    }

    // MARK: Peers

    public func disconnect(_ peer: ValidatorIndex) {
        guard let entry = entry(peer), entry.isAllowed else { return }
        entry.isAllowed = false
        entry.stopDialling()
        for channel in channels where channel.peer === entry { cut(channel, .peer(.local)) }
    }

    public func allow(_ peer: ValidatorIndex) {
        guard let entry = entry(peer), !entry.isAllowed else { return }
        entry.isAllowed = true
        dialLater(entry, isFirst: true)
    }

    /// The other validators, in the order of the set.
    public var peers: [PeerStatus] {
        entries.compactMap { entry in
            guard let entry else { return nil }
            let channel = entry.channel
            return PeerStatus(
                index: entry.index, isConnected: channel != nil,
                address: channel?.socket.remoteAddress ?? entry.address,
                role: channel?.connection.role, roundTrip: channel?.connection.roundTrip,
                replacedKeys: channel?.connection.replacedKeys)
        }
    }

    func entry(_ index: ValidatorIndex) -> PeerEntry? {
        index.rawValue < entries.count ? entries[index.rawValue] : nil
    }

    func refreshConnectedPeers() {
        connectedPeers = entries.compactMap { $0?.channel == nil ? nil : $0?.index }
    }

    // MARK: Time

    private func tick() {
        let now = loop.now
        let sinceLast = now.since(lastTick)
        lastTick = now
        // After this process was held up, what the peers said meanwhile waits to be read: nobody
        // was silent.
        guard sinceLast < options.tickInterval.scaled(by: 4) else { return }
        for channel in channels where !channel.isOver { channel.tick(at: now) }
    }

    // MARK: Telling

    /// Notes an event, and tells the delegate of it later in this turn.
    func note(_ event: Event) {
        events.append(event)
        if events.count == 1 { loop.runLater { [weak self] in self?.tell() } }
    }

    /// Tells the delegate what it was not told yet.
    func tell() {
        guard !isTelling else { return }
        isTelling = true
        defer { isTelling = false }
        while let event = events.popFirst() {
            switch event {
            case .connected(let peer): delegate?.transport(connected: peer)
            case .disconnected(let peer, let reason):
                delegate?.transport(disconnected: peer, reason: reason)
            }
        }
    }

    func received(_ kind: UInt8, _ payload: RawSpan, lane: Lane, from peer: ValidatorIndex) {
        counters[lane].received += 1
        if !events.isEmpty { tell() }
        delegate?.transport(received: kind, payload, lane: lane, from: peer)
    }
}
