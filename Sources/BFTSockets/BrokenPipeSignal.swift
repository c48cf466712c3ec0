import Glibc

/// SIGPIPE, which the system sends to a thread that writes to a connection whose peer is gone, and
/// which ends the process unless somebody has said otherwise.
///
/// libuv writes without `MSG_NOSIGNAL`, and a library has no say over the signals of a process. So
/// the signal is held back from the one thread that writes, for as long as it does.
enum BrokenPipeSignal {
    /// Calls `body` with the signal held back from this thread. One that came meanwhile is dropped.
    static func hold<Result>(_ body: () -> Result) -> Result {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        var before = sigset_t()
        pthread_sigmask(SIG_BLOCK, &signals, &before)
        defer {
            // Whoever held it back before decides what becomes of it.
            if sigismember(&before, SIGPIPE) == 0 {
                var atOnce = timespec()
                _ = sigtimedwait(&signals, nil, &atOnce)
                pthread_sigmask(SIG_SETMASK, &before, nil)
            }
        }
        return body()
    }
}
