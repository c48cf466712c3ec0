import BFTBase
import BFTSockets
import Glibc
import Synchronization
import Testing

/// Runs a loop on this thread until it is stopped. One that isn't is a failure, not a hang.
/// What `setup` puts into its array is held until then.
func runLoop(_ setup: (EventLoop, inout [Any]) throws -> Void) throws {
    let loop = try EventLoop()
    let watchdog = LoopTimer(loop: loop) {
        Issue.record("the loop was not stopped")
        loop.stop()
    }
    watchdog.schedule(after: .seconds(60))
    var held: [Any] = [watchdog]
    try setup(loop, &held)
    loop.run()
    held.removeAll()
}

/// A value that several threads take from.
final class Shared<Value: Sendable>: Sendable {
    private let slot: Mutex<Value?>
    init(_ value: Value) { slot = Mutex(value) }
    func drop() { slot.withLock { $0 = nil } }
}

extension Result where Success == TCPConnection, Failure == SocketError {
    /// The connection; a failure is recorded and stops the loop.
    func opened(or loop: EventLoop) -> TCPConnection? {
        switch self {
        case .success(let connection): return connection
        case .failure(let error):
            Issue.record("\(error)")
            loop.stop()
            return nil
        }
    }

    var error: SocketError? {
        if case .failure(let error) = self { error } else { nil }
    }
}
