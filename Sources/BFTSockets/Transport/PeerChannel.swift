internal import BFTBase
internal import BFTCrypto
internal import BFTTransport

/// One connection of a transport: a socket, and the `PeerConnection` that reads from and writes to
/// it without a copy.
final class PeerChannel {
    let socket: TCPConnection
    let connection: PeerConnection
    /// The validator that was dialled, or that has proved itself.
    var peer: PeerEntry?
    /// When it became the connection to its peer, and the delegate was told so.
    var connectedAt: Instant?
    /// Whether nothing is taken from it and given to it any more.
    private(set) var isOver = false

    private weak var transport: TCPTransport?
    /// What the socket is sending. The connection seals into its own queue meanwhile.
    private var sending = ByteQueue()
    private let sealedByteCount: Int

    private static let handshakeReadByteCount = 4_096
    private static let readByteCount = 128 << 10

    init(
        _ socket: TCPConnection, _ connection: PeerConnection, dialled: PeerEntry?,
        transport: TCPTransport, sealedByteCount: Int
    ) {
        self.socket = socket
        self.connection = connection
        self.transport = transport
        self.sealedByteCount = sealedByteCount
        peer = dialled
    }

    /// Begins. The socket holds this channel until it is closed.
    func start() {
        socket.onEnd = { [weak self] in self?.fail(.closed) }
        socket.onClose = { [weak self] _ in self?.fail(.closed) }
        socket.attach(self)
        do throws(DisconnectReason) {
            try connection.start()
        } catch {
            return fail(error)
        }
        socket.requestSending()
    }

    /// Ends the connection. In good order, what waits and fits one more write still leaves.
    func end(inOrder: Bool) {
        guard !isOver else { return }
        if inOrder { connection.fillOutgoing(upTo: sealedByteCount) }
        isOver = true
        if inOrder { socket.close(deadline: .seconds(2)) } else { socket.abort() }
    }

    func enqueue(_ lane: Lane, kind: UInt8, _ payload: [UInt8]) -> SendOutcome {
        let outcome = connection.enqueue(lane, kind: kind, payload)
        socket.requestSending()
        return outcome
    }

    func tick(at now: Instant) {
        do throws(DisconnectReason) {
            try connection.tick(at: now)
        } catch {
            return fail(error)
        }
        if connection.hasPending { socket.requestSending() }
    }

    private func fail(_ reason: DisconnectReason) {
        if let transport {
            transport.cut(self, .peer(reason))
        } else {
            end(inOrder: false)
        }
    }
}

// MARK: The socket's memory

extension PeerChannel: StreamBuffers {
    func roomForInput() -> UnsafeMutableRawBufferPointer {
        connection.incoming.reserve(
            connection.peer == nil ? Self.handshakeReadByteCount : Self.readByteCount)
    }

    func commitInput(_ byteCount: Int) {
        connection.incoming.commit(byteCount)
        transport?.counters.bytesReceived += UInt64(byteCount)
    }

    func processInput() {
        guard !isOver else { return }
        advance { () throws(DisconnectReason) in try receive() }
    }

    /// Seals only when all that was sealed before is gone, so that little can't be overtaken.
    func bytesToSend() -> UnsafeRawBufferPointer {
        if sending.isEmpty {
            if !isOver { connection.fillOutgoing(upTo: sealedByteCount) }
            swap(&sending, &connection.outgoing)
        }
        return sending.withBytes { $0.withUnsafeBytes { $0 } }
    }

    func commitOutput(_ byteCount: Int) {
        sending.consume(byteCount)
        transport?.counters.bytesSent += UInt64(byteCount)
    }
}

// MARK: Steps

extension PeerChannel {
    private func receive() throws(DisconnectReason) -> ConnectionStep {
        guard let transport else { return .proceed }
        let start = now
        var isFirst = true
        let isInTurn = { [self] in
            defer { isFirst = false }
            if isFirst || now.since(start) < transport.options.turnLimit { return true }
            socket.yieldReading()
            return false
        }
        return try connection.receive(at: start, while: isInTurn) { lane, kind, payload in
            // The delegate may have cut this very connection.
            guard !isOver, let peer else { return }
            transport.received(kind, payload, lane: lane, from: peer.index)
        }
    }

    private func advance(_ body: () throws(DisconnectReason) -> ConnectionStep) {
        do throws(DisconnectReason) {
            try carryOut(body())
        } catch {
            return fail(error)
        }
        if connection.hasPending { socket.requestSending() }
    }

    private func carryOut(_ first: ConnectionStep) throws(DisconnectReason) {
        var step = first
        while !isOver, let transport {
            switch step {
            case .proceed: return
            case .sign(let request):
                let key = transport.options.signingKey
                let signs = { @Sendable in request.run(key) }
                let isHandedOver = hand(over: signs, cost: key.signCost) {
                    channel, signature throws(DisconnectReason) in
                    try channel.connection.provide(signature: signature, at: channel.now)
                }
                if isHandedOver { return }
                step = try connection.provide(signature: signs(), at: now)
            case .verify(let check):
                let isHandedOver = hand(over: { check.run() }, cost: check.cost) {
                    channel, verdict throws(DisconnectReason) in
                    try channel.connection.provide(verdict: verdict, at: channel.now)
                }
                if isHandedOver { return }
                step = try connection.provide(verdict: check.run(), at: now)
            case .established(let identity):
                guard transport.established(self, identity) else { return }
                step = try receive()
            }
        }
    }

    private var now: Instant { socket.loop.now }

    /// Lets the pool do `job` if it is worth it, and goes on with its result, reading nothing in
    /// between. A pool that takes nothing more leaves the job to this thread: handshakes are few.
    private func hand<Outcome: Sendable>(
        over job: @escaping @Sendable () -> Outcome, cost: Interval,
        _ proceed:
            @escaping @Sendable (PeerChannel, Outcome) throws(DisconnectReason) ->
            ConnectionStep
    ) -> Bool {
        guard let transport, cost > transport.options.costOnLoop else { return false }
        let channel = LoopBound(self, on: socket.loop)
        do throws(CryptoPoolError) {
            try transport.pool.submit {
                let outcome = job()
                channel.loop.post {
                    let channel = channel.value
                    guard !channel.isOver else { return }
                    channel.socket.resumeReading()
                    channel.advance { () throws(DisconnectReason) in
                        try proceed(channel, outcome)
                    }
                }
            }
        } catch {
            return false
        }
        socket.pauseReading()
        return true
    }
}
