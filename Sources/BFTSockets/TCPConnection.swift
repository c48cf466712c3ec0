public import BFTBase
import CLibUV
import Glibc

/// A TCP connection on an event loop.
///
/// Written bytes gather and leave once at the end of the turn. Read bytes are handed over where
/// they were read to. Neither allocates once the loop runs at its pace.
///
/// Handlers are called on the loop. None is called from within a method of this class, except
/// that reading may go on in `startReading`'s handler. A connection lives until it is closed,
/// whether somebody holds it or not; then `onClose` is called, once, and all handlers are let go,
/// so that they may hold the connection.
///
/// - Precondition: every method is called on the loop.
public final class TCPConnection: HandleOwner {
    enum Phase { case connecting, open, closing, closed }

    public let options: TCPOptions
    /// Called when the peer has ended its half of the stream and everything it sent was offered
    /// to the reader. Writing goes on until `close()`. Without this handler the connection closes
    /// by itself once everything written is sent.
    public var onEnd: (() -> Void)?
    /// Called when `queuedBytes` has fallen to the low-water mark after a write raised it above.
    public var onWritable: (() -> Void)?
    /// Called once when the connection is gone.
    public var onClose: ((CloseReason) -> Void)?

    private var tcp: UnsafeMutablePointer<uv_tcp_t>?
    private let writing = UnsafeMutablePointer<uv_write_t>.allocate(capacity: 1)
    private let shutting = UnsafeMutablePointer<uv_shutdown_t>.allocate(capacity: 1)
    private(set) var phase = Phase.connecting
    private var reason = CloseReason.aborted
    private var peer = RawAddress()

    private var onRead: ((inout ByteFIFO) -> Void)?
    /// Whose memory is read to and written from instead of `input` and `output`.
    private var buffers: (any StreamBuffers)?
    private var input: ByteFIFO
    private var isPaused = false
    private var isReading = false
    private var isDelivering = false
    private var isDeliveryDue = false
    private var isYielding = false
    private var isListedForDelivery = false
    private var isEnded = false

    /// What is written gathers here while libuv holds the memory of `sending`.
    private var output = ByteFIFO()
    private var sending = ByteFIFO()
    /// The bytes at the front of `sending` that libuv is writing.
    private var inFlight = 0
    private var isUnflushed = false
    private var isCongested = false
    private var isWritingEnded = false
    private var isShut = false
    private var closeTimer: LoopTimer?

    private static let readBytes = BlockPool.blockBytes
    /// libuv is given so much at a time, so that progress is seen before all is sent.
    private static let sliceBytes = 256 << 10

    // MARK: Making one

    init(loop: EventLoop, options: TCPOptions) {
        loop.preconditionOnLoop()
        self.options = options
        input = ByteFIFO(limit: options.inputLimit)
        super.init(loop: loop)
        let tcp = UnsafeMutablePointer<uv_tcp_t>.allocate(capacity: 1)
        uv_tcp_init(loop.uv, tcp)
        // Balanced in `didClose`.
        tcp.pointee.data = Unmanaged.passRetained(self).toOpaque()
        self.tcp = tcp
    }

    deinit {
        writing.deallocate()
        shutting.deallocate()
    }

    /// Takes over the socket that a listener accepted.
    func adopt(descriptor: Int32, peer: RawAddress) -> Bool {
        guard let tcp, uv_tcp_open(tcp, descriptor) == 0 else { return false }
        didConnect(to: peer)
        return true
    }

    /// The handle, for the attempt to connect.
    var connecting: UnsafeMutablePointer<uv_tcp_t>? { phase == .connecting ? tcp : nil }

