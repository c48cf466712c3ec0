import CLibUV

/// Calls a handler on the loop when the process receives a signal, instead of what the system
/// would do. One that nobody holds any more does nothing, and the system's way is back.
public final class SignalSource: HandleOwner {
    private var source: UnsafeMutablePointer<uv_signal_t>?
    private let handler: () -> Void

    /// Calls `handler` for each `signal` (`SIGTERM`, `SIGINT`, `SIGHUP`, …). Signals that arrive
    /// together may be seen as one.
    ///
    /// - Precondition: called on the loop.
    public init(
        loop: EventLoop, signal: Int32, _ handler: @escaping () -> Void
    )
        throws(SocketError)
    {
        loop.preconditionOnLoop()
        self.handler = handler
        super.init(loop: loop)
        guard !loop.isEnding else { return }
        let source = UnsafeMutablePointer<uv_signal_t>.allocate(capacity: 1)
        uv_signal_init(loop.uv, source)
        source.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        self.source = source
        let status = uv_signal_start(
            source,
            { handle, _ in
                HandleOwner.from(handle?.pointee.data, as: SignalSource.self)?.handler()
            }, signal)
        guard status == 0 else {
            let name = String(cString: uv_err_name(status))
            throw .other(code: status, name: "\(name) for signal \(signal)")
        }
    }

    deinit { loopEnds() }

    override func loopEnds() {
        guard let source else { return }
        loop.preconditionOnLoop()
        self.source = nil
        Self.dispose(source)
    }
}
