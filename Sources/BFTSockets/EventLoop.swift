public import BFTBase
import CLibUV
import Glibc
import Synchronization

/// A libuv loop that one thread runs, and a Swift executor that runs jobs on that thread.
///
/// The state of a node is confined to this thread instead of locked. Sockets, timers and
/// `LoopBound` values trap when another thread touches them. Until `run()` is called, the thread
/// that made the loop counts as its thread, so that listeners can be opened before it starts;
/// `disown()` ends that, and `claim()` begins it for another thread.
///
/// A turn goes: sockets in the order libuv finds them, what other threads posted, timers, then
/// jobs, the turn-end hook, and one flush of every connection that was written to. Then the thread
/// blocks until something happens.
///
/// - Invariant E1: the thread blocks only with an empty inbox and with `isLoopBlocking` set, so
///   that whoever posts next wakes it. Posts cost one system call a turn at most.
public final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    /// What other threads hand over.
    private struct Inbox {
        var work: [LoopWork] = []
        var isEnded = false
        /// Whether the loop's thread blocks, or is about to, and nobody has woken it yet.
        var isLoopBlocking = false
    }

    let uv: UnsafeMutablePointer<uv_loop_t>
    /// Readable when other threads have handed something over and the loop's thread blocked.
    ///
    /// Not a `uv_async_t`: its handler spins until the thread that sent the wake-up has finished
    /// sending it, and on a machine with few processors that thread may not even be running. It
    /// took a tenth of a validator's time.
    private let wakeDescriptor: Int32
    private let wake = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
    private let turn = UnsafeMutablePointer<uv_prepare_t>.allocate(capacity: 1)
    private let unblocked = UnsafeMutablePointer<uv_check_t>.allocate(capacity: 1)
    /// Active while work waits for the next turn: keeps the thread from blocking.
    private let busy = UnsafeMutablePointer<uv_idle_t>.allocate(capacity: 1)
    private let owner: Atomic<UInt>
    private let isStopRequested = Atomic<Bool>(false)
    /// A lock of pthreads: the thread sanitizer follows it, as it does not follow `Mutex`, and so
    /// can check the one place where threads meet.
    private let inboxLock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var lockedInbox = Inbox()

    // Touched by the loop's thread only.
    private var local: [LoopWork] = []
    private var spareLocal: [LoopWork] = []
    private var sparePosted: [LoopWork] = []
    private var unflushed: [TCPConnection] = []
    private var undelivered: [TCPConnection] = []
    private var spareConnections: [TCPConnection] = []
    private var turnEnd: (() -> Void)?
    private var isBusy = false
    private var hasRun = false
    private(set) var isEnding = false
    private var hasEnded = false
    var pool = BlockPool()

    /// Jobs may enqueue jobs: after so many generations, sockets have their turn again.
    private static let generationLimit = 8

    /// A loop that does nothing until it is run.
    ///
    /// Fails only if the process has no file descriptors left.
    public init() throws(SocketError) {
        let uv = UnsafeMutablePointer<uv_loop_t>.allocate(capacity: 1)
        let descriptor = bft_eventfd()
        let status = descriptor < 0 ? -errno : uv_loop_init(uv)
        guard status == 0 else {
            if descriptor >= 0 { Glibc.close(descriptor) }
            uv.deallocate()
            wake.deallocate()
            turn.deallocate()
            unblocked.deallocate()
            busy.deallocate()
            inboxLock.deallocate()
            throw SocketError(code: status, host: "", port: 0)
        }
        self.uv = uv
        wakeDescriptor = descriptor
        pthread_mutex_init(inboxLock, nil)
        owner = Atomic(UInt(pthread_self()))
        uv.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        uv_poll_init(uv, wake, descriptor)
        uv_poll_start(wake, Int32(UV_READABLE.rawValue)) { handle, _, _ in
            EventLoop.of(handle?.pointee.loop)?.wakened()
        }
        uv_prepare_init(uv, turn)
        uv_prepare_start(turn) { EventLoop.of($0?.pointee.loop)?.endTurn() }
        uv_check_init(uv, unblocked)
        uv_check_start(unblocked) { EventLoop.of($0?.pointee.loop)?.runPosted() }
        uv_idle_init(uv, busy)
        for handle in internalHandles { handle.pointee.data = nil }
    }

    deinit {
        if !hasRun { close() }
        Glibc.close(wakeDescriptor)
        pthread_mutex_destroy(inboxLock)
        inboxLock.deallocate()
        uv.deallocate()
        wake.deallocate()
        turn.deallocate()
        unblocked.deallocate()
        busy.deallocate()
    }

    private static func of(_ uv: UnsafeMutablePointer<uv_loop_t>?) -> EventLoop? {
        uv.map { Unmanaged<EventLoop>.fromOpaque($0.pointee.data).takeUnretainedValue() }
    }

    private var internalHandles: [UnsafeMutablePointer<uv_handle_t>] {
        [
            HandleOwner.generic(wake), HandleOwner.generic(turn), HandleOwner.generic(unblocked),
            HandleOwner.generic(busy),
        ]
    }

    // MARK: Life

    /// Makes this thread the loop's, before it runs: what belongs to the loop can be prepared on
    /// the thread that is going to run it, if that is not the one that made it.
    ///
    /// - Precondition: no other thread uses the loop any more but to post.
    public func claim() {
        precondition(!hasRun, "a loop that has run belongs to its thread")
        owner.store(UInt(pthread_self()), ordering: .relaxed)
    }

    /// Lets go of the loop, before it runs: it belongs to no thread until one claims or runs it,
    /// and whatever is posted meanwhile, by whichever thread, waits for that.
    ///
    /// - Precondition: called on the loop.
    public func disown() {
        preconditionOnLoop()
        withInbox { $0.work.append(contentsOf: local) }
        local.removeAll()
        owner.store(0, ordering: .relaxed)
    }

    /// Runs the loop on this thread until `stop()`, then closes every connection, listener and
    /// timer and returns. A loop runs once.
    ///
    /// SIGPIPE is held back from this thread meanwhile: a write to a connection that the peer
    /// closed is an error to handle, not a reason to die. The rest of the process is left as it is.
    ///
    /// - Postcondition: libuv holds nothing any more; `uv_loop_close` vouches for it.
    public func run() {
        claim()
        hasRun = true
        BrokenPipeSignal.hold {
            uv_run(uv, UV_RUN_DEFAULT)
            end()
        }
    }

    /// Ends a loop that was not run, on this thread: what was posted to it is done, then everything
    /// that belongs to it is closed. It can't be run any more.
    ///
    /// - Precondition: no other thread uses the loop any more but to post.
    public func close() {
        claim()
        hasRun = true
        BrokenPipeSignal.hold { end() }
    }

    /// Makes `run()` return after the present turn. May be called from any thread, before the
    /// loop runs, and twice.
    public func stop() {
        isStopRequested.store(true, ordering: .relaxed)
        sendWakeUp()
    }

    private func end() {
        runPosted()
        endTurn()
        isEnding = true
        turnEnd = nil
        for handle in internalHandles { uv_unref(handle) }
        // What is told of its end may start something new, which ends in the next round.
        var rounds = 0
        repeat {
            uv_walk(
                uv,
                { handle, _ in
                    HandleOwner.from(handle?.pointee.data, as: HandleOwner.self)?.loopEnds()
                }, nil)
            uv_run(uv, UV_RUN_DEFAULT)
            runPosted()
            runLocal()
            rounds += 1
        } while (uv_loop_alive(uv) != 0 || !local.isEmpty) && rounds < 1_000
        let late = withInbox { inbox in
            inbox.isEnded = true
            defer { inbox.work = [] }
            return inbox.work
        }
        for work in late { perform(work) }
        runLocal()
        hasEnded = true
        (local, unflushed, undelivered) = ([], [], [])
        for handle in internalHandles { uv_close(handle, nil) }
        uv_run(uv, UV_RUN_DEFAULT)
        precondition(uv_loop_close(uv) == 0, "a handle outlives its loop")
    }

    // MARK: Time and place

    /// The monotonic clock, read now. May be called from any thread.
    public var now: Instant { Instant(nanoseconds: uv_hrtime()) }

    /// Whether the calling thread is the loop's.
    public var isOnLoop: Bool { owner.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Traps unless the calling thread is the loop's.
    public func preconditionOnLoop() { precondition(isOnLoop, "off the event loop's thread") }

    // MARK: Work

    /// Runs `work` on the loop's thread, never within this call and after what the same thread
    /// posted before. Only the first post to a thread that blocks wakes it. Says `false`, and
    /// drops `work`, if the loop has ended.
    @discardableResult
    public func post(_ work: @escaping @Sendable () -> Void) -> Bool { hand(over: .call(work)) }

    /// Calls `work` at the end of each turn, before the thread blocks: the place to submit what
    /// the turn gathered. What it writes to connections leaves with the same turn.
    public func setTurnEnd(_ work: @escaping () -> Void) {
        preconditionOnLoop()
        turnEnd = isEnding ? nil : work
    }

    public func enqueue(_ job: consuming ExecutorJob) { hand(over: .job(UnownedJob(job))) }

    /// Jobs of actors and tasks run between the sockets and the turn-end hook. After the loop has
    /// ended they don't run: what awaits the loop must end before it.
    public func checkIsolated() { preconditionOnLoop() }

    public func isIsolatingCurrentContext() -> Bool? { isOnLoop }

    private func withInbox<Result>(_ body: (inout Inbox) -> Result) -> Result {
        pthread_mutex_lock(inboxLock)
        defer { pthread_mutex_unlock(inboxLock) }
        return body(&lockedInbox)
    }

    /// The descriptor lives as long as this object, so a wake-up that comes late hits nothing else.
    private func sendWakeUp() {
        var one: UInt64 = 1
        while write(wakeDescriptor, &one, 8) < 0, errno == EINTR {}
    }

    private func wakened() {
        var count: UInt64 = 0
        while read(wakeDescriptor, &count, 8) < 0, errno == EINTR {}
    }

    /// Wakes the loop if it blocks. Outside the lock: the loop needs it next.
    @discardableResult
    private func hand(over work: LoopWork) -> Bool {
        if isOnLoop {
            guard !hasEnded else { return false }
            local.append(work)
            return true
        }
        let (isTaken, wakes) = withInbox { inbox in
            guard !inbox.isEnded else { return (false, false) }
            inbox.work.append(work)
            defer { inbox.isLoopBlocking = false }
            return (true, inbox.isLoopBlocking)
        }
        if wakes { sendWakeUp() }
        return isTaken
    }

    /// Runs `work` later in this turn or in the next.
    func runLater(_ work: @escaping () -> Void) { local.append(.call(work)) }

    private func perform(_ work: LoopWork) {
        switch work {
        case .call(let call): call()
        case .job(let job):
            job.runSynchronously(
                isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
        }
    }

    /// Runs what other threads posted. Called between sockets and timers, so that a timer never
    /// fires before what was posted ahead of its deadline.
    private func runPosted() {
        var batch: [LoopWork] = []
        swap(&batch, &sparePosted)
        withInbox { inbox in
            inbox.isLoopBlocking = false
            swap(&inbox.work, &batch)
        }
        for work in batch { perform(work) }
        batch.removeAll(keepingCapacity: true)
        swap(&batch, &sparePosted)
    }

    private func runLocal() {
        var generation = 0
        while !local.isEmpty, generation < Self.generationLimit {
            var batch: [LoopWork] = []
            swap(&batch, &spareLocal)
            swap(&batch, &local)
            for work in batch { perform(work) }
            batch.removeAll(keepingCapacity: true)
            swap(&batch, &spareLocal)
            generation += 1
        }
    }

    // MARK: Turns

    func addUnflushed(_ connection: TCPConnection) { unflushed.append(connection) }
    func addUndelivered(_ connection: TCPConnection) { undelivered.append(connection) }

    /// Whether the inbox is empty. If so, whoever posts from now on wakes the loop.
    private func mayBlock() -> Bool {
        withInbox { inbox in
            inbox.isLoopBlocking = inbox.work.isEmpty
            return inbox.work.isEmpty
        }
    }

    private func endTurn() {
        runLocal()
        var waiting: [TCPConnection] = []
        swap(&waiting, &spareConnections)
        swap(&waiting, &undelivered)
        for connection in waiting { connection.deliverAgain() }
        waiting.removeAll(keepingCapacity: true)
        turnEnd?()
        swap(&waiting, &unflushed)
        for connection in waiting { connection.flush() }
        waiting.removeAll(keepingCapacity: true)
        swap(&waiting, &spareConnections)
        if isStopRequested.load(ordering: .relaxed), !isEnding { uv_stop(uv) }
        let isMoreWaiting =
            !local.isEmpty || !unflushed.isEmpty || !undelivered.isEmpty || !mayBlock()
        // The time until the next timer is counted from this reading.
        if !isMoreWaiting { uv_update_time(uv) }
        guard isMoreWaiting != isBusy else { return }
        isBusy = isMoreWaiting
        if isMoreWaiting { uv_idle_start(busy) { _ in } } else { uv_idle_stop(busy) }
    }
}

/// Something to run on the loop. Crosses threads only as a `@Sendable` closure or a job.
private enum LoopWork: @unchecked Sendable {
    case call(() -> Void)
    case job(UnownedJob)
}
