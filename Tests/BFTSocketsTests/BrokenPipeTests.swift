import BFTBase
import BFTTestKit
import Glibc
import Synchronization
import Testing

@testable import BFTSockets

/// Peers that are gone when something is written to them.
@Suite struct BrokenPipeTests {
    @Test("A write to a peer that is gone closes the connection, and no signal ends the process")
    func gone() throws {
        // Whatever else this process has done: the signal would end it.
        signal(SIGPIPE, SIG_DFL)
        try runLoop { loop, held in
            let listener = try TCPListener(loop: loop, host: "127.0.0.1", port: 0) { connection in
                let writing = LoopTimer(loop: loop) {
                    connection.write { $0.append([UInt8](repeating: 1, count: 1_000)) }
                }
                writing.schedule(every: .milliseconds(1))
                connection.onEnd = {}  // Half of the stream is left, as far as anybody knows.
                connection.onClose = { _ in
                    writing.cancel()
                    loop.stop()
                }
                connection.startReading { $0.consume($0.count) }
            }
            held.append(listener)
            try LoopbackConnection(port: listener.boundPort).close()
        }
    }

    @Test("The signal is held back from the thread that writes, and only while it does")
    func held() {
        @Sendable func isHeld() -> Bool {
            var mask = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &mask)
            return sigismember(&mask, SIGPIPE) == 1
        }
        let seen = Mutex<[Bool]>([])
        let thread = TestThread {
            var before = [isHeld()]
            BrokenPipeSignal.hold {
                before.append(isHeld())
                pthread_kill(pthread_self(), SIGPIPE)
            }
            // One that was pending would have ended the process.
            seen.withLock { $0 = before + [isHeld()] }
        }
        thread.join()
        #expect(seen.withLock { $0 } == [false, true, false])
    }

    @Test("What was posted to a loop that nobody ran is done when it is closed, and nothing after")
    func closed() throws {
        let loop = try EventLoop()
        let done = Mutex(0)
        let isPosted = Mutex<[Bool]>([])
        let fired = Mutex(false)
        let timer = LoopTimer(loop: loop) { fired.withLock { $0 = true } }
        timer.schedule(after: .zero)
        let listener = try TCPListener(loop: loop, host: "127.0.0.1", port: 0) { _ in }
        loop.disown()
        #expect(!loop.isOnLoop)
        let post: @Sendable () -> Void = {
            let result = loop.post { done.withLock { $0 += 1 } }
            isPosted.withLock { $0.append(result) }
        }
        post()
        let thread = TestThread {
            post()
            loop.close()
            post()
        }
        thread.join()
        post()
        #expect(isPosted.withLock { $0 } == [true, true, false, false])
        #expect(done.withLock { $0 } == 2 && !fired.withLock { $0 })
        withExtendedLifetime((timer, listener)) {}
    }
}
