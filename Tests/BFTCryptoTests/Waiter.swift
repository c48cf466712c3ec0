import Glibc

/// Hands one value from one thread to another that waits for it.
final class Waiter<Value: Sendable>: @unchecked Sendable {
    // Safe to share: the semaphore orders the write before the read.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private var value: Value?

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func deliver(_ value: Value) {
        self.value = value
        sem_post(semaphore)
    }

    @discardableResult
    func wait() -> Value {
        while sem_wait(semaphore) != 0 {}
        guard let value else { preconditionFailure("woken without a value") }
        return value
    }
}
