internal import BFTBase
internal import COpenSSL
internal import Glibc

/// Work that several threads do together, a slice each at a time.
protocol SlicedWork: AnyObject, Sendable {
    var sliceCount: Int { get }
    /// What it counts against the limit of the queue.
    var weight: Int { get }
    func run(slice: Int)
}

/// What waits for the crypto threads: urgent jobs, then sliced work in the order of arrival.
final class PoolQueue: @unchecked Sendable {
    // Safe to share: every field but the limit is touched under the lock only.
    private let monitor = Monitor()
    private let limit: Int
    private var urgent = Deque<@Sendable () -> Void>()
    private var sliced = Deque<any SlicedWork>()
    private var nextSlice = 0
    private var slicedWeight = 0
    private var isStopped = false

    init(limit: Int) { self.limit = limit }

    func appendUrgent(_ job: @escaping @Sendable () -> Void) throws(CryptoPoolError) {
        do {
            monitor.lock()
            defer { monitor.unlock() }
            guard !isStopped else { throw .stopped }
            guard urgent.count < limit else { throw .full }
            urgent.append(job)
        }
        // Outside the lock: who wakes needs it next.
        monitor.wakeOne()
    }

    func append(_ work: any SlicedWork) throws(CryptoPoolError) {
        do {
            monitor.lock()
            defer { monitor.unlock() }
            guard !isStopped else { throw .stopped }
            // A batch larger than the limit is taken when nothing else waits: it could never pass.
            guard sliced.isEmpty || slicedWeight + work.weight <= limit else { throw .full }
            slicedWeight += work.weight
            sliced.append(work)
        }
        if work.sliceCount > 1 { monitor.wakeAll() } else { monitor.wakeOne() }
    }

    func stop() {
        monitor.lock()
        defer { monitor.unlock() }
        isStopped = true
        monitor.wakeAll()
    }

    /// Carries out work until the queue is stopped and empty.
    func runUntilStopped() {
        while let job = next() { job() }
    }

    private func next() -> (() -> Void)? {
        monitor.lock()
        defer { monitor.unlock() }
        while true {
            if let job = urgent.popFirst() { return job }
            if let work = sliced.first {
                let slice = nextSlice
                nextSlice += 1
                if nextSlice == work.sliceCount {
                    _ = sliced.popFirst()
                    slicedWeight -= work.weight
                    nextSlice = 0
                }
                return { work.run(slice: slice) }
            }
            if isStopped { return nil }
            monitor.wait()
        }
    }
}

/// A lock and a condition to wait for under it.
private final class Monitor {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func lock() { pthread_mutex_lock(mutex) }
    func unlock() { pthread_mutex_unlock(mutex) }
    func wait() { pthread_cond_wait(condition, mutex) }
    func wakeOne() { pthread_cond_signal(condition) }
    func wakeAll() { pthread_cond_broadcast(condition) }
}

/// A value behind a lock.
final class Guarded<Value>: @unchecked Sendable {
    private let monitor = Monitor()
    private var value: Value

    init(_ value: Value) { self.value = value }

    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        monitor.lock()
        defer { monitor.unlock() }
        return body(&value)
    }
}

/// The threads `bft-crypto-0`, `bft-crypto-1`, … that serve one queue.
final class PoolThreads: Sendable {
    private let running: Guarded<[pthread_t]>

    init(count: Int, queue: PoolQueue) {
        let threads = (0..<count).map { Self.start(name: "bft-crypto-\($0)", queue: queue) }
        running = Guarded(threads)
    }

    private struct Start {
        let name: String
        let queue: PoolQueue
    }

    private final class StartBox {
        let start: Start
        init(_ start: Start) { self.start = start }
    }

    private static func start(name: String, queue: PoolQueue) -> pthread_t {
        let box = Unmanaged.passRetained(StartBox(Start(name: name, queue: queue)))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<StartBox>.fromOpaque(argument).takeRetainedValue().start
                bft_name_this_thread(start.name)
                start.queue.runUntilStopped()
                return nil
            }, box.toOpaque())
        precondition(result == 0, "the system gives no thread: error \(result)")
        return thread
    }

    /// Waits for the threads to end. A thread does not wait for itself: it ends on its own.
    func join() {
        let threads = running.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in threads {
            if pthread_equal(thread, pthread_self()) != 0 {
                pthread_detach(thread)
            } else {
                pthread_join(thread, nil)
            }
        }
    }
}