    func didConnect(to peer: RawAddress) {
        guard let tcp else { return }
        self.peer = peer
        phase = .open
        uv_tcp_nodelay(tcp, 1)
        var descriptor: Int32 = -1
        guard var limit = options.unsentLimit, uv_fileno(Self.generic(tcp), &descriptor) == 0
        else { return }
        setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &limit,
            socklen_t(MemoryLayout<Int32>.size))
    }

    /// The other end.
    public var remoteAddress: SocketAddress { peer.address }

    /// Whether `close()` and `abort()` were not called yet, nor by the peer's doing.
    public var isOpen: Bool { phase == .open }

    private var stream: UnsafeMutablePointer<uv_stream_t>? {
        tcp.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: uv_stream_t.self) }
    }

    // MARK: Reading

    /// Hands what arrives to `handler`, which consumes what it can and leaves the rest: it is
    /// offered again with what arrives next. Called again, replaces the handler and offers it
    /// what the last one left.
    public func startReading(_ handler: @escaping (inout ByteFIFO) -> Void) {
        guard phase == .open else { return }
        onRead = handler
        resumeReading()
    }

    /// Reads into and writes from the memory of `buffers` from now on, without a copy. Instead of a
    /// reader and `write`; keeps `buffers` until the connection is closed.
    public func attach(_ buffers: any StreamBuffers) {
        guard phase == .open else { return }
        self.buffers = buffers
        resumeReading()
    }

    /// Asks the attached buffers for what is to be sent, at the end of this turn.
    public func requestSending() {
        guard phase == .open, !isWritingEnded else { return }
        listForFlush()
    }

    /// Stops reading: the peer is slowed down by TCP itself.
    public func pauseReading() {
        isPaused = true
        updateReading()
    }

    /// Goes on reading. What the handler had left is offered again before this turn ends.
    public func resumeReading() {
        isPaused = false
        isDeliveryDue = true
        if !isDelivering { listForDelivery() }
    }

    /// Takes nothing more from the peer in this turn of the loop, though there may be more: what
    /// the handler leaves is offered in the next one, and read no further before. For the handler.
    public func yieldReading() { isYielding = true }

    private func listForDelivery() {
        guard phase == .open, !isListedForDelivery else { return }
        isListedForDelivery = true
        loop.addUndelivered(self)
    }

    /// Offers what was left, at the end of a turn.
    func deliverAgain() {
        isListedForDelivery = false
        if isDeliveryDue { deliver() }
    }

    /// Reads while open and not paused, and, to discard, while closing. What was left is offered
    /// before more is read: there may be no room for more.
    private func updateReading() {
        guard let stream else { return }
        let isWanted =
            !isEnded
            && (phase == .closing
                || (phase == .open && !isPaused && !isDeliveryDue && hasReader))
        guard isWanted != isReading else { return }
        isReading = isWanted
        if isWanted { startStream(stream) } else { uv_read_stop(stream) }
    }

    private var hasReader: Bool { onRead != nil || buffers != nil }

    private func startStream(_ stream: UnsafeMutablePointer<uv_stream_t>) {
        uv_read_start(
            stream,
            { handle, _, buffer in
                let connection = HandleOwner.from(handle?.pointee.data, as: TCPConnection.self)
                buffer?.pointee = connection?.provideRoom() ?? uv_buf_t()
            },
            { stream, count, _ in
                HandleOwner.from(stream?.pointee.data, as: TCPConnection.self)?.didRead(count)
            })
    }

    private func provideRoom() -> uv_buf_t {
        let room: UnsafeMutableRawBufferPointer
        if let buffers, phase == .open {
            room = buffers.roomForInput()
        } else {
            input.borrowBlock(from: &loop.pool)
            room = input.room(wanted: Self.readBytes)
        }
        return uv_buf_t(
            base: room.baseAddress?.assumingMemoryBound(to: CChar.self), len: room.count)
    }

    private func didRead(_ count: Int) {
        if count > 0 {
            if let buffers, phase == .open {
                buffers.commitInput(count)
            } else {
                input.commit(count, of: count)
            }
            deliver()
        } else if count < 0, count == Int(UV_EOF.rawValue) {
            didEnd()
        } else if count < 0 {
            destroy(.failed(error(Int32(truncatingIfNeeded: count))))
        } else {
            input.returnBlock(to: &loop.pool)
        }
    }

    private func deliver() {
        isDelivering = true
        repeat {
            isDeliveryDue = false
            guard phase == .open, !isPaused else { break }
            if let buffers {
                buffers.processInput()
            } else if !input.isEmpty {
                onRead?(&input)
            }
        } while isDeliveryDue && !isYielding
        isDelivering = false
        if isYielding {
            (isYielding, isDeliveryDue) = (false, true)
            listForDelivery()
        }
        if phase != .open { input.removeAll() }
        if phase == .open, !isPaused, !isDeliveryDue, input.count >= input.limit {
            return abort(.inputLimit)
        }
        input.returnBlock(to: &loop.pool)
        updateReading()
    }

    private func didEnd() {
        isEnded = true
        isReading = false
        input.returnBlock(to: &loop.pool)
        switch phase {
        case .open: if let onEnd { onEnd() } else { close() }
        case .closing: if queuedBytes == 0 { destroy(reason) }
        case .connecting, .closed: break
        }
    }

    // MARK: Writing

    /// The bytes that were written and that the system has not taken yet.
    public var queuedBytes: Int {
        var count = output.count + (buffers?.bytesToSend().count ?? sending.count)
        if inFlight > 0, let stream {
            count -= inFlight - Int(uv_stream_get_write_queue_size(stream))
        }
        return count
    }

    /// Lets `body` append to what is sent at the end of this turn. Says `false`, without calling
    /// `body`, once the connection is closed or closing.
    ///
    /// `body` must not write to or ask for the queue of the same connection.
    @discardableResult
    public func write(_ body: (inout ByteFIFO) -> Void) -> Bool {
        guard phase == .open, !isWritingEnded else { return false }
        output.borrowBlock(from: &loop.pool)
        output.limit = max(0, options.outputLimit - sending.count)
        body(&output)
        if output.isOverflown {
            abort(.outputLimit)
            return false
        }
        if output.count + sending.count > options.lowWater { isCongested = true }
        listForFlush()
        return true
    }

    private func listForFlush() {
        guard !isUnflushed else { return }
        isUnflushed = true
        loop.addUnflushed(self)
    }

    /// Hands what was written to the system, at the end of a turn.
    func flush() {
        isUnflushed = false
        guard inFlight == 0 else { return }
        send()
        noteQueue()
    }

    private func send() {
        while let stream {
            let rest = nextToSend()
            guard !rest.isEmpty else { return didSendAll() }
            var buffer = Self.buffer(rest)
            let sent = Int(uv_try_write(stream, &buffer, 1))
            if sent > 0 { didSend(sent) }
            if sent == rest.count { continue }
            if sent < 0, sent != Int(UV_EAGAIN.rawValue) {
                return destroy(.failed(error(Int32(truncatingIfNeeded: sent))))
            }
            return sendSlice(of: nextToSend(), stream)
        }
    }

    private func nextToSend() -> UnsafeRawBufferPointer {
        if let buffers { return buffers.bytesToSend() }
        if sending.isEmpty {
            swap(&sending, &output)
            output.returnBlock(to: &loop.pool)
        }
        return sending.readable
    }

    private func didSend(_ count: Int) {
        if let buffers { buffers.commitOutput(count) } else { sending.consume(count) }
    }

    private func sendSlice(
        of rest: UnsafeRawBufferPointer, _ stream: UnsafeMutablePointer<uv_stream_t>
    ) {
        let slice = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.sliceBytes))
        var buffer = Self.buffer(slice)
        writing.pointee.data = UnsafeMutableRawPointer(Unmanaged.passUnretained(self).toOpaque())
        inFlight = slice.count
        let status = uv_write(writing, stream, &buffer, 1) { request, status in
            HandleOwner.from(request?.pointee.data, as: TCPConnection.self)?.didWrite(status)
        }
        guard status == 0 else {
            inFlight = 0
            return destroy(.failed(error(status)))
        }
    }

    private func didWrite(_ status: Int32) {
        let count = inFlight
        inFlight = 0
        guard tcp != nil else { return }
        guard status == 0 else { return destroy(.failed(error(status))) }
        didSend(count)
        send()
        noteQueue()
    }

    private func noteQueue() {
        guard phase == .open else { return }
        guard isCongested, queuedBytes <= options.lowWater else { return }
        isCongested = false
        onWritable?()
    }

    private static func buffer(_ bytes: UnsafeRawBufferPointer) -> uv_buf_t {
        let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
        return uv_buf_t(base: base?.assumingMemoryBound(to: CChar.self), len: bytes.count)
    }

    private func didSendAll() {
        sending.returnBlock(to: &loop.pool)
        if phase == .closing, isEnded { return destroy(reason) }
        guard phase == .closing || isWritingEnded, !isShut, let stream else { return }
        isShut = true
        shutting.pointee.data = UnsafeMutableRawPointer(Unmanaged.passUnretained(self).toOpaque())
        let status = uv_shutdown(shutting, stream) { request, status in
            HandleOwner.from(request?.pointee.data, as: TCPConnection.self)?.didShut(status)
        }
        didShut(status)
    }

    private func didShut(_ status: Int32) {
        guard status != 0, tcp != nil else { return }
        destroy(phase == .closing ? reason : .failed(error(status)))
    }

    // MARK: Closing

    /// Sends what was written and ends this half of the stream. Reading goes on.
    public func endWriting() {
        guard phase == .open, !isWritingEnded else { return }
        isWritingEnded = true
        listForFlush()
    }

    /// Sends what was written, ends this half of the stream and waits for the peer to end its
    /// half; what it still sends is discarded. Closing at once instead would let the system drop
    /// the last bytes on their way. After `deadline` the connection is aborted.
    ///
    /// Harmless when the connection is closed or closing.
    public func close(deadline: Interval = .seconds(5)) {
        guard phase != .closed, phase != .closing else { return }
        loop.preconditionOnLoop()
        guard phase == .open else { return abort() }
        phase = .closing
        reason = isEnded ? .closedByPeer : .closed
        let timer = LoopTimer(loop: loop) { [unowned self] in abort(.closeTimedOut) }
        timer.schedule(after: deadline)
        closeTimer = timer
        updateReading()
        listForFlush()
    }

    /// Drops the connection and what was not sent. Harmless when it is closed.
    public func abort() { abort(.aborted) }

    private func abort(_ reason: CloseReason) { destroy(reason, resetting: true) }

    override func loopEnds() { destroy(.loopEnded) }

    /// Closes the handle. Touches neither queue: a reader or writer may be at work on it.
    private func destroy(_ reason: CloseReason, resetting: Bool = false) {
        guard let tcp else { return }
        loop.preconditionOnLoop()
        self.tcp = nil
        self.reason = reason
        phase = .closed
        closeTimer = nil
        let closed: uv_close_cb = { handle in
            guard let handle else { return }
            let connection = Unmanaged<TCPConnection>.fromOpaque(handle.pointee.data)
            UnsafeMutableRawPointer(handle).deallocate()
            connection.takeRetainedValue().didClose()
        }
        if resetting, uv_tcp_close_reset(tcp, closed) == 0 { return }
        uv_close(Self.generic(tcp), closed)
    }

    private func didClose() {
        input.removeAll()
        output.removeAll()
        sending.removeAll()
        input.returnBlock(to: &loop.pool)
        output.returnBlock(to: &loop.pool)
        sending.returnBlock(to: &loop.pool)
        let handler = onClose
        (onRead, onEnd, onWritable, onClose) = (nil, nil, nil, nil)
        buffers = nil
        handler?(reason)
    }

    private func error(_ code: Int32) -> SocketError {
        let address = remoteAddress
        return SocketError(code: code, host: address.host, port: address.port)
    }
}
