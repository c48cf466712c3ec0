package import BFTBase
import Glibc

/// A value behind a lock, and threads that wait for it to change.
///
/// `Synchronization.Mutex` has no way to wait. The lock and the condition live at fixed addresses,
/// as POSIX demands.
package final class Monitor<Value>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var value: Value

    package init(_ value: sending Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Calls `body` while no other thread is inside.
    package func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&value)
    }

    /// Waits until `isReady`, then calls `body` before any other thread gets inside.
    package func withLock<Result>(
        when isReady: (Value) -> Bool, _ body: (inout Value) -> Result
    ) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isReady(value) { pthread_cond_wait(condition, mutex) }
        return body(&value)
    }

    /// Waits until `isReady`, but no longer than `limit`, and then calls `body`.
    package func withLock<Result>(
        when isReady: (Value) -> Bool, within limit: Interval, _ body: (inout Value) -> Result
    ) -> Result {
        var deadline = timespec()
        clock_gettime(CLOCK_MONOTONIC, &deadline)
        let nanoseconds = UInt64(deadline.tv_nsec) + limit.nanoseconds
        deadline.tv_sec += Int(nanoseconds / 1_000_000_000)
        deadline.tv_nsec = Int(nanoseconds % 1_000_000_000)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while !isReady(value), pthread_cond_timedwait(condition, mutex, &deadline) == 0 {}
        return body(&value)
    }

    /// Wakes the threads that wait, so that they look again.
    package func notify() { pthread_cond_broadcast(condition) }
}
