import BFTBase
import BFTSockets
import BFTTestKit
import Glibc
import Synchronization
import Testing

/// Joins threads when it goes.
private final class Joiner {
    private let threads: [TestThread]
    init(threads: [TestThread]) { self.threads = threads }
    deinit { for thread in threads { thread.join() } }
}

private final class Tally: Sendable {
    let count = Atomic<Int>(0)
}

private actor Counter {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private(set) var count = 0

    init(loop: EventLoop) { self.loop = loop }

    func increment() {
        #expect(loop.isOnLoop)
        count += 1
    }

    func finish(expecting expected: Int) {
        #expect(count == expected)
        loop.stop()
    }
}

@Suite struct EventLoopTests {
    @Test("Work posted by many threads runs on the loop, in the order of each thread")
    func posts() throws {
        let threads = 8
        let posts = 5_000
        try runLoop { loop, held in
            let seen = LoopBound([Int](repeating: 0, count: threads), on: loop)
            let started = (0..<threads).map { thread in
                TestThread {
                    for post in 0..<posts {
                        loop.post {
                            if seen.value[thread] != post { Issue.record("out of order") }
                            seen.value[thread] += 1
                            if seen.value.allSatisfy({ $0 == posts }) { loop.stop() }
                        }
                    }
                }
            }
            held.append(Joiner(threads: started))
        }
    }

    /// Each post comes a moment after the one before it was done: while the loop ends its turn, is
    /// about to block, blocks, or wakes.
    @Test("Whatever a loop is about to do, a post that finds it there is done at once")
    func lonePosts() throws {
        let rounds = 4_000
        try runLoop { loop, held in
            let done = Tally()
            let thread = TestThread {
                var random = SplitMix64(seed: 2)
                for round in 1...rounds {
                    loop.post { done.count.add(1, ordering: .releasing) }
                    let begin = loop.now
                    while done.count.load(ordering: .acquiring) < round {
                        guard loop.now < begin.advanced(by: .seconds(10)) else {
                            Issue.record("post \(round) was forgotten")
                            return loop.stop()
                        }
                        sched_yield()
                    }
                    for _ in 0..<UInt64.random(in: 0..<2_000, using: &random) {
                        _ = done.count.load(ordering: .relaxed)
                    }
                }
                loop.stop()
            }
            held.append(Joiner(threads: [thread]))
        }
    }

    @Test("Timers fire in the order of their deadlines and never before them")
    func timers() throws {
        var random = SplitMix64(seed: 1)
        try runLoop { loop, held in
            var timers: [LoopTimer] = []
            var fired: [UInt64] = []
            let start = loop.now
            for _ in 0..<300 {
                let delay = UInt64.random(in: 0..<60, using: &random)
                let extra = UInt64.random(in: 0..<1_000_000, using: &random)
                let deadline = start.advanced(
                    by: Interval(nanoseconds: delay * 1_000_000 + extra))
                let timer = LoopTimer(loop: loop) {
                    #expect(loop.now >= deadline, "early")
                    fired.append((deadline.nanoseconds + 999_999) / 1_000_000)
                    if fired.count == 300 {
                        #expect(fired == fired.sorted())
                        timers.removeAll()
                        loop.stop()
                    }
                }
                timer.schedule(at: deadline)
                timers.append(timer)
            }
        }
    }

    @Test("A timer is moved later and earlier, cancelled, and stops when nobody holds it")
    func rescheduling() throws {
        try runLoop { loop, held in
            let start = loop.now
            let cancelled = LoopTimer(loop: loop) { Issue.record("fired though cancelled") }
            cancelled.schedule(after: .milliseconds(5))
            cancelled.cancel()
            var dropped: LoopTimer? = LoopTimer(loop: loop) { Issue.record("fired unheld") }
            dropped?.schedule(after: .milliseconds(5))
            #expect(dropped?.isScheduled == true)
            dropped = nil
            var order: [String] = []
            let later = LoopTimer(loop: loop) {
                #expect(loop.now.since(start) >= .milliseconds(40))
                order.append("later")
            }
            later.schedule(after: .milliseconds(5))
            for wait in 6...40 {
                later.schedule(at: start.advanced(by: .milliseconds(UInt64(wait))))
            }
            let earlier = LoopTimer(loop: loop) { order.append("earlier") }
            earlier.schedule(after: .seconds(50))
            earlier.schedule(after: .milliseconds(20))
            var ticks = 0
            var ticking: LoopTimer?
            ticking = LoopTimer(loop: loop) {
                ticks += 1
                #expect(loop.now.since(start) >= .milliseconds(UInt64(ticks) * 10))
                guard ticks == 8 else { return }
                ticking = nil
                #expect(order == ["earlier", "later"])
                loop.stop()
            }
            ticking?.schedule(every: .milliseconds(10))
            held += [cancelled, later, earlier]
        }
    }

    @Test("The turn-end hook runs after the work of the turn, before the loop blocks")
    func turnEnd() throws {
        try runLoop { loop, held in
            var gathered = 0
            var batches: [Int] = []
            loop.setTurnEnd {
                guard gathered > 0 else { return }
                batches.append(gathered)
                gathered = 0
            }
            let bound = LoopBound({ gathered += 1 }, on: loop)
            for _ in 0..<100 { loop.post { bound.value() } }
            let timer = LoopTimer(loop: loop) {
                #expect(batches == [100])
                loop.stop()
            }
            timer.schedule(after: .milliseconds(5))
            held.append(timer)
        }
    }

    @Test("Actors and tasks run on the loop")
    func executor() throws {
        try runLoop { loop, held in
            let counter = Counter(loop: loop)
            // Not on the shared pool of threads, which tests that block may hold for long.
            Task(executorPreference: loop) {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<100 {
                        group.addTask { for _ in 0..<20 { await counter.increment() } }
                    }
                }
                await counter.finish(expecting: 2_000)
            }
            Task(executorPreference: loop) { #expect(loop.isOnLoop) }
        }
    }

    @Test("A bound value is released on its loop, whichever thread lets go of it last")
    func release() throws {
        final class Witness {
            let loop: EventLoop
            init(loop: EventLoop) { self.loop = loop }
            deinit {
                #expect(loop.isOnLoop)
                loop.stop()
            }
        }
        try runLoop { loop, held in
            let shared = Shared(LoopBound(Witness(loop: loop), on: loop))
            held.append(Joiner(threads: [TestThread { shared.drop() }]))
        }
    }

    @Test("Posting after the end says so, and a loop that never ran ends without trace")
    func ended() throws {
        let loop = try EventLoop()
        loop.stop()
        loop.stop()
        loop.run()
        #expect(!loop.post { Issue.record("ran after the end") })
        TestThread { #expect(!loop.post { Issue.record("ran after the end") }) }.join()
        weak var idle: EventLoop?
        do {
            let unused = try EventLoop()
            let timer = LoopTimer(loop: unused) { Issue.record("fired without a loop") }
            timer.schedule(after: .zero)
            idle = unused
        }
        #expect(idle == nil)
    }

    @Test("A signal reaches its handler")
    func signals() throws {
        try runLoop { loop, held in
            var received = 0
            var source: SignalSource?
            source = try SignalSource(loop: loop, signal: SIGUSR2) {
                received += 1
                if received == 3 {
                    source = nil
                    loop.stop()
                } else {
                    kill(getpid(), SIGUSR2)
                }
            }
            withExtendedLifetime(source) {}
            kill(getpid(), SIGUSR2)
        }
        let loop = try EventLoop()
        #expect(throws: SocketError.self) { try SignalSource(loop: loop, signal: SIGKILL) {} }
    }
}
