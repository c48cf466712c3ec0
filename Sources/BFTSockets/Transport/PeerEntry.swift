internal import BFTBase
internal import BFTTransport

/// What a transport knows of one other validator: where it is, when to dial it, its connection.
final class PeerEntry {
    let index: ValidatorIndex
    /// Where it is dialled, if at all.
    let address: SocketAddress?
    let rule: ConnectionRule
    /// Whether it may be connected.
    var isAllowed = true
    /// The connection, with the handshake done.
    var channel: PeerChannel?

    // At most one of these at a time: the wait before dialling, the dialling, the handshake.
    var timer: LoopTimer?
    var attempt: ConnectAttempt?
    var dialled: PeerChannel?
    var backoff: ReconnectBackoff

    init(
        _ index: ValidatorIndex, address: SocketAddress?, rule: ConnectionRule,
        backoff: ReconnectBackoff
    ) {
        self.index = index
        self.address = address
        self.rule = rule
        self.backoff = backoff
    }

    /// Whether there is neither a connection nor an attempt at one.
    var isIdle: Bool {
        channel == nil && dialled == nil && attempt == nil && timer?.isScheduled != true
    }

    /// Gives up waiting or dialling, but no handshake: the other side may have decided for it.
    func stopDialling() {
        timer?.cancel()
        let cancelled = attempt
        attempt = nil
        cancelled?.cancel()
    }
}
